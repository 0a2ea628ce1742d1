// A loss of no particular kind has to compare outputs with targets.
// expect: incomplete<my_loss, mote::lacks::evaluate_for_these_targets>
#include <mote/mote.hpp>

struct my_loss {};
using net = mote::network<mote::input<4>, mote::dense<3>>;
void run(mote::trainer<net, my_loss, mote::sgd<>, 1>& teacher,
         mote::batch_view<const float, 3> targets) {
  teacher.step(1, targets);
}
