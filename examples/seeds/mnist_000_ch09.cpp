// Text 000, chapter 9: tanh in the hidden layer, softmax at the end: 87.06 %. Argument 2 is the
// second program, whose weights start ten times smaller: 85.92 %.
//
// 86.82 % and 86.24 % with `--corrected`: the text takes the derivative of tanh at what dropout
// made of it (see text_dropout).
#include "mnist_000.hpp"

using text = mote::network<mote::input<784>, seeds::plain_dense<100>,
                           seeds::text_dropout<mote::tanh>, seeds::plain_dense<10>>;
using corrected = mote::network<mote::input<784>, seeds::plain_dense<100>, mote::tanh,
                                seeds::given_dropout, seeds::plain_dense<10>>;

int main(int argc, char** argv) {
  const seeds::choices wanted(argc, argv);
  const bool narrow = wanted.program == 2;
  return seeds::learn_digits<text, corrected, seeds::softmax_squared_error, 100>(
      {.title = narrow ? "text 000, chapter 9.2: tanh and softmax, small initial weights"
                       : "text 000, chapter 9.1: tanh and softmax",
       .iterations = 300,
       .alpha = 0.02,
       .first_bound = narrow ? 0.01 : 0.1,
       .second_bound = narrow ? 0.01 : 0.1,
       .test_at_the_end = false},
      wanted);
}
