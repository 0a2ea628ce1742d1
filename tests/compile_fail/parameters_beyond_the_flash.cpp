// expect: mote::does_not_fit<mote::needs_flash_bytes<80400>, mote::has_flash_bytes<32768> ?>
#define MOTE_FLASH_BYTES 32768
#include <mote/models/digits.hpp>
#include <mote/mote.hpp>

mote::parameters<mote::quantized<mote::models::mlp_784_100_10>> weights;
