// mote: a neural network is a type. This header is all that runs on a microcontroller.
#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/crc32.hpp>
#include <mote/core/fixed_point.hpp>
#include <mote/core/flatten_list.hpp>
#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/network.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/plan.hpp>
#include <mote/core/random.hpp>
#include <mote/core/report.hpp>
#include <mote/core/run.hpp>
#include <mote/core/shape.hpp>
#include <mote/core/storage.hpp>
#include <mote/core/tensor.hpp>
#include <mote/core/window.hpp>

#include <mote/layers/batch_norm.hpp>
#include <mote/layers/concatenate.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/gelu.hpp>
#include <mote/layers/gru.hpp>
#include <mote/layers/hard_sigmoid.hpp>
#include <mote/layers/hard_swish.hpp>
#include <mote/layers/initializers.hpp>
#include <mote/layers/leaky_relu.hpp>
#include <mote/layers/linear.hpp>
#include <mote/layers/penalized.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/prelu.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/relu6.hpp>
#include <mote/layers/reshape.hpp>
#include <mote/layers/residual.hpp>
#include <mote/layers/sigmoid.hpp>
#include <mote/layers/softmax.hpp>
#include <mote/layers/step.hpp>
#include <mote/layers/tanh.hpp>

#include <mote/losses/binary_cross_entropy.hpp>
#include <mote/losses/huber.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/losses/softmax_cross_entropy.hpp>
#include <mote/losses/sum_squared_error.hpp>

#include <mote/optimizers/adagrad.hpp>
#include <mote/optimizers/adam.hpp>
#include <mote/optimizers/clipped.hpp>
#include <mote/optimizers/masked.hpp>
#include <mote/optimizers/rmsprop.hpp>
#include <mote/optimizers/sgd.hpp>

#include <mote/quantization/quantize.hpp>

#include <mote/training/average.hpp>
#include <mote/training/check_gradients.hpp>
#include <mote/training/early_stopping.hpp>
#include <mote/training/initialize.hpp>
#include <mote/training/metrics.hpp>
#include <mote/training/schedules.hpp>
#include <mote/training/statistics.hpp>
#include <mote/training/trainer.hpp>
