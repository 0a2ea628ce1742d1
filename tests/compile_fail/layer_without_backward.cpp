// Forward is enough for inference, not for training.
// expect: incomplete<my_layer, mote::lacks::backward_of_pass>
#include <mote/mote.hpp>

struct my_layer : mote::layer {
  static constexpr mote::shape output(const mote::shape& in) { return in; }
  template <class Pass>
  static constexpr void forward(const Pass&) {}
};
using net = mote::network<mote::input<4>, mote::dense<3>, my_layer>;
using trainer = mote::trainer<net, mote::mean_squared_error, mote::sgd<>, 1>;
void run(trainer& teacher, mote::batch_view<const float, 3> targets) {
  teacher.step(1, targets);
}
