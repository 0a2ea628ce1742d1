# Every RISC-V target, one row each; see cortex-m/targets.cmake.
#
# -misa-spec=2.2: later ones part the CSR instructions from the base, and a core spelled with
# them (rv32imac_zicsr) finds no matching libgcc in Debian's compiler.
set(mote_target_table
  # name | core and floating point | QEMU machine | flash: origin, size | RAM: origin, size | stack
  "rv32imc | -march=rv32imc -mabi=ilp32 | virt | 0x80000000 1M | 0x80100000 1M | 4K"
  "rv32imac | -march=rv32imac -mabi=ilp32 | sifive_e | 0x20400000 512M | 0x80000000 16K | 4K"
)
set(mote_family_architecture RISCV)
set(mote_family_prefix riscv64-unknown-elf-)
set(mote_family_c_compiler riscv64-unknown-elf-gcc)
set(mote_family_cxx_compiler riscv64-unknown-elf-g++)
set(mote_family_flags -mcmodel=medany)
set(mote_family_c_flags -misa-spec=2.2)
set(mote_family_cxx_flags -misa-spec=2.2)
set(mote_family_cxx_headers_borrowed TRUE)
set(mote_family_sources riscv/start.c firmware/run_main.c)
set(mote_family_script firmware/sections.ld)
set(mote_family_emulator qemu-system-riscv32)
set(mote_family_emulator_flags -bios none)
set(mote_family_setup_option " --targets")
mote_use_clang(--target=riscv32-unknown-elf)
