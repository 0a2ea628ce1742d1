#include <mote/losses/mean_squared_error.hpp>
#include <mote/optimizers/adam.hpp>
#include <mote/optimizers/clipped.hpp>
#include <mote/optimizers/masked.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/training/trainer.hpp>

#include "steps.hpp"

namespace {

using namespace mote;

using net = network<input<3>, dense<2>>;

template <class Optimizer>
void check_single_weight(const Optimizer& optimizer) {
  INFO(Optimizer::name);
  trainer<net, mean_squared_error, Optimizer, 1> all{optimizer, 1};
  get<0>(all.state.frozen).weights[4] = true;
  get<0>(all.state.frozen).bias[1] = true;
  const auto before = all.parameters;
  const std::array<float, 2> targets{1.0f, 2.0f};
  for (int step = 0; step < 3; ++step) {
    std::fill_n(all.workspace.input().data, 3, 0.5f);
    all.step(1, batch_view<const float, 2>{targets.data(), 1});
  }
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK((get<0>(all.parameters).weights[i] == get<0>(before).weights[i]) == (i == 4));
  }
  CHECK(get<0>(all.parameters).bias[0] != 0.0f);
  CHECK(get<0>(all.parameters).bias[1] == 0.0f);
}

} // namespace

TEST_CASE("masked: single weights stay as they are", "[optimizers][masked]") {
  check_single_weight(masked<sgd<>>{{.learning_rate = 0.1f}});
  check_single_weight(masked<momentum_sgd<>>{{.learning_rate = 0.1f}});
  check_single_weight(masked<adam<>>{{.learning_rate = 0.1f}});
  check_single_weight(masked<clipped_by_norm<sgd<>>>{{{.learning_rate = 0.1f}, 0.1f}});
  // A pruned weight is 0 and stays 0, whatever the decay.
  parameters<net> weights{};
  gradients<net> slopes{};
  get<0>(slopes).weights.values.fill(1.0f);
  masked<adam<>>::state<net> state{};
  get<0>(state.frozen).weights[0] = true;
  masked<adam<>>{{.learning_rate = 0.1f, .weight_decay = 0.5f}}.update(weights, slopes, state);
  CHECK(get<0>(weights).weights[0] == 0.0f);
  CHECK(get<0>(weights).weights[1] != 0.0f);
}

TEST_CASE("masked: with nothing frozen it is the optimizer", "[optimizers][masked]") {
  static constexpr masked<sgd<float>> optimizer{{.learning_rate = 0.1f, .weight_decay = 0.2f}};
  static constexpr auto compiled = support::three_steps(optimizer);
  CHECK(support::three_steps(optimizer) == compiled);
  CHECK(support::three_steps(sgd<float>{0.1f, 0.2f}) == compiled);
}
