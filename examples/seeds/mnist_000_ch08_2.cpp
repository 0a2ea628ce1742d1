// Text 000, chapter 8.2: the same with dropout, which helps against learning by heart: 80.27 %.
//
// 84.94 % with `--corrected`: besides the derivative of relu, what dropout keeps is doubled forward
// but not backward (see text_dropout).
#include "mnist_000.hpp"

using text = mote::network<mote::input<784>, seeds::plain_dense<40>,
                           seeds::text_dropout<seeds::text_relu>, seeds::plain_dense<10>>;
using corrected = mote::network<mote::input<784>, seeds::plain_dense<40>, mote::relu,
                                seeds::given_dropout, seeds::plain_dense<10>>;

int main(int argc, char** argv) {
  return seeds::learn_digits<text, corrected, seeds::squared_error_of_labels, 1>(
      {.title = "text 000, chapter 8.2: 1000 digits, dropout",
       .iterations = 300,
       .alpha = 0.005,
       .first_bound = 0.1,
       .second_bound = 0.1,
       .test_at_the_end = true},
      seeds::choices(argc, argv));
}
