// Learning on the device: a Cortex-M7 in the emulator, which reads the images from the host one by
// one and comes to the same weights as the host.
#include "learning.hpp"

#include MOTE_MODEL_HEADER

#include "measure.hpp"
#include "semihosting.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

using namespace on_device;

// All the memory there is: plain data of known size. Initial weights are drawn at start-up.
constinit mote::workspace<MOTE_MODEL::network> memory{};
constinit trainer<head> tuner({{.learning_rate = 0.02f}}, 1);
char name[1024];

struct reader {
  firmware::file from{name, firmware::file::mode::read};

  void operator()(record& one) {
    if (from.read(std::as_writable_bytes(std::span(one))) != one.size()) {
      firmware::print("the images end too soon\n");
      firmware::exit(1);
    }
  }
};

constexpr auto open = [] { return reader{}; };

/// The emulator counts the instructions between the two calls.
constexpr auto measured = [](auto step) {
  mote_measure_begin();
  step();
  mote_measure_end();
};

void print(const char* what, const outcome& result, std::size_t bytes) {
  firmware::print(what);
  firmware::print(": ");
  firmware::print(result.correct);
  firmware::print(" of ");
  firmware::print(test_images);
  firmware::print(" right (");
  firmware::print(result.correct_before);
  firmware::print(" before), weights ");
  firmware::print(result.checksum);
  firmware::print("\nbytes of RAM: ");
  firmware::print(static_cast<std::uint32_t>(bytes));
  firmware::print("\n");
}

} // namespace

int main() {
  static trainer<network> learner({{.learning_rate = 0.01f}}, 1);
  if (!firmware::command_line(name)) {
    return 1;
  }
  const auto scratch = from_scratch(learner, open, measured);
  print("from scratch", scratch, sizeof learner);

  constexpr std::size_t last = MOTE_MODEL::network::size - 1;
  copy_real(mote::get<last>(MOTE_MODEL::parameters), MOTE_MODEL::scales[last],
            MOTE_MODEL::scales[last + 1], tuner.parameters);
  const auto infer = [](std::span<const std::int8_t> codes) {
    std::copy(codes.begin(), codes.end(), memory.input()[0].begin());
    mote::forward<MOTE_MODEL>(memory);
    return memory.value<last>()[0];
  };
  const auto tuned = fine_tuned(tuner, open, infer, MOTE_MODEL::scales[last], measured);
  print("fine-tuned to mirrored images", tuned, sizeof tuner + sizeof memory);
  return 0;
}
