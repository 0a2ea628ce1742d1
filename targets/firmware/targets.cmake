cmake_policy(VERSION 3.20)
include(${CMAKE_CURRENT_LIST_DIR}/clang.cmake)

# mote_describe_target(<name>)
#
# Looks up a target, which is one row in its family's targets.cmake, and sets in the caller
#
#   mote_target_family, mote_target_machine (the emulator's name for the board)
#   mote_target_flags         for all compilers and the linker; a list
#   mote_target_flash_bytes, mote_target_ram_bytes (without the stack), mote_target_stack_bytes
#   mote_target_defsyms       the same for the linker script
#
# and all that its family sets as mote_family_<...>, as mote_target_<...>:
#
#   architecture              in names of variables
#   prefix                    of the binary utilities
#   c_compiler, cxx_compiler  names; the first found of several; the C compiler also links
#   c_flags                   for C alone, and the linker
#   cxx_flags                 for C++ alone
#   cxx_headers               a folder, for a compiler that comes without the C++ library: the headers
#                             of the Arm compiler's, which suit all targets
#   sources, script           start-up code and linker script
#   emulator, emulator_flags  a program, and what it is always told
#   setup_option              of targets/setup.sh, which installs all that
function(mote_describe_target name)
  set(known "")
  foreach(mote_target_family cortex-m riscv avr)
    cmake_path(SET folder NORMALIZE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../${mote_target_family})
    set(mote_family_c_flags "")
    set(mote_family_cxx_flags "")
    set(mote_family_emulator_flags "")
    set(mote_family_setup_option "")
    set(mote_family_cxx_headers_borrowed FALSE)
    set(mote_target_table "")
    include(${folder}/targets.cmake OPTIONAL)
    foreach(row IN LISTS mote_target_table)
      string(REGEX REPLACE " *\\| *" ";" row "${row}")
      list(POP_FRONT row row_name flags mote_target_machine flash ram stack)
      list(APPEND known ${row_name})
      if(NOT row_name STREQUAL name)
        continue()
      endif()
      string(REPLACE " " ";" flags "${flags}")
      set(mote_target_flags ${mote_family_flags} ${flags})
      string(REPLACE " " ";FLASH_SIZE=" mote_target_defsyms "FLASH=${flash}")
      string(REPLACE " " ";RAM_SIZE=" ram_defsyms "RAM=${ram}")
      list(APPEND mote_target_defsyms ${ram_defsyms} STACK=${stack})
      foreach(memory flash ram stack)
        # "0x20000000 16K": 16384
        string(REGEX REPLACE ".* " "" size "${${memory}}")
        string(REPLACE "K" "*1024" size ${size})
        string(REPLACE "M" "*1048576" size ${size})
        math(EXPR mote_target_${memory}_bytes ${size})
      endforeach()
      math(EXPR mote_target_ram_bytes "${mote_target_ram_bytes} - ${mote_target_stack_bytes}")
      set(mote_family_cxx_headers "")
      if(mote_family_cxx_headers_borrowed)
        file(GLOB versions /usr/include/newlib/c++/*)
        list(POP_BACK versions mote_family_cxx_headers)
        if(NOT mote_family_cxx_headers)
          set(mote_family_cxx_headers /usr/include/newlib/c++)
        endif()
      endif()
      foreach(variable family machine flags flash_bytes ram_bytes stack_bytes defsyms)
        set(mote_target_${variable} ${mote_target_${variable}} PARENT_SCOPE)
      endforeach()
      foreach(variable architecture prefix c_compiler cxx_compiler c_flags cxx_flags cxx_headers sources
                       script emulator emulator_flags setup_option)
        set(mote_target_${variable} ${mote_family_${variable}} PARENT_SCOPE)
      endforeach()
      return()
    endforeach()
  endforeach()
  list(JOIN known ", " known)
  message(FATAL_ERROR "mote: there is no target '${name}'; known are: ${known}")
endfunction()

# mote_find_target_tools(<result>)
#
# Looks for the compilers of the target that was described last (in the cache they are
# MOTE_ARM_COMPILER and MOTE_ARM_C_COMPILER, and so on) and sets mote_cxx_compiler and
# mote_c_compiler, and <result> to what is missing, or to nothing.
function(mote_find_target_tools result)
  set(reason "")
  foreach(language cxx c)
    set(names ${mote_target_${language}_compiler})
    set(variable MOTE_${mote_target_architecture}_C_COMPILER)
    if(language STREQUAL cxx)
      set(variable MOTE_${mote_target_architecture}_COMPILER)
    endif()
    find_program(${variable} NAMES ${names})
    mark_as_advanced(${variable})
    set(mote_${language}_compiler ${${variable}} PARENT_SCOPE)
    if(NOT ${variable} AND NOT reason)
      list(GET names 0 name)
      set(reason "${name} was not found; install it with targets/setup.sh${mote_target_setup_option}")
    endif()
  endforeach()
  if(NOT reason AND mote_target_cxx_headers AND NOT EXISTS ${mote_target_cxx_headers}/array)
    set(reason "${mote_target_cxx_headers}/array was not found; "
      "install it with targets/setup.sh${mote_target_setup_option}")
    list(JOIN reason "" reason)
  endif()
  set(${result} "${reason}" PARENT_SCOPE)
endfunction()

# mote_find_emulator(<result> <reason>)
#
# The program that runs firmware for the target that was described last: SIMAVR for an AVR (see
# mote_add_simavr), else QEMU; and what is missing, or nothing.
function(mote_find_emulator result reason)
  if(mote_target_emulator STREQUAL "simavr")
    set(${result} "${SIMAVR}" PARENT_SCOPE)
    set(program "${SIMAVR}")
  else()
    string(MAKE_C_IDENTIFIER MOTE_${mote_target_emulator} variable)
    find_program(${variable} ${mote_target_emulator})
    mark_as_advanced(${variable})
    set(${result} "${${variable}}" PARENT_SCOPE)
    set(program "${${variable}}")
  endif()
  set(missing "")
  if(NOT program)
    set(missing "${mote_target_emulator} was not found; install it with targets/setup.sh${mote_target_setup_option}")
  endif()
  set(${reason} "${missing}" PARENT_SCOPE)
endfunction()

# mote_emulator_command(<result> <elf> <command line> <file for the counts>)
#
# What runs firmware with that command line in EMULATOR, and counts with PLUGIN if it is set. All
# text of the firmware is on standard output or error; the exit status is the firmware's.
function(mote_emulator_command result elf command_line counts)
  if(mote_target_emulator STREQUAL "simavr")
    set(${result} "${EMULATOR}" ${mote_target_machine} "${elf}" "${counts}" "${command_line}" PARENT_SCOPE)
    return()
  endif()
  # In the value of one of QEMU's options a comma is written twice.
  foreach(value command_line counts PLUGIN)
    string(REPLACE "," ",," ${value} "${${value}}")
  endforeach()
  set(plugin "")
  if(PLUGIN)
    set(plugin -plugin "${PLUGIN},out=${counts}")
  endif()
  set(${result} "${EMULATOR}" -machine ${mote_target_machine} -display none -monitor none -serial none
    ${mote_target_emulator_flags} -semihosting-config "enable=on,target=native,arg=${command_line}"
    ${plugin} -kernel "${elf}" PARENT_SCOPE)
endfunction()
