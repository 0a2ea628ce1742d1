// The generator of the teaching texts against draws of NumPy itself.
#include "../../examples/seeds/numpy_random.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <span>
#include <vector>

#include "../catch.hpp"

namespace {

using seeds::numpy_random;

nlohmann::json samples() {
  std::ifstream file(MOTE_SOURCE_DIR "/tests/golden/seeds/rng-mt19937.json");
  return nlohmann::json::parse(file);
}

/// As many draws as NumPy's list has, from a fresh generator.
template <class Draw>
auto as_many(const nlohmann::json& list, Draw draw) {
  numpy_random generator(1);
  std::vector<decltype(draw(generator))> drawn;
  while (drawn.size() < list.size()) {
    drawn.push_back(draw(generator));
  }
  return drawn;
}

} // namespace

TEST_CASE("words, uniform and normal numbers are NumPy's to the last digit") {
  const auto golden = samples();
  const auto same = [&](const char* name, auto draw) {
    const auto drawn = as_many(golden.at(name), draw);
    CHECK(drawn.size() >= 7);
    CHECK(drawn == golden.at(name).get<std::remove_const_t<decltype(drawn)>>());
  };
  same("words", [](numpy_random& generator) { return generator.word(); });
  same("random", [](numpy_random& generator) { return generator.random(); });
  same("randn", [](numpy_random& generator) { return generator.randn(); });
  same("randint_2", [](numpy_random& generator) { return generator.randint(0, 2); });
  same("choice_60000", [](numpy_random& generator) { return generator.randint(60000); });
}

TEST_CASE("choices, shuffles and permutations are NumPy's") {
  const auto golden = samples();
  const auto chosen = golden.at("choice_60000").get<std::vector<std::size_t>>();
  CHECK(numpy_random(1).choice(60000, chosen.size()) == chosen);

  const auto shuffled = golden.at("shuffle_20").get<std::vector<std::size_t>>();
  CHECK(numpy_random(1).permutation(20) == shuffled);
  std::vector<std::uint16_t> items(20);
  std::iota(items.begin(), items.end(), std::uint16_t{100});
  numpy_random(1).shuffle(std::span{items});
  for (std::size_t i = 0; i < items.size(); ++i) {
    CHECK(items[i] == 100 + shuffled[i]);
  }
}

TEST_CASE("different draws take their words from one stream") {
  const auto golden = samples().at("mixed");
  numpy_random generator(1);
  for (int i = 0; i < 3; ++i) {
    generator.random();
  }
  for (const auto& expected : golden.at("randint_2")) {
    CHECK(generator.randint(0, 2) == expected.get<std::uint32_t>());
  }
  CHECK(generator.random() == golden.at("random").get<double>());
}

TEST_CASE("scaled draws and draws without a choice") {
  numpy_random scaled(1);
  numpy_random plain(1);
  CHECK(scaled.uniform(-0.1, 0.1) == -0.1 + (0.1 - -0.1) * plain.random());
  CHECK(scaled.normal(2.0, 3.0) == 2.0 + 3.0 * plain.randn());
  CHECK(scaled.normal(2.0, 3.0) == 2.0 + 3.0 * plain.randn());
  CHECK(scaled.randint(7, 8) == 7); // takes no word
  CHECK(scaled.word() == plain.word());
  CHECK(scaled.permutation(0).empty());
  CHECK(scaled.permutation(1) == std::vector<std::size_t>{0});
  CHECK(scaled.word() == plain.word());
}
