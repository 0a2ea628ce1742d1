// Text 000, chapter 10: a convolution, 16 kernels of 3 x 3 whose weights are the same everywhere on
// the image: 87.74 % after 300 iterations, 40.23 % after the 12 that the text prints.
//
// The text's loops leave out the last row and column of positions (25 x 25 of 26 x 26), so the
// network gets images of 27 x 27. Only whole batches of 128 are used, 896 of the 1000 images, but
// hits are divided by 1000. The slope is divided by the batch twice, hence the learning rate of 2.
// And the kernels are moved the wrong way, up the slope: `--corrected` moves them down and gets
// 85.64 % after 101 iterations.
#include "mnist_000.hpp"

using network =
    mote::network<mote::input<27, 27, 1>, mote::conv2d<16, 3>, seeds::text_dropout<mote::tanh>,
                  mote::flatten, seeds::plain_dense<10>>;

/// Cross-entropy of softmax whose slope is divided by the batch once more.
struct text_loss : seeds::softmax_squared_error {
  template <class T, std::size_t Classes, class Gradient>
  static T evaluate(mote::batch_view<const T, Classes> logits, std::span<const std::uint8_t> labels,
                    Gradient gradient) {
    const T error = softmax_squared_error::evaluate(logits, labels, gradient);
    for (T& slope : gradient.elements()) {
      slope /= static_cast<T>(logits.rows);
    }
    return error;
  }
};

/// Gradient descent that climbs in the kernels, unless told to do right, and has no biases: those
/// of the convolution stay 0.
template <class T>
struct text_descent {
  T learning_rate;
  T kernel_direction; // -1: up

  template <class Net>
  struct state {};

  template <class Net>
  void update(mote::parameters<Net, T>& weights, const mote::gradients<Net, T>& slopes,
              state<Net>&) const {
    mote::visit_tensors<Net>(
        [&](auto layer, const mote::field& field, auto& w, const auto& g) {
          if (field.role != mote::role::bias) {
            const T rate = layer == 0 ? kernel_direction * learning_rate : learning_rate;
            for (std::size_t i = 0; i < w.size; ++i) {
              w[i] -= rate * g[i];
            }
          }
        },
        weights, slopes);
  }
};

/// The upper left 27 x 27 pixels of an image of 28 x 28.
template <class T>
static void crop(const T* image, std::span<T, network::input.size()> target) {
  for (std::size_t row = 0; row < 27; ++row) {
    std::copy_n(image + row * 28, 27, target.data() + row * 27);
  }
}

template <class T>
static void learn(const seeds::choices& wanted, const mote::hosted::digit_data& data,
                  seeds::golden_series& golden) {
  constexpr std::size_t images = 1000;
  constexpr std::size_t batch = 128;
  constexpr std::size_t test_batch = 100;
  constexpr std::size_t pixels = 28 * 28;
  const std::size_t iterations = wanted.corrected ? 101 : 300;
  using trainer = mote::trainer<network, text_loss, text_descent<T>, batch, T>;
  const auto all = std::make_unique<trainer>(
      text_descent<T>{.learning_rate = T(2), .kernel_direction = wanted.corrected ? T(1) : T(-1)},
      1);
  const auto test_memory = std::make_unique<mote::workspace<network, T, test_batch>>();

  seeds::numpy_random random(1);
  seeds::draw_uniform(mote::get<0>(all->parameters).weights, 0.01, random);
  seeds::draw_uniform(mote::get<3>(all->parameters).weights, 0.1, random);
  const auto train = seeds::scaled<T>(data.train, images);
  const auto test = seeds::scaled<T>(data.test, data.test.size());
  const std::span<const std::uint8_t> train_labels(data.train.labels);
  const std::span<const std::uint8_t> test_labels(data.test.labels);

  std::vector<double> train_error, train_correct, test_correct;
  for (std::size_t iteration = 0; iteration < std::min(iterations, wanted.only); ++iteration) {
    mote::evaluation on_train;
    for (std::size_t first = 0; first + batch <= images; first += batch) {
      const auto labels = train_labels.subspan(first, batch);
      for (std::size_t row = 0; row < batch; ++row) {
        crop(train.data() + (first + row) * pixels, all->workspace.input()[row]);
      }
      seeds::draw_masks(all->workspace, random);
      all->step(batch, labels,
                [&](auto output) { seeds::count<text_loss>(on_train, output, labels); });
    }
    if (wanted.corrected && iteration % 10 != 0) {
      continue;
    }
    mote::evaluation on_test;
    for (std::size_t first = 0; first < test_labels.size(); first += test_batch) {
      for (std::size_t row = 0; row < test_batch; ++row) {
        crop(test.data() + (first + row) * pixels, test_memory->input()[row]);
      }
      on_test.count(mote::forward(all->parameters, *test_memory),
                    test_labels.subspan(first, test_batch));
    }
    train_error.push_back(on_train.loss());
    train_correct.push_back(static_cast<double>(on_train.correct) / images);
    test_correct.push_back(on_test.accuracy());
    std::printf("I:%zu Test-Acc:%s Train-Acc:%s\n", iteration,
                seeds::text(test_correct.back()).c_str(),
                seeds::text(train_correct.back()).c_str());
    std::fflush(stdout);
  }
  golden("train error", train_error);
  golden("train correct", train_correct);
  golden("test correct", test_correct);
}

int main(int argc, char** argv) {
  const seeds::choices wanted(argc, argv);
  const auto data = seeds::find_mnist();
  if (!data) {
    return 0;
  }
  seeds::golden_series golden(wanted);
  std::printf("text 000, chapter 10: convolution%s%s\n",
              wanted.corrected ? ", kernels moved down the slope" : "",
              wanted.float32 ? ", in single precision" : "");
  if (wanted.float32) {
    learn<float>(wanted, *data, golden);
  } else {
    learn<double>(wanted, *data, golden);
  }
  return golden.result();
}
