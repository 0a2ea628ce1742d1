// An exported header alone in its translation unit, as firmware includes it.
#include MOTE_MODEL_HEADER

static_assert(mote::checksum(MOTE_MODEL::parameters) == MOTE_MODEL::crc32);

namespace {

mote::workspace<MOTE_MODEL::network> memory;

} // namespace

const void* answer() {
  return mote::forward<MOTE_MODEL>(memory).data;
}
