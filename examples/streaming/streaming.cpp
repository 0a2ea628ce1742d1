// Samples as they arrive: a recurrent network learns to tell noisy sine, square and sawtooth waves
// apart from 32 samples each, then hears others one sample at a time. With the name of a file, also
// exports itself there for firmware.cpp.
#include "waves.hpp"

#include <mote/hosted/file.hpp>
#include <mote/hosted/header_export.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <numeric>
#include <vector>

namespace {

using trainer = mote::trainer<streaming::network, mote::softmax_cross_entropy, mote::adam<>, 20>;

bool learn_and_listen(const char* header) {
  const streaming::waves train{3'000, 1};
  const auto all = std::make_unique<trainer>(mote::adam<>{.learning_rate = 0.01f}, 1);
  std::vector<std::uint32_t> order(train.size());
  std::iota(order.begin(), order.end(), 0u);
  for (int epoch = 1; epoch <= 10; ++epoch) {
    const auto trained = all->epoch(train, order);
    std::printf("epoch %2d  loss %.3f  train %.1f %%\n", epoch, trained.loss(),
                100.0 * trained.accuracy());
  }

  const auto& held_out = streaming::held_out;
  const auto whole = mote::evaluate(all->parameters, held_out, all->workspace);
  const auto heard = streaming::listen(all->parameters, streaming::head_of(all->parameters));
  std::printf("%zu others, whole: %zu right\n", held_out.size(), whole.correct);
  std::printf("sample by sample: %u right, %u with the same state to the bit, "
              "%zu bytes kept between samples\n",
              heard.correct, heard.same_state, sizeof(streaming::listener));
  if (header != nullptr) {
    const std::filesystem::path file = header;
    mote::hosted::write_file(
        file, mote::hosted::export_header<streaming::network>(
                  {file.stem().string(), {"made by examples/streaming"}, {}}, all->parameters));
  }
  return whole.accuracy() > 0.95 && heard.correct == whole.correct &&
         heard.same_state == held_out.size();
}

} // namespace

int main(int count, char** arguments) {
  try {
    return learn_and_listen(count > 1 ? arguments[1] : nullptr) ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
