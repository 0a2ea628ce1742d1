// Every layer before every activation under every loss, against numerical gradients in double: one
// table, with the largest relative error of each combination.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <span>

#include "catch.hpp"
#include "support.hpp"

namespace {

using namespace mote;

template <class... Types>
struct list {};

/// What the activation is put behind.
struct after_dense {
  static constexpr const char* name = "dense";
  template <class... Layers>
  using network = mote::network<input<3>, dense<4>, Layers...>;
};
struct after_conv2d {
  static constexpr const char* name = "conv2d";
  template <class... Layers>
  using network = mote::network<input<3, 3, 1>, conv2d<2, 2>, Layers...>;
};

struct after_depthwise_conv2d {
  static constexpr const char* name = "depthwise_conv2d";
  template <class... Layers>
  using network = mote::network<input<3, 3, 2>, depthwise_conv2d<2>, Layers...>;
};
struct after_conv1d {
  static constexpr const char* name = "conv1d";
  template <class... Layers>
  using network = mote::network<input<5, 2>, conv1d<2, 3>, Layers...>;
};
struct after_gru {
  static constexpr const char* name = "gru";
  template <class... Layers>
  using network = mote::network<input<3, 2>, gru<3>, Layers...>;
};
struct after_batch_norm {
  static constexpr const char* name = "batch_norm";
  template <class... Layers>
  using network = mote::network<input<3>, dense<3>, batch_norm, Layers...>;
};
struct after_max_pool2d {
  static constexpr const char* name = "max_pool2d";
  template <class... Layers>
  using network = mote::network<input<4, 4, 1>, conv2d<2, 1>, max_pool2d<2>, Layers...>;
};
struct after_avg_pool2d {
  static constexpr const char* name = "avg_pool2d";
  template <class... Layers>
  using network = mote::network<input<4, 4, 1>, conv2d<2, 1>, avg_pool2d<2>, Layers...>;
};
struct after_global_avg_pool {
  static constexpr const char* name = "global_avg_pool";
  template <class... Layers>
  using network = mote::network<input<2, 2, 2>, conv2d<3, 1>, global_avg_pool, Layers...>;
};
struct after_residual {
  static constexpr const char* name = "residual";
  template <class... Layers>
  using network = mote::network<input<3>, residual<dense<2>, projection<dense<2>>>, Layers...>;
};
struct after_concatenate {
  static constexpr const char* name = "concatenate";
  template <class... Layers>
  using network = mote::network<input<3>, concatenate<dense<2>, branch<>>, Layers...>;
};

using layers = list<after_dense, after_conv2d>;
using more_layers =
    list<after_depthwise_conv2d, after_conv1d, after_gru, after_batch_norm, after_max_pool2d,
         after_avg_pool2d, after_global_avg_pool, after_residual, after_concatenate>;
using activations = list<linear, relu, relu6, leaky_relu<>, prelu, mote::sigmoid, mote::tanh,
                         hard_sigmoid, hard_swish, gelu, softmax, step>;
using losses = list<mean_squared_error, sum_squared_error, huber<1, 2>, binary_cross_entropy,
                    softmax_cross_entropy, softmax_cross_entropy_smoothed<10>>;

/// For the further layers, to keep the compiler's work in bounds: one loss of each kind.
using few_losses = list<mean_squared_error, softmax_cross_entropy>;

constexpr std::size_t batch = 2;
constexpr std::size_t outputs = 3;

/// The places where some activation has a kink. Staying away from all of them, whatever the
/// activation, keeps this simple.
constexpr std::array kinks{-3.0, 0.0, 3.0, 6.0};

/// A network with parameters, inputs and targets. They are drawn again until nothing that enters
/// the activation is nearer to a kink than 0.01, while differences reach 1e-5 to either side.
template <class Layers, class Activation>
struct subject {
  using head = typename Layers::template network<linear>;
  using net = typename Layers::template network<Activation, flatten, dense<outputs>>;

  parameters<net, double> weights{};
  tensor<double, batch, net::input.size()> inputs{};
  tensor<double, batch, outputs> targets{};
  workspace<net, double, batch, training_with_input_gradient> memory{};
  gradients<net, double> slopes{};

  subject() {
    support::noise random{17};
    do {
      random.fill(weights);
      if constexpr (requires { get<0>(weights).weights; }) { // beyond 6, too
        random.fill(std::span<double>{get<0>(weights).weights.values}, -3.0, 3.0);
      }
      random.fill(std::span<double>{inputs.values}, -2.0, 2.0);
    } while (!is_away_from_kinks());
    // Each row adds up to 1, as soft targets do.
    targets.values = {0.2, 0.7, 0.1, 0.5, 0.25, 0.25};
  }

  bool is_away_from_kinks() const {
    parameters<head, double> first{};
    for_each_index<head::size - 1>([&](auto index) {
      if constexpr (!is_none<decltype(get<index>(weights))>) {
        get<index>(first) = get<index>(weights);
      }
    });
    workspace<head, double, batch, training> values{};
    random_source random{1};
    std::copy_n(inputs.data(), inputs.size, values.input().data);
    const auto entering = train_forward<isa::generic>(first, values, random).elements();
    return std::all_of(entering.begin(), entering.end(), [](double x) {
      return std::all_of(kinks.begin(), kinks.end(),
                         [&](double kink) { return std::fabs(x - kink) > 0.01; });
    });
  }

  template <class Loss>
  gradient_check check() {
    return check_gradients<Loss>(
        weights, inputs, batch_view<const double, outputs>{targets.data(), batch}, memory, slopes);
  }
};

template <class Layers, class Activation, class... Losses>
void check_row(list<Losses...>) {
  const auto all = std::make_unique<subject<Layers, Activation>>();
  std::printf("| %-16s | %-12s |", Layers::name, Activation::name);
  std::size_t compared = 0;
  const auto check = [&](const char* loss, const gradient_check& worst) {
    INFO(Layers::name << ", " << Activation::name << ", " << loss);
    CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
    CHECK(worst.relative_error < 1e-6);
    compared += worst.compared;
    std::printf(" %.1e |", worst.relative_error);
  };
  (check(Losses::name, all->template check<Losses>()), ...);
  std::printf(" %zu |\n", compared);
}

template <class Layers, class Losses, class... Activations>
void check_rows(list<Activations...>) {
  (check_row<Layers, Activations>(Losses{}), ...);
}

template <class... Layers, class... Losses>
void check_table(list<Layers...>, list<Losses...>) {
  std::printf("\n| layer | activation |");
  (std::printf(" %s |", Losses::name), ...);
  std::printf(" derivatives |\n|---|---|");
  ((static_cast<void>(Losses::name), std::printf("---|")), ...);
  std::printf("---|\n");
  (check_rows<Layers, list<Losses...>>(activations{}), ...);
}

} // namespace

TEST_CASE("gradients of layers, activations and losses in every combination", "[gradients]") {
  check_table(layers{}, losses{});
}

TEST_CASE("gradients of the further layers before every activation", "[gradients]") {
  check_table(more_layers{}, few_losses{});
}
