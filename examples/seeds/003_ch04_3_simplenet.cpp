// Text 003, chapter 4: the gradient of a small network, one layer and softmax, by numerical
// differentiation; and the same by backpropagation, which needs one pass instead of twelve.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "check.hpp"
#include "cross_entropy.hpp"
#include "matrix.hpp"
#include "numerical_gradient.hpp"
#include "numpy_random.hpp"

using layer = mote::dense<3, mote::initializers::automatic, mote::bias::none>;
using simple_net = mote::network<mote::input<2>, layer, mote::softmax>;
using logits_only = mote::network<mote::input<2>, layer>;

static void differentiate(const std::string& which, const mote::tensor<double, 2, 3>& w,
                          seeds::golden& golden) {
  constexpr std::array x{0.6, 0.9};
  constexpr std::array<double, 3> t{0, 0, 1};
  constexpr std::uint8_t label = 2;
  const auto show = [&](const char* name, const auto& value) {
    seeds::print(which, name, value);
    golden(which + " " + name, value);
  };
  show("W", w.values);

  mote::parameters<simple_net, double> weights;
  mote::get<0>(weights).weights = seeds::transposed(w);
  mote::workspace<simple_net, double> memory;
  const auto loss = [&](auto&& observer) {
    std::ranges::copy(x, memory.input()[0].begin());
    const auto y = mote::forward<mote::isa::generic>(weights, memory, 1, observer);
    return seeds::cross_entropy::evaluate(y, mote::batch_view<const double, 3>{t.data(), 1});
  };
  const double at_w = loss([&](std::size_t index, auto output) {
    show(index == 0 ? "prediction" : "softmax", output[0]);
    if (index == 0) {
      show("argmax", static_cast<double>(mote::argmax(output[0])));
    }
  });
  show("loss", at_w);

  mote::gradients<simple_net, double> slopes;
  seeds::numerical_gradient(
      weights, [&] { return loss(mote::no_observer{}); }, slopes);
  show("dW, numeric", seeds::transposed(mote::get<0>(slopes).weights).values);

  // The library's loss takes logits and has no 1e-7 in its logarithm.
  mote::parameters<logits_only, double> same;
  mote::get<0>(same).weights = mote::get<0>(weights).weights;
  mote::gradients<logits_only, double> exact;
  mote::workspace<logits_only, double, 1, mote::training> trained;
  mote::random_source random(0);
  std::ranges::copy(x, trained.input()[0].begin());
  const auto logits = mote::train_forward<mote::isa::generic>(same, trained, random);
  const double without = mote::softmax_cross_entropy::evaluate(
      logits, std::span<const std::uint8_t>(&label, 1), trained.output_gradient());
  mote::backward<mote::isa::generic>(same, trained, exact);
  show("loss without 1e-7", without);
  show("dW, analytic", seeds::transposed(mote::get<0>(exact).weights).values);
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 003, chapter 4: gradient of a small network");

  differentiate("book",
                {{{0.47355232, 0.9977393, 0.84668094, //
                   0.85557411, 0.03563661, 0.69422093}}},
                golden);

  seeds::numpy_random random(1); // np.random.seed(1); np.random.randn(2, 3)
  mote::tensor<double, 2, 3> w;
  for (double& element : w.values) {
    element = random.randn();
  }
  differentiate("seed 1", w, golden);
  return golden.result();
}
