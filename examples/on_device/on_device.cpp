// Learning on the device, as the host does it: writes the images and the int8 model that the
// firmware takes, and says what the firmware has to come to.
//
//   example_on_device IMAGES MODEL_HEADER
#include "learning.hpp"

#include <mote/hosted/digits.hpp>
#include <mote/hosted/file.hpp>
#include <mote/hosted/header_export.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace on_device;
using int8_network = mote::quantized<network>;

std::vector<record> draw_records() {
  const auto drawn = mote::hosted::draw_digits(training_images + test_images, 7);
  std::vector<record> records(drawn.labels.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i][0] = drawn.labels[i];
    std::ranges::copy(drawn.image(i), records[i].begin() + 1);
  }
  return records;
}

void print(const char* what, const outcome& result) {
  std::printf("%s: %u of %u right (%u before), weights %u\n", what,
              static_cast<unsigned>(result.correct), static_cast<unsigned>(test_images),
              static_cast<unsigned>(result.correct_before), static_cast<unsigned>(result.checksum));
}

struct int8_model {
  mote::parameters<int8_network> weights{};
  mote::activation_scales<int8_network> scales{};
};

/// The trained network in int8, its ranges seen on some of the images.
std::unique_ptr<int8_model> quantize(const mote::parameters<network>& trained,
                                     const std::vector<record>& records) {
  using calibration = mote::calibration_network<network>;
  auto result = std::make_unique<int8_model>();
  auto weights = std::make_unique<mote::parameters<calibration>>();
  auto memory = std::make_unique<mote::workspace<calibration>>();
  mote::to_calibration(trained, *weights);
  mote::activation_ranges<network> ranges{};
  for (std::size_t i = 0; i < 500; ++i) {
    as_shares(std::span(records[i]).subspan<1>(), memory->input()[0]);
    mote::calibrate<network, mote::isa::generic>(*weights, *memory, ranges);
  }
  result->scales = mote::choose_scales<int8_network>(ranges, {1.0f / 255.0f, -128});
  mote::quantize<int8_network>(*weights, result->scales, result->weights);
  return result;
}

} // namespace

int main(int argc, char** argv) try {
  const auto records = draw_records();
  const auto open = [&] {
    return [&records, at = std::size_t{0}](record& one) mutable { one = records[at++]; };
  };
  const auto run = [](auto step) { step(); };

  const auto learner = std::make_unique<trainer<network>>(optimizer{{.learning_rate = 0.01f}}, 1);
  const auto scratch = from_scratch(*learner, open, run);
  print("from scratch", scratch);

  const auto model = quantize(learner->parameters, records);
  const auto memory = std::make_unique<mote::workspace<int8_network>>();
  const auto infer = [&](std::span<const std::int8_t> codes) {
    std::copy(codes.begin(), codes.end(), memory->input()[0].begin());
    mote::forward(model->weights, *memory);
    return memory->template value<int8_network::size - 1>()[0];
  };
  const auto tuner = std::make_unique<trainer<head>>(optimizer{{.learning_rate = 0.02f}}, 1);
  constexpr std::size_t last = int8_network::size - 1;
  copy_real(mote::get<last>(model->weights), model->scales[last], model->scales[last + 1],
            tuner->parameters);
  const auto tuned = fine_tuned(*tuner, open, infer, model->scales[last], run);
  print("fine-tuned to mirrored images", tuned);

  if (argc > 2) {
    std::string bytes;
    for (const record& one : records) {
      bytes.append(one.begin(), one.end());
    }
    mote::hosted::write_file(argv[1], bytes);
    mote::hosted::header_text text;
    text.name = "features";
    text.comments = {"784-16-10, trained by examples/on_device"};
    mote::hosted::write_file(argv[2], mote::hosted::export_header<network, mote::rounding::twice>(
                                          text, model->weights, model->scales));
  }
  return scratch.correct > test_images * 3 / 4 && tuned.correct > tuned.correct_before + 100 ? 0
                                                                                             : 1;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
