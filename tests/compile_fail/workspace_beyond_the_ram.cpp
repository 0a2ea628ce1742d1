// expect: mote::does_not_fit<mote::needs_ram_bytes<884>, mote::has_ram_bytes<768> ?>
#define MOTE_RAM_BYTES 768
#include <mote/models/digits.hpp>
#include <mote/mote.hpp>

struct model {
  using network = mote::quantized<mote::models::mlp_784_100_10>;
  static constexpr mote::parameters<network> parameters{};
};

mote::workspace<model::network> memory;
auto outputs = mote::forward<model>(memory);
