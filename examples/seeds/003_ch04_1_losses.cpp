// Text 003, chapter 4: two losses of a good and of a bad answer. A loss is a struct with a function
// `evaluate`; these two are as the text defines them.
#include <mote/mote.hpp>

#include <array>
#include <cstddef>

#include "check.hpp"
#include "cross_entropy.hpp"
#include "numpy_sum.hpp"

/// Half the sum of (y - t)^2.
struct mean_squared_error {
  static constexpr const char* name = "mean squared error";

  template <std::size_t Size>
  static double evaluate(mote::batch_view<const double, Size> y,
                         mote::batch_view<const double, Size> t) {
    std::array<double, Size> squares;
    for (std::size_t i = 0; i < Size; ++i) {
      const double difference = y[0][i] - t[0][i];
      squares[i] = difference * difference;
    }
    return 0.5 * seeds::numpy_sum(squares);
  }
};

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 003, chapter 4: losses");

  // The right answer is 2; the first guess says so, the second says 7.
  constexpr std::array<double, 10> target{0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
  constexpr std::array<double, 10> right{0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0};
  constexpr std::array<double, 10> wrong{0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0};

  const auto view = [](const auto& y) { return mote::batch_view<const double, 10>{y.data(), 1}; };
  const auto show = [&](const char* name, double loss) {
    seeds::print(name, loss);
    golden(name, loss);
  };
  show("mean squared error, right", mean_squared_error::evaluate(view(right), view(target)));
  show("mean squared error, wrong", mean_squared_error::evaluate(view(wrong), view(target)));
  show("cross-entropy, right", seeds::cross_entropy::evaluate(view(right), view(target)));
  show("cross-entropy, wrong", seeds::cross_entropy::evaluate(view(wrong), view(target)));
  return golden.result();
}
