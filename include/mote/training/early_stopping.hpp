#pragma once

#include <cstddef>
#include <limits>

namespace mote {

/// Says when to stop: when a value that should fall has not reached a new best for `patience` times
/// in a row (Prechelt, "Early Stopping - But When?", 1998, criterion UP on the best so far). For an
/// accuracy, pass its negative.
///
///     mote::early_stopping stop{.patience = 5};
///     while (!stop.is_over()) {
///       ... an epoch ...
///       if (stop.note(validation_loss)) best = trainer.parameters;
///     }
struct early_stopping {
  std::size_t patience = 10;
  double least_gain = 0.0; ///< falling by this or less is no new best
  double best = std::numeric_limits<double>::infinity();
  std::size_t since_best = 0; ///< how many values came after the best

  /// Takes in the next value; true when it is the best so far. NaN never is.
  constexpr bool note(double value) {
    if (value < best - least_gain) {
      best = value;
      since_best = 0;
      return true;
    }
    ++since_best;
    return false;
  }

  constexpr bool is_over() const { return since_best >= patience; }
};

} // namespace mote
