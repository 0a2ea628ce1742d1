# Every Cortex-M target, one row each: what the compiler, the linker and the emulator need to
# know about it. A new core is a new row here and nothing anywhere else.
#
# The memories are those of the emulator's board; `stack` is cut from the start of the RAM.
set(mote_target_table
  # name | core and floating point | QEMU machine | flash: origin, size | RAM: origin, size | stack
  "cortex-m4 | -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard | mps2-an386 | 0 4M | 0x20000000 4M | 4K"
)

# Looks up the row of target `name` and sets in the caller: mote_target_flags (a list),
# mote_target_machine, and mote_target_defsyms, the values that sections.ld reads.
function(mote_describe_target name)
  set(known "")
  foreach(row IN LISTS mote_target_table)
    string(REGEX REPLACE " *\\| *" ";" row "${row}")
    list(POP_FRONT row row_name flags machine flash ram stack)
    list(APPEND known ${row_name})
    if(row_name STREQUAL name)
      string(REPLACE " " ";" flags "${flags}")
      string(REPLACE " " ";FLASH_SIZE=" flash "FLASH=${flash}")
      string(REPLACE " " ";RAM_SIZE=" ram "RAM=${ram}")
      set(mote_target_flags -mthumb ${flags} PARENT_SCOPE)
      set(mote_target_machine ${machine} PARENT_SCOPE)
      set(mote_target_defsyms ${flash} ${ram} STACK=${stack} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  list(JOIN known ", " known)
  message(FATAL_ERROR "mote: there is no target '${name}'; known are: ${known}")
endfunction()
