// And how it changes parameters.
// expect: incomplete<my_optimizer, mote::lacks::update_of_these_parameters>
#include <mote/mote.hpp>

struct my_optimizer {
  template <class Net>
  struct state {};
};
using net = mote::network<mote::input<4>, mote::dense<3>>;
void run(mote::trainer<net, mote::mean_squared_error, my_optimizer, 1>& teacher,
         mote::batch_view<const float, 3> targets) {
  teacher.step(1, targets);
}
