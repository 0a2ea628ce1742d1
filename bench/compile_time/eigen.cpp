// 784-100-10 with Eigen, all sizes fixed: a training step with momentum.
#define EIGEN_STACK_ALLOCATION_LIMIT 0 // the caller places the matrices

#include <Eigen/Core>

#include <cstdint>

constexpr int batch = 64;

template <int Rows, int Columns>
using matrix = Eigen::Matrix<float, Rows, Columns, Rows == 1 ? Eigen::RowMajor : 0>;

template <int Inputs, int Outputs>
struct dense {
  matrix<Outputs, Inputs> weights, weight_slopes, weight_velocity;
  matrix<Outputs, 1> bias, bias_slopes, bias_velocity;

  template <class Y>
  void forward(const matrix<Inputs, batch>& x, Y& y) const {
    y.noalias() = weights * x;
    y.colwise() += bias;
  }

  template <class Dy>
  void parameter_gradient(const matrix<Inputs, batch>& x, const Dy& dy) {
    weight_slopes.noalias() = dy * x.transpose();
    bias_slopes = dy.rowwise().sum();
  }

  void update(float rate, float momentum) {
    weight_velocity = momentum * weight_velocity + weight_slopes;
    weights -= rate * weight_velocity;
    bias_velocity = momentum * bias_velocity + bias_slopes;
    bias -= rate * bias_velocity;
  }
};

struct trainer {
  dense<784, 100> hidden;
  dense<100, 10> last;
  matrix<784, batch> images;
  matrix<100, batch> activations, activation_slopes;
  matrix<10, batch> logits, slopes;
  matrix<1, batch> sums;

  float step(const std::uint8_t* labels) {
    hidden.forward(images, activations);
    activations = activations.cwiseMax(0.0f);
    last.forward(activations, logits);
    logits.rowwise() -= logits.colwise().maxCoeff().eval();
    slopes = logits.array().exp();
    sums = slopes.colwise().sum();
    float loss = sums.array().log().sum();
    slopes.array().rowwise() /= sums.array();
    for (int i = 0; i < batch; ++i) {
      loss -= logits(labels[i], i);
      slopes(labels[i], i) -= 1.0f;
    }
    slopes /= static_cast<float>(batch);
    activation_slopes.noalias() = last.weights.transpose() * slopes;
    activation_slopes.array() *= (activations.array() > 0.0f).cast<float>();
    last.parameter_gradient(activations, slopes);
    hidden.parameter_gradient(images, activation_slopes);
    last.update(0.1f, 0.9f);
    hidden.update(0.1f, 0.9f);
    return loss / static_cast<float>(batch);
  }
};

float step(trainer& all, const std::uint8_t* labels) {
  return all.step(labels);
}
