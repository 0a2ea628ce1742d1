// To be trained it needs its derivative.
// expect: incomplete<my_activation, mote::lacks::derivative_of_x_and_y>
#include <mote/mote.hpp>

struct my_activation : mote::activation<my_activation> {
  template <class T>
  static constexpr T apply(T x) {
    return x * x;
  }
};
using net = mote::network<mote::input<4>, mote::dense<3>, my_activation>;
using trainer = mote::trainer<net, mote::mean_squared_error, mote::sgd<>, 1>;
void run(trainer& teacher, mote::batch_view<const float, 3> targets) {
  teacher.step(1, targets);
}
