// A loss needs its derivative.
// expect: incomplete<my_loss, mote::lacks::slope_of_output_and_target>
#include <mote/mote.hpp>

struct my_loss : mote::elementwise_loss<my_loss> {
  template <class T>
  static constexpr T value(T y, T t) {
    return y - t;
  }
};
using net = mote::network<mote::input<4>, mote::dense<3>>;
void run(mote::trainer<net, my_loss, mote::sgd<>, 1>& teacher,
         mote::batch_view<const float, 3> targets) {
  teacher.step(1, targets);
}
