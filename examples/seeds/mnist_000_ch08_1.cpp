// Text 000, chapter 8.1: a network learns 1000 digits by heart, one at a time. It knows all of them
// after 350 rounds, and 70.73 % of digits it has not seen.
//
// 82.90 % with `--corrected`: the text's derivative of relu is always 1 (see text_relu).
#include "mnist_000.hpp"

using text = mote::network<mote::input<784>, seeds::plain_dense<40>, seeds::text_relu,
                           seeds::plain_dense<10>>;
using corrected =
    mote::network<mote::input<784>, seeds::plain_dense<40>, mote::relu, seeds::plain_dense<10>>;

int main(int argc, char** argv) {
  return seeds::learn_digits<text, corrected, seeds::squared_error_of_labels, 1>(
      {.title = "text 000, chapter 8.1: 1000 digits, 40 hidden units",
       .iterations = 350,
       .alpha = 0.005,
       .first_bound = 0.1,
       .second_bound = 0.1,
       .test_at_the_end = true},
      seeds::choices(argc, argv));
}
