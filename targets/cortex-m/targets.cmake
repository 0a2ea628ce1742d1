# Every Cortex-M target, one row each: what the compiler, the linker and the emulator need to
# know about it. A new core is a new row here and nothing anywhere else.
#
# The memories are those of the emulator's board; `stack` is cut from the start of the RAM.
# The emulator has no Cortex-M0+, only the M0, which runs the same instructions.
set(mote_target_table
  # name | core and floating point | QEMU machine | flash: origin, size | RAM: origin, size | stack
  "cortex-m0plus | -mcpu=cortex-m0plus | microbit | 0 256K | 0x20000000 16K | 4K"
  "cortex-m3 | -mcpu=cortex-m3 | mps2-an385 | 0 4M | 0x20000000 4M | 4K"
  "cortex-m4 | -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard | mps2-an386 | 0 4M | 0x20000000 4M | 4K"
  "cortex-m7 | -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard | mps2-an500 | 0 4M | 0x20000000 4M | 4K"
  "cortex-m33 | -mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard | mps2-an505 | 0x10000000 4M | 0x38000000 4M | 4K"
  "cortex-m55 | -mcpu=cortex-m55 -mfloat-abi=hard | mps3-an547 | 0 512K | 0x20000000 512K | 4K"
)
set(mote_family_architecture ARM)
set(mote_family_prefix arm-none-eabi-)
set(mote_family_c_compiler arm-none-eabi-gcc)
set(mote_family_cxx_compiler arm-none-eabi-g++)
set(mote_family_flags -mthumb)
set(mote_family_sources cortex-m/start.c firmware/run_main.c)
set(mote_family_script firmware/sections.ld)
set(mote_family_emulator qemu-system-arm)
# As the ABI of the boards says, and as GCC does it: small enumerations. Copies by memcpy and not by
# functions that only Arm's own C library has.
mote_use_clang(--target=arm-none-eabi -fshort-enums -meabi gnu)
