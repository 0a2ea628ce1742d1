#include <mote/core/plan.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/sigmoid.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// A layer of which the plan sees all that it looks at.
template <aliasing Aliasing, bool ReadsInput, bool ReadsOutput, bool HasParameters,
          std::size_t Units>
struct any_layer : layer {
  static constexpr mote::aliasing aliasing = Aliasing;
  static constexpr bool backward_reads_input = ReadsInput;
  static constexpr bool backward_reads_output = ReadsOutput;

  struct one_number {
    tensor<float> number;
  };
  template <shape, class>
  using parameters = std::conditional_t<HasParameters, one_number, none>;

  static constexpr shape output(const shape& in) {
    return Aliasing == mote::aliasing::none ? shape{Units} : in;
  }
};

/// Mixes a number well enough to draw chains by (the finalizer of MurmurHash3).
constexpr std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85eb'ca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2'ae35u;
  return x ^ (x >> 16);
}

template <std::uint32_t Draw>
using drawn_layer = any_layer<Draw % 4 == 0   ? aliasing::view
                              : Draw % 4 == 1 ? aliasing::in_place
                                              : aliasing::none,
                              (Draw >> 8) % 2 == 0, (Draw >> 9) % 2 == 0, (Draw >> 10) % 4 != 0,
                              1 + (Draw >> 16) % 23>;

template <std::uint32_t Seed, class Indices>
struct drawn_network;

template <std::uint32_t Seed, std::size_t... Index>
struct drawn_network<Seed, std::index_sequence<Index...>> {
  using type = network<input<1 + mixed(Seed) % 19>, drawn_layer<mixed(Seed * 100 + Index + 1)>...>;
};

/// A chain of one to eight layers.
template <std::uint32_t Seed>
using chain =
    typename drawn_network<Seed, std::make_index_sequence<1 + mixed(Seed + 7000) % 8>>::type;

// A network and its plan as run-time values, so that what judges them is compiled once.

struct written_network {
  std::vector<std::size_t> sizes;
  std::vector<detail::layer_traits> traits;

  std::size_t layers() const { return traits.size(); }
  bool is(std::size_t layer, aliasing kind) const { return traits[layer].aliasing == kind; }
};

template <class Net>
written_network write_down() {
  written_network result;
  for (const shape& shape : Net::shapes) {
    result.sizes.push_back(shape.size());
  }
  const auto traits = detail::traits_of<Net>();
  result.traits.assign(traits.begin(), traits.end());
  return result;
}

struct written_plan {
  std::vector<std::size_t> value_offsets;
  std::vector<std::size_t> gradient_offsets;
  std::size_t first_gradient;
  std::size_t size;
  std::size_t lower_bound;
};

template <class Net, class Mode>
written_plan write_plan(std::size_t batch, std::size_t granule) {
  const auto plan = plan_memory<Net, Mode>(batch, granule);
  return {{plan.value_offsets.begin(), plan.value_offsets.end()},
          {plan.gradient_offsets.begin(), plan.gradient_offsets.end()},
          plan.first_gradient,
          plan.size,
          plan.lower_bound};
}

/// Runs a network on an arena whose cells hold the names of what was written there last. Where
/// something is read that has been overwritten, or written over what is being read, that is an
/// overlap in the plan. Knows nothing of lifetimes.
class simulation {
public:
  simulation(const written_network& net, const written_plan& plan, std::size_t batch)
      : net_(net), plan_(plan), batch_(batch), cells_(plan.size, 0), value_names_(net.layers() + 1),
        gradient_names_(net.layers() + 1) {
    // What layers that are views hand on keeps its name.
    std::size_t name = 1;
    for (std::size_t i = 0; i <= net.layers(); ++i) {
      name = i > 0 && net.is(i - 1, aliasing::view) ? name : name + 1;
      value_names_[i] = name;
    }
    for (std::size_t i = net.layers() + 1; i-- > 0;) {
      name = i < net.layers() && net.is(i, aliasing::view) ? name : name + 1;
      gradient_names_[i] = name;
    }
  }

  bool runs(bool trains) {
    const std::size_t layers = net_.layers();
    write(value(0));
    for (std::size_t i = 0; i < layers; ++i) {
      read(value(i));
      move(i, value(i), value(i + 1));
    }
    read(value(layers)); // the loss, or the caller
    if (!trains) {
      return good_;
    }
    good_ = good_ && plan_.first_gradient <= layers;
    good_ = good_ && !overlap(value(layers), gradient(layers));
    write(gradient(layers));
    for (std::size_t i = layers; good_ && i-- > 0;) {
      if (i + 1 < plan_.first_gradient) {
        continue;
      }
      const auto& traits = net_.traits[i];
      read(gradient(i + 1));
      if (traits.reads_input) {
        read(value(i));
      }
      if (traits.reads_output) {
        read(value(i + 1));
      }
      if (i >= plan_.first_gradient) {
        // A layer that writes while it reads must not write over what it reads.
        good_ = good_ && !(traits.reads_input && overlap(value(i), gradient(i)));
        good_ = good_ && !(traits.reads_output && overlap(value(i + 1), gradient(i)));
        move(i, gradient(i + 1), gradient(i));
      }
    }
    read(gradient(plan_.first_gradient));
    return good_;
  }

private:
  struct piece {
    std::size_t begin;
    std::size_t end;
    std::size_t name;
  };

  piece value(std::size_t i) const {
    return {plan_.value_offsets[i], plan_.value_offsets[i] + net_.sizes[i] * batch_,
            value_names_[i]};
  }
  piece gradient(std::size_t i) const {
    return {plan_.gradient_offsets[i], plan_.gradient_offsets[i] + net_.sizes[i] * batch_,
            gradient_names_[i]};
  }
  static bool overlap(const piece& a, const piece& b) { return a.begin < b.end && b.begin < a.end; }

  /// Layer `i` makes `to` out of `from`.
  void move(std::size_t i, const piece& from, const piece& to) {
    if (net_.is(i, aliasing::view)) {
      good_ = good_ && from.begin == to.begin && from.name == to.name; // nothing is written
      return;
    }
    const bool in_place = net_.is(i, aliasing::in_place) && from.begin == to.begin;
    good_ = good_ && (in_place || !overlap(from, to));
    write(to);
  }
  void write(const piece& to) {
    good_ = good_ && to.end <= cells_.size();
    for (std::size_t cell = to.begin; good_ && cell < to.end; ++cell) {
      cells_[cell] = to.name;
    }
  }
  void read(const piece& from) {
    good_ = good_ && from.end <= cells_.size();
    for (std::size_t cell = from.begin; good_ && cell < from.end; ++cell) {
      good_ = cells_[cell] == from.name;
    }
  }

  written_network net_;
  written_plan plan_;
  std::size_t batch_;
  std::vector<std::size_t> cells_;
  std::vector<std::size_t> value_names_;
  std::vector<std::size_t> gradient_names_;
  bool good_ = true;
};

std::size_t rounded_up(std::size_t size, std::size_t granule) {
  return (size + granule - 1) / granule * granule;
}

/// In inference: the largest input and output of one layer, which both live while it runs.
std::size_t largest_step(const written_network& net, std::size_t batch, std::size_t granule) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < net.layers(); ++i) {
    const auto in = rounded_up(net.sizes[i] * batch, granule);
    const auto out = rounded_up(net.sizes[i + 1] * batch, granule);
    largest = std::max(largest, net.is(i, aliasing::none) ? in + out : in);
  }
  return largest;
}

bool all_offsets_are_multiples(const written_plan& plan, std::size_t granule) {
  const auto is_multiple = [&](std::size_t offset) { return offset % granule == 0; };
  return std::all_of(plan.value_offsets.begin(), plan.value_offsets.end(), is_multiple) &&
         std::all_of(plan.gradient_offsets.begin(), plan.gradient_offsets.end(), is_multiple);
}

using plan_function = written_plan (*)(std::size_t batch, std::size_t granule);

void check_plans(const written_network& net, plan_function for_inference,
                 plan_function for_training, plan_function with_input_gradient) {
  for (const std::size_t batch : {1u, 3u, 8u}) {
    for (const std::size_t granule : {1u, 4u, 16u}) {
      CAPTURE(batch, granule);
      const auto of_inference = for_inference(batch, granule);
      CHECK(simulation(net, of_inference, batch).runs(false));
      CHECK(of_inference.size == largest_step(net, batch, granule));
      CHECK(of_inference.size == of_inference.lower_bound);
      CHECK(all_offsets_are_multiples(of_inference, granule));

      const auto of_training = for_training(batch, granule);
      CHECK(simulation(net, of_training, batch).runs(true));
      CHECK(of_training.size >= of_training.lower_bound);
      CHECK(all_offsets_are_multiples(of_training, granule));

      const auto with_input = with_input_gradient(batch, granule);
      CHECK(with_input.first_gradient == 0);
      CHECK(simulation(net, with_input, batch).runs(true));
      CHECK(all_offsets_are_multiples(with_input, granule));
    }
  }
}

template <class Net, class Mode>
constexpr auto plan_of = plan_memory<Net, Mode>(1, 1);

} // namespace

TEST_CASE("no plan lets two things that live at the same time overlap", "[core][plan]") {
  [&]<std::size_t... Seed>(std::index_sequence<Seed...>) {
    const auto check = [&]<class Net>(std::size_t seed, std::type_identity<Net>) {
      CAPTURE(seed);
      check_plans(write_down<Net>(), write_plan<Net, inference>, write_plan<Net, training>,
                  write_plan<Net, training_with_input_gradient>);
    };
    (check(Seed, std::type_identity<chain<static_cast<std::uint32_t>(Seed)>>{}), ...);
  }
  (std::make_index_sequence<32>{});
}

TEST_CASE("the simulation sees a plan that is wrong", "[core][plan]") {
  using net = network<input<4>, dense<4>, relu, dense<4>>;
  const auto written = write_down<net>();
  auto plan = write_plan<net, training>(1, 1);
  REQUIRE(simulation(written, plan, 1).runs(true));
  SECTION("an output over its input") {
    plan.value_offsets[3] = plan.value_offsets[2] + 1;
    CHECK_FALSE(simulation(written, plan, 1).runs(true));
  }
  SECTION("a gradient over an activation that is still to be read") {
    plan.gradient_offsets[2] = plan.value_offsets[0];
    CHECK_FALSE(simulation(written, plan, 1).runs(true));
  }
  SECTION("an arena too small") {
    plan.size -= 1;
    CHECK_FALSE(simulation(written, plan, 1).runs(true));
  }
}

TEST_CASE("inference works in place and keeps nothing", "[core][plan]") {
  using net = network<input<2, 3, 1>, flatten, relu, dense<5>, sigmoid, dropout<20>, dense<2>>;
  constexpr auto plan = plan_of<net, inference>;
  CHECK(plan.value_offsets[1] == plan.value_offsets[0]); // a view
  CHECK(plan.value_offsets[2] == plan.value_offsets[1]); // in place
  CHECK(plan.value_offsets[4] == plan.value_offsets[3]);
  CHECK(plan.value_offsets[5] == plan.value_offsets[4]);
  CHECK(plan.size == 6 + 5);
}

TEST_CASE("two ends of the arena alternate", "[core][plan]") {
  using net = network<input<10>, dense<3>, dense<8>, dense<2>>;
  constexpr auto plan = plan_of<net, inference>;
  CHECK(plan.value_offsets == std::array<std::size_t, 4>{0, 10, 0, 11});
  CHECK(plan.size == 13);
}

TEST_CASE("training keeps what the way back reads", "[core][plan]") {
  SECTION("relu reads its output only, so it may overwrite its input") {
    constexpr auto plan = plan_of<network<input<4>, dense<5>, relu, dense<3>>, training>;
    CHECK(plan.value_offsets[1] == plan.value_offsets[2]);
    CHECK(plan.value_offsets[0] != plan.value_offsets[1]);
  }
  SECTION("dropout must not overwrite the output of a relu") {
    constexpr auto plan =
        plan_of<network<input<4>, dense<5>, relu, dropout<20>, dense<3>>, training>;
    CHECK(plan.value_offsets[1] == plan.value_offsets[2]);
    CHECK(plan.value_offsets[3] != plan.value_offsets[2]);
  }
  SECTION("before the relu dropout works in place") {
    constexpr auto plan =
        plan_of<network<input<4>, dense<5>, dropout<20>, relu, dense<3>>, training>;
    CHECK(plan.value_offsets[1] == plan.value_offsets[2]);
    CHECK(plan.value_offsets[2] == plan.value_offsets[3]);
  }
  SECTION("what a view shows is kept as long as the view") {
    // flatten shows relu's output, which relu's way back reads; the second relu may not touch it.
    constexpr auto plan = plan_of<network<input<2, 2, 1>, relu, flatten, relu>, training>;
    CHECK(plan.value_offsets[2] == plan.value_offsets[1]);
    CHECK(plan.value_offsets[3] != plan.value_offsets[2]);
  }
}

TEST_CASE("gradients that nobody needs have no memory", "[core][plan]") {
  using first_has_parameters = network<input<100>, dense<3>, dense<2>>;
  CHECK(plan_of<first_has_parameters, training>.first_gradient == 1);
  // Most lives on the way back: the input, the hidden values, and the gradients of both outputs.
  CHECK(plan_of<first_has_parameters, training>.size == 100 + 3 + 2 + 3);
  CHECK(plan_of<first_has_parameters, training_with_input_gradient>.first_gradient == 0);

  using third_has = network<input<2, 5, 1>, flatten, relu, dense<3>, dense<2>>;
  CHECK(plan_of<third_has, training>.first_gradient == 3);

  using none_has = network<input<4>, relu, sigmoid>;
  CHECK(plan_of<none_has, training>.first_gradient == 2);
}

TEST_CASE("a plain network's training takes no more than must live at once", "[core][plan]") {
  using net =
      network<input<28, 28, 1>, flatten, dense<64>, relu, dropout<20>, dense<32>, relu, dense<10>>;
  constexpr auto plan = plan_of<net, training>;
  CHECK(plan.size == plan.lower_bound);
}
