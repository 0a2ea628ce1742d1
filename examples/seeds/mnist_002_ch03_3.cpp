// Text 002, chapter 3: a network that somebody else has trained reads digits: 9352 of 10,000.
//
// The text's predict() loads the biases but does not add them; as written it gets 9311.
#include <mote/hosted/npz.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mnist.hpp"

template <mote::bias Bias>
using network = mote::network<mote::input<784>,                                      //
                              mote::dense<50, mote::initializers::automatic, Bias>,  //
                              mote::sigmoid,                                         //
                              mote::dense<100, mote::initializers::automatic, Bias>, //
                              mote::sigmoid,                                         //
                              mote::dense<10, mote::initializers::automatic, Bias>>;
using as_written = network<mote::bias::none>;
using with_biases = network<mote::bias::learned>;

/// Where the trained weights may be: the folder that the variable MOTE_SEEDS names, or one beside
/// the project.
static std::filesystem::path weight_file() {
  const char* folder = std::getenv("MOTE_SEEDS");
  const bool named = folder != nullptr && *folder != '\0';
  return std::filesystem::path(named ? folder : MOTE_SOURCE_DIR "/../shared/seeds") /
         "sample_weight.npz";
}

/// Fills layer `Index` from the arrays W<number> [inputs][outputs] and b<number>.
template <std::size_t Index, class Net>
static void load(const std::filesystem::path& path, const mote::hosted::numpy_arrays& arrays,
                 const std::string& number, mote::parameters<Net, float>& weights) {
  auto& layer = mote::get<Index>(weights);
  constexpr std::size_t inputs = Net::shapes[Index].size();
  constexpr std::size_t outputs = Net::shapes[Index + 1].size();
  std::vector<float> matrix(inputs * outputs);
  mote::hosted::copy_array(path, arrays, "W" + number, std::span(matrix), {inputs, outputs});
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      layer.weights[o * inputs + i] = matrix[i * outputs + o];
    }
  }
  if constexpr (!mote::is_none<decltype(layer.bias)>) {
    mote::hosted::copy_array(path, arrays, "b" + number, std::span(layer.bias.values), {outputs});
  }
}

/// The text's softmax, of one image.
static std::vector<double> softmax(std::span<const float> logits) {
  float largest = logits[0];
  for (const float logit : logits) {
    largest = logit > largest ? logit : largest;
  }
  std::vector<double> result;
  double sum = 0.0;
  for (const float logit : logits) {
    result.push_back(static_cast<double>(mote::math::exp(logit - largest)));
    sum += result.back();
  }
  for (double& probability : result) {
    probability /= sum;
  }
  return result;
}

/// Reads all test images, `Batch` at a time.
template <class Net, std::size_t Batch>
static void read_digits(const std::string& title, const std::filesystem::path& path,
                        const mote::hosted::numpy_arrays& arrays,
                        const mote::hosted::image_set& images, seeds::golden_series& golden) {
  const auto weights = seeds::or_exit([&] {
    auto loaded = std::make_unique<mote::parameters<Net, float>>();
    load<0>(path, arrays, "1", *loaded);
    load<2>(path, arrays, "2", *loaded);
    load<4>(path, arrays, "3", *loaded);
    return loaded;
  });
  const auto memory = std::make_unique<mote::workspace<Net, float, Batch>>();
  const auto inputs = seeds::scaled<float>(images, images.size());

  std::vector<double> first_logits, first_predictions, correct_of_class(10);
  std::size_t correct = 0;
  for (std::size_t first = 0; first < images.size(); first += Batch) {
    std::copy_n(inputs.data() + first * Net::input.size(), Batch * Net::input.size(),
                memory->input().data);
    const auto output = mote::forward(*weights, *memory);
    for (std::size_t row = 0; row < Batch; ++row) {
      const std::size_t prediction = mote::argmax(output[row]);
      const std::uint8_t label = images.labels[first + row];
      if (prediction == label) {
        ++correct;
        correct_of_class[label] += 1;
      }
      if (first + row < 10) {
        first_predictions.push_back(static_cast<double>(prediction));
      }
    }
    if (first == 0) {
      first_logits.assign(output[0].begin(), output[0].end());
      golden(title + ": softmax of the first image", softmax(output[0]));
    }
  }
  std::printf(
      "%s, %zu at a time: Accuracy:%s, %zu of %zu\n", title.c_str(), Batch,
      seeds::text(static_cast<double>(correct) / static_cast<double>(images.size())).c_str(),
      correct, images.size());
  golden(title + ": correct", {static_cast<double>(correct)});
  golden(title + ": correct of each class", correct_of_class);
  golden(title + ": first predictions", first_predictions);
  golden(title + ": logits of the first image", first_logits);
}

int main(int argc, char** argv) {
  const auto data = seeds::find_mnist();
  if (!data) {
    return 0;
  }
  const auto path = weight_file();
  if (!std::filesystem::exists(path)) {
    std::printf("skipped: there is no %s; the variable MOTE_SEEDS may name its folder\n",
                path.filename().c_str());
    return 0;
  }
  seeds::golden_series golden(seeds::choices(argc, argv));
  std::puts("text 002, chapter 3: reading digits with trained weights");
  const auto arrays = seeds::or_exit([&] { return mote::hosted::read_npz(path); });
  read_digits<as_written, 1>("as written, without biases", path, arrays, data->test, golden);
  read_digits<as_written, 100>("as written, without biases", path, arrays, data->test, golden);
  read_digits<with_biases, 1>("with biases", path, arrays, data->test, golden);
  read_digits<with_biases, 100>("with biases", path, arrays, data->test, golden);
  return golden.result();
}
