// Whether a network fits the part that it is compiled for, and the one line in which the compiler
// says that it does not. MOTE_FLASH_BYTES and MOTE_RAM_BYTES (what the stack leaves) describe the
// part; mote_add_firmware defines them, and without them everything fits.
#pragma once

#include <cstdint>

namespace mote {

// Never defined: naming them where a complete type is needed makes the compiler print
// `does_not_fit<needs_flash_bytes<80400>, has_flash_bytes<32768>>`, on the first line.
template <std::uint32_t Bytes>
struct needs_flash_bytes;
template <std::uint32_t Bytes>
struct has_flash_bytes;
template <std::uint32_t Bytes>
struct needs_ram_bytes;
template <std::uint32_t Bytes>
struct has_ram_bytes;
template <class Needs, class Has>
struct does_not_fit;

namespace detail {

template <bool Fits, class Needs, class Has>
struct fit {};

template <class Needs, class Has>
struct fit<false, Needs, Has> {
  static_assert(sizeof(does_not_fit<Needs, Has>) != 0);
};

#if defined(MOTE_FLASH_BYTES)
inline constexpr std::uint32_t part_flash_bytes = MOTE_FLASH_BYTES;
#else
inline constexpr std::uint32_t part_flash_bytes = 0xffff'ffff;
#endif
#if defined(MOTE_RAM_BYTES)
inline constexpr std::uint32_t part_ram_bytes = MOTE_RAM_BYTES;
#else
inline constexpr std::uint32_t part_ram_bytes = 0xffff'ffff;
#endif

/// True, or compilation stops. The program around the network needs memory too; that it all fits,
/// the linker checks.
template <std::uint32_t Needs>
inline constexpr bool fits_flash = sizeof(fit<Needs <= part_flash_bytes, needs_flash_bytes<Needs>,
                                              has_flash_bytes<part_flash_bytes>>) != 0;
template <std::uint32_t Needs>
inline constexpr bool fits_ram =
    sizeof(fit<Needs <= part_ram_bytes, needs_ram_bytes<Needs>, has_ram_bytes<part_ram_bytes>>) !=
    0;

} // namespace detail

} // namespace mote
