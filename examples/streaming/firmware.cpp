// The same on a Cortex-M4, with the exported weights as constants in flash.
#include "waves.hpp"

#include MOTE_MODEL_HEADER

#include "semihosting.hpp"

namespace {

constexpr mote::parameters<streaming::head> head_weights =
    streaming::head_of(MOTE_MODEL::parameters);

} // namespace

int main() {
  const auto heard = streaming::listen(MOTE_MODEL::parameters, head_weights);
  const auto all = static_cast<std::uint32_t>(streaming::held_out.size());
  firmware::print("sample by sample: ");
  firmware::print(heard.correct);
  firmware::print(" right, ");
  firmware::print(heard.same_state);
  firmware::print(" with the same state to the bit, ");
  firmware::print(static_cast<std::uint32_t>(sizeof(streaming::listener)));
  firmware::print(" bytes kept between samples\n");
  return heard.same_state == all && 20 * heard.correct > 19 * all ? 0 : 1;
}
