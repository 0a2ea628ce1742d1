# Every AVR target, one row each; see cortex-m/targets.cmake. The machine is simavr's, with its
# clock in hertz. RAM begins behind the registers.
#
# The network is compiled by clang, for Debian's avr-gcc is from before C++20; that links.
set(mote_target_table
  # name | core | simavr machine | flash: origin, size | RAM: origin, size | stack
  "atmega328p | -mmcu=atmega328p | atmega328p | 0 32K | 0x800100 2K | 256"
)
set(mote_family_architecture AVR)
set(mote_family_prefix avr-)
set(mote_family_c_compiler avr-gcc)
set(mote_family_cxx_compiler clang++-19 clang++-14 clang++)
# A double of 32 bits, AVR's custom, is none; nothing computes in it on the device anyway.
set(mote_family_cxx_flags --target=avr -mdouble=64)
set(mote_family_flags "")
set(mote_family_cxx_headers_borrowed TRUE)
set(mote_family_sources avr/start.c)
set(mote_family_script avr/sections.ld)
set(mote_family_emulator simavr)
set(mote_family_setup_option " --targets")
