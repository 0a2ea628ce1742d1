#include <mote/core/passes.hpp>
#include <mote/core/plan.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/concatenate.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/residual.hpp>
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

  template <class... More>
  static constexpr shape output(const shape& in, const More&...) {
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

/// The same with some layers that take the value of an earlier one, too, or that of the input.
template <std::uint32_t Draw, std::size_t Index>
using drawn_join = std::conditional_t<
    (Draw >> 21) % 2 == 0 || Draw % 4 == 0, drawn_layer<Draw>,
    taking<drawn_layer<Draw>, (Draw >> 22) % 2 == 0 ? Index : (Draw >> 23) % (Index + 1),
           (Draw >> 22) % 2 == 0 ? (Draw >> 23) % (Index + 1) : Index>>;

template <std::uint32_t Seed, class Indices>
struct drawn_graph;

template <std::uint32_t Seed, std::size_t... Index>
struct drawn_graph<Seed, std::index_sequence<Index...>> {
  using type =
      network<input<1 + mixed(Seed) % 19>, drawn_join<mixed(Seed * 100 + Index + 1), Index>...>;
};

template <std::uint32_t Seed>
using graph =
    typename drawn_graph<Seed, std::make_index_sequence<2 + mixed(Seed + 9000) % 9>>::type;

// A network and its plan as run-time values, so that what judges them is compiled once.

struct written_network {
  std::vector<std::size_t> sizes;
  std::vector<detail::layer_traits<2>> traits;

  std::size_t layers() const { return traits.size(); }
  bool is(std::size_t layer, aliasing kind) const { return traits[layer].aliasing == kind; }
};

template <class Net>
written_network write_down() {
  written_network result;
  for (const shape& shape : Net::shapes) {
    result.sizes.push_back(shape.size());
  }
  for (const auto& found : detail::traits_of<Net>()) {
    detail::layer_traits<2> traits{found.aliasing, found.reads_input, found.reads_output,
                                   found.has_parameters, found.source_count};
    std::copy_n(found.sources.begin(), found.source_count, traits.sources.begin());
    result.traits.push_back(traits);
  }
  return result;
}

struct written_plan {
  std::vector<std::size_t> value_offsets;
  std::vector<std::size_t> gradient_offsets;
  std::vector<bool> has_gradient;
  std::vector<std::vector<std::size_t>> source_gradient_offsets;
  std::vector<std::vector<bool>> adds;
  std::size_t size;
  std::size_t lower_bound;
};

template <class Net, class Mode>
written_plan write_plan(std::size_t batch, std::size_t granule) {
  const auto plan = plan_memory<Net, Mode>(batch, granule);
  written_plan result{{plan.value_offsets.begin(), plan.value_offsets.end()},
                      {plan.gradient_offsets.begin(), plan.gradient_offsets.end()},
                      std::vector<bool>(plan.has_gradient.begin(), plan.has_gradient.end()),
                      {},
                      {},
                      plan.size,
                      plan.lower_bound};
  for (std::size_t i = 0; i < Net::size; ++i) {
    const auto& offsets = plan.source_gradient_offsets[i];
    result.source_gradient_offsets.emplace_back(offsets.begin(), offsets.end());
    result.adds.push_back(std::vector<bool>(plan.adds[i].begin(), plan.adds[i].end()));
  }
  return result;
}

/// Runs a network on an arena whose cells hold the names of what was written there last. Where
/// something is read that has been overwritten, or written over what is being read, that is an
/// overlap in the plan. Knows nothing of lifetimes.
class simulation {
public:
  simulation(const written_network& net, const written_plan& plan, std::size_t batch)
      : net_(net), plan_(plan), batch_(batch), cells_(plan.size, 0), value_names_(net.layers() + 1),
        gradient_names_(net.layers() + 1, 0) {}

  bool runs(bool trains) {
    const std::size_t layers = net_.layers();
    value_names_[0] = new_name();
    write(value(0));
    for (std::size_t i = 0; i < layers; ++i) {
      run_forward(i);
    }
    read(value(layers)); // the loss, or the caller
    if (!trains) {
      return good_;
    }
    good_ = good_ && plan_.has_gradient[layers] && !overlap(value(layers), gradient(layers));
    gradient_names_[layers] = new_name();
    write(gradient(layers));
    for (std::size_t i = layers; good_ && i-- > 0;) {
      if (plan_.has_gradient[i + 1]) {
        run_backward(i);
      }
    }
    if (good_ && plan_.has_gradient[0]) {
      read(gradient(0));
    }
    return good_;
  }

private:
  struct piece {
    std::size_t begin;
    std::size_t end;
    std::size_t name;
  };

  std::size_t new_name() { return ++last_name_; }
  piece value(std::size_t i) const {
    return {plan_.value_offsets[i], plan_.value_offsets[i] + net_.sizes[i] * batch_,
            value_names_[i]};
  }
  piece gradient(std::size_t i) const {
    return {plan_.gradient_offsets[i], plan_.gradient_offsets[i] + net_.sizes[i] * batch_,
            gradient_names_[i]};
  }
  static bool overlap(const piece& a, const piece& b) { return a.begin < b.end && b.begin < a.end; }

  void run_forward(std::size_t i) {
    const auto& traits = net_.traits[i];
    std::vector<piece> from;
    for (std::size_t k = 0; k < traits.source_count; ++k) {
      from.push_back(value(traits.sources[k]));
      read(from.back());
    }
    value_names_[i + 1] = net_.is(i, aliasing::view) ? from.front().name : new_name();
    make(i, from, value(i + 1));
  }

  void run_backward(std::size_t i) {
    const auto& traits = net_.traits[i];
    const piece slope = gradient(i + 1);
    read(slope);
    std::vector<piece> needed;
    if (traits.reads_output) {
      needed.push_back(value(i + 1));
    }
    for (std::size_t k = 0; traits.reads_input && k < traits.source_count; ++k) {
      needed.push_back(value(traits.sources[k]));
    }
    for (const piece& one : needed) {
      read(one);
    }
    std::vector<piece> written;
    for (std::size_t k = 0; k < traits.source_count; ++k) {
      const std::size_t source = traits.sources[k];
      if (!plan_.has_gradient[source]) {
        continue;
      }
      const std::size_t begin = plan_.source_gradient_offsets[i][k];
      const piece part{begin, begin + net_.sizes[source] * batch_,
                       net_.is(i, aliasing::view) ? slope.name : new_name()};
      // A layer that writes while it reads must not write over what it reads, nor twice.
      for (const piece& one : needed) {
        good_ = good_ && !overlap(one, part);
      }
      for (const piece& other : written) {
        good_ = good_ && !overlap(other, part);
      }
      make(i, {slope}, part);
      written.push_back(part);
      if (plan_.adds[i][k]) {
        good_ = good_ && gradient_names_[source] != 0 && !overlap(part, gradient(source));
      } else {
        good_ = good_ && gradient_names_[source] == 0 && begin == gradient(source).begin;
        gradient_names_[source] = part.name;
      }
    }
    for (std::size_t k = 0, next = 0; k < traits.source_count; ++k) {
      const std::size_t source = traits.sources[k];
      if (plan_.has_gradient[source]) {
        const piece part = written[next++];
        if (plan_.adds[i][k]) {
          read(part);
          read(gradient(source));
          gradient_names_[source] = new_name();
          write(gradient(source));
        }
      }
    }
  }

  /// Layer `i` makes `to` out of `from`.
  void make(std::size_t i, const std::vector<piece>& from, const piece& to) {
    if (net_.is(i, aliasing::view)) {
      // Nothing is written.
      good_ = good_ && from.front().begin == to.begin && from.front().name == to.name;
      return;
    }
    for (const piece& one : from) {
      const bool in_place = net_.is(i, aliasing::in_place) && one.begin == to.begin;
      good_ = good_ && (in_place || !overlap(one, to));
    }
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
  std::vector<std::size_t> gradient_names_; // 0 as long as nobody has written it
  std::size_t last_name_ = 0;
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

bool is_chain(const written_network& net) {
  for (std::size_t i = 0; i < net.layers(); ++i) {
    if (net.traits[i].source_count != 1 || net.traits[i].sources[0] != i) {
      return false;
    }
  }
  return true;
}

void check_plans(const written_network& net, plan_function for_inference,
                 plan_function for_training, plan_function with_input_gradient) {
  for (const std::size_t batch : {1u, 3u, 8u}) {
    for (const std::size_t granule : {1u, 4u, 16u}) {
      CAPTURE(batch, granule);
      const auto of_inference = for_inference(batch, granule);
      CHECK(simulation(net, of_inference, batch).runs(false));
      if (is_chain(net)) {
        CHECK(of_inference.size == largest_step(net, batch, granule));
        CHECK(of_inference.size == of_inference.lower_bound);
      }
      CHECK(of_inference.size >= of_inference.lower_bound);
      CHECK(all_offsets_are_multiples(of_inference, granule));

      const auto of_training = for_training(batch, granule);
      CHECK(simulation(net, of_training, batch).runs(true));
      CHECK(of_training.size >= of_training.lower_bound);
      CHECK(all_offsets_are_multiples(of_training, granule));

      const auto with_input = with_input_gradient(batch, granule);
      CHECK(with_input.has_gradient[0]);
      CHECK(simulation(net, with_input, batch).runs(true));
      CHECK(all_offsets_are_multiples(with_input, granule));
    }
  }
}

template <class Net, class Mode>
constexpr auto plan_of = plan_memory<Net, Mode>(1, 1);
template <class Net, class Mode>
constexpr auto gradients_of = plan_of<Net, Mode>.has_gradient;

} // namespace

TEST_CASE("no plan lets two things that live at the same time overlap", "[core][plan]") {
  [&]<std::size_t... Seed>(std::index_sequence<Seed...>) {
    const auto check = [&]<class Net>(std::size_t seed, std::type_identity<Net>) {
      CAPTURE(seed);
      check_plans(write_down<Net>(), write_plan<Net, inference>, write_plan<Net, training>,
                  write_plan<Net, training_with_input_gradient>);
    };
    (check(Seed, std::type_identity<chain<static_cast<std::uint32_t>(Seed)>>{}), ...);
    (check(Seed, std::type_identity<graph<static_cast<std::uint32_t>(Seed)>>{}), ...);
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
  CHECK(gradients_of<first_has_parameters, training> == std::array{false, true, true});
  // Most lives on the way back: the input, the hidden values, and the gradients of both outputs.
  CHECK(plan_of<first_has_parameters, training>.size == 100 + 3 + 2 + 3);
  CHECK(gradients_of<first_has_parameters, training_with_input_gradient> ==
        std::array{true, true, true});

  using third_has = network<input<2, 5, 1>, flatten, relu, dense<3>, dense<2>>;
  CHECK(gradients_of<third_has, training> == std::array{false, false, false, true, true});

  using none_has = network<input<4>, relu, sigmoid>;
  CHECK(gradients_of<none_has, training> == std::array{false, false, true}); // the loss writes it

  using one_branch_learns =
      network<input<4>, frozen<dense<4>>, concatenate<frozen<dense<2>>, dense<3>>, dense<2>>;
  CHECK(gradients_of<one_branch_learns, training> ==
        std::array{false, false, false, true, true, true});
}

TEST_CASE("residual networks take no more than must live at once", "[core][plan]") {
  using same_conv = conv2d<4, 3, 1, padding::same>;
  using residual_net =
      network<input<8, 8, 1>, same_conv, relu, residual<same_conv, relu, same_conv>, relu,
              residual<conv2d<8, 3, 2, padding::same>, relu, conv2d<8, 3, 1, padding::same>,
                       projection<conv2d<8, 1, 2>>>,
              relu, global_avg_pool, dense<10>>;
  constexpr auto in_inference = plan_of<inference_network<residual_net>, inference>;
  CHECK(in_inference.size == in_inference.lower_bound);
  CHECK(in_inference.size == 3 * 8 * 8 * 4);
  constexpr auto in_training = plan_of<residual_net, training>;
  CHECK(in_training.size == in_training.lower_bound);

  using inception =
      network<input<8, 8, 2>,
              concatenate<conv2d<3, 1>, branch<conv2d<2, 1>, relu, same_conv>, branch<>>, flatten,
              dense<10>>;
  constexpr auto branched = plan_of<inference_network<inception>, inference>;
  CHECK(branched.size == branched.lower_bound);
  constexpr auto branched_training = plan_of<inception, training>;
  CHECK(branched_training.size == branched_training.lower_bound);
}

TEST_CASE("a plain network's training takes no more than must live at once", "[core][plan]") {
  using net =
      network<input<28, 28, 1>, flatten, dense<64>, relu, dropout<20>, dense<32>, relu, dense<10>>;
  constexpr auto plan = plan_of<net, training>;
  CHECK(plan.size == plan.lower_bound);
}
