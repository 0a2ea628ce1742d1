#include <mote/layers/batch_norm.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/penalized.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/optimizers/adagrad.hpp>
#include <mote/optimizers/fused_update.hpp>
#include <mote/optimizers/rmsprop.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/training/trainer.hpp>

#include <array>
#include <cstddef>
#include <memory>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

constexpr std::size_t batch = 4;

/// The parameters after steps on a full and on a shorter batch.
template <class Net, class Optimizer, class T, class Isa>
constexpr auto trained(const Optimizer& optimizer, auto& all) {
  std::array<T, batch * Net::output.size()> targets{};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i] = static_cast<T>(i % 3) / T{3};
  }
  all.optimizer = optimizer;
  for (const std::size_t rows : {batch, batch, std::size_t{3}}) {
    auto x = all.workspace.input(rows).elements();
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<T>((i * 7) % 11) / T{11} - T(0.4);
    }
    all.step(rows, batch_view<const T, Net::output.size()>{targets.data(), rows});
  }
  return all.parameters;
}

template <class Net, class Optimizer, class T, class Isa = isa::generic>
constexpr auto trained(const Optimizer& optimizer) {
  trainer<Net, mean_squared_error, Optimizer, batch, T, Isa> all{optimizer, 5};
  return trained<Net, Optimizer, T, Isa>(optimizer, all);
}

/// With the plain loops the sums are the same and so is everything; else they are nearly.
template <class Net, class Optimizer>
void check_same(const Optimizer& optimizer) {
  const auto alone = trained<Net, Optimizer, double>(optimizer);
  const auto fused = trained<Net, fused_update<Optimizer>, double>({optimizer});
  CHECK(support::same_parameters<Net>(alone, fused));
  const auto native = trained<Net, fused_update<Optimizer>, double, isa::native>({optimizer});
  visit_tensors<Net>(
      [](auto, const field& description, const auto& a, const auto& b) {
        INFO(description.name);
        for (std::size_t i = 0; i < a.size; ++i) {
          CHECK(support::close(a[i], b[i], 1e-12));
        }
      },
      alone, native);
}

template <class Net>
void check_network() {
  check_same<Net>(sgd<double>{0.1, 0.01});
  check_same<Net>(momentum_sgd<double>{0.1, 0.9, 0.01});
  check_same<Net>(momentum_sgd<double>{0.1, 0.8, 0.0, true});
}

using all_dense = network<input<5>, dense<7>, mote::tanh, dense<1>, relu, dense<3>>;
using mixed = network<input<5, 5, 1>, conv2d<2, 3>, batch_norm, relu, flatten, frozen<dense<6>>,
                      mote::tanh, penalized<dense<5>, l1<1, 50>, l2<1, 10>>, dense<2>>;
using pools = network<input<6, 7, 1>, frozen<conv2d<2, 2>>, relu, conv2d<3, 2>, relu, max_pool2d<2>,
                      flatten, dense<2>>;

} // namespace

TEST_CASE("fused_update: the weights are those of the optimizer", "[optimizers][fused_update]") {
  check_network<all_dense>();
  check_network<mixed>();
  check_network<pools>();
  // Not `mixed`: before a normalization the gradient of a bias is nothing but rounding, which these
  // divide by its own size.
  check_same<all_dense>(adagrad<double>{0.1, 0.01});
  check_same<all_dense>(rmsprop<double>{0.01, 0.01});
}

TEST_CASE("fused_update: dense layers need no memory for gradients", "[optimizers][fused_update]") {
  using plain = trainer<all_dense, mean_squared_error, sgd<>, batch>;
  using in_one = trainer<all_dense, mean_squared_error, fused_update<sgd<>>, batch>;
  static_assert(sizeof(plain) - sizeof(in_one) >= sizeof(parameters<all_dense>));
  static_assert(is_none<decltype(in_one::gradients)>);
  // Those of other layers have to be kept until they are used.
  using other = trainer<mixed, mean_squared_error, fused_update<sgd<>>, batch>;
  static_assert(!is_none<decltype(other::gradients)>);
}

TEST_CASE("fused_update: a compiler trains so too", "[optimizers][fused_update]") {
  using net = network<input<2>, dense<2>>;
  constexpr auto compiled =
      trained<net, fused_update<sgd<float>>, float, isa::native>({{.learning_rate = 0.1f}});
  const auto alone = trained<net, sgd<float>, float>({.learning_rate = 0.1f});
  CHECK(support::same_parameters<net>(alone, compiled));
}
