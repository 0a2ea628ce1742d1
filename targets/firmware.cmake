# Firmware for a microcontroller as a target of an ordinary CMake project:
#
#   include(targets/firmware.cmake)
#   mote_add_firmware(digits TARGET cortex-m4 MODEL ${CMAKE_CURRENT_SOURCE_DIR}/digits.hpp)
#
# In a host's build `digits` runs a second, nested build with the cross compiler; in a project
# that is cross-compiled itself (toolchain file targets/firmware/toolchain.cmake) it is the
# executable. Either way these properties of the target tell where things are:
#
#   MOTE_ELF           the image, with its map file beside it (.map)
#   MOTE_MODEL_OBJECT  the network's object file, for targets/firmware_size.cmake
#   MOTE_SKIPPED       why nothing is built; empty when something is
#
# Including this file defines functions and sets nothing.
cmake_policy(VERSION 3.20)
include(${CMAKE_CURRENT_LIST_DIR}/boost.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/firmware/targets.cmake)

# mote_add_firmware(<name> TARGET <core> [MODEL <header>] [SOURCES <file>...] [POLICY <policy>]
#                   [COMPILER <compiler>] [OPTIMIZE <flag>...])
#
# TARGET    a row of one of targets/*/targets.cmake
# MODEL     the exported model, which the sources include as MOTE_MODEL_HEADER; the struct in it
#           is MOTE_MODEL and has the name of the file: digits in digits.hpp. Sources of your own
#           need none.
# SOURCES   the network's translation unit first, then the program around it
#           (default: targets/firmware/model.cpp and stream.cpp)
# POLICY    smallest, balanced (default) or fastest: what may be spent of flash, see core/policy.hpp
# COMPILER  of the C++: gcc (default), clang, or a clang by its name, like clang++-14. An AVR's is clang
#           in any case.
# OPTIMIZE  default: -Os
function(mote_add_firmware name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TARGET;MODEL;POLICY;COMPILER" "SOURCES;OPTIMIZE")
  if(NOT arg_TARGET OR (NOT arg_MODEL AND NOT arg_SOURCES) OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mote_add_firmware(${name}): expected TARGET <core> MODEL <header> "
      "[SOURCES <file>...] [POLICY <policy>] [COMPILER <compiler>] [OPTIMIZE <flag>...]")
  endif()
  if(arg_COMPILER AND NOT arg_COMPILER MATCHES "^(gcc|clang.*)$")
    message(FATAL_ERROR "mote_add_firmware(${name}): expected COMPILER gcc or clang, got ${arg_COMPILER}")
  endif()
  set(targets ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${targets}/firmware/model.cpp ${targets}/firmware/stream.cpp)
  endif()
  if(NOT arg_OPTIMIZE)
    set(arg_OPTIMIZE -Os)
  endif()
  if(NOT arg_POLICY)
    set(arg_POLICY balanced)
  endif()
  # Beside the targets in a clone, three folders up in an installation (share/cmake/mote).
  cmake_path(SET include_dir NORMALIZE ${targets}/../include)
  if(NOT EXISTS ${include_dir}/mote)
    cmake_path(SET include_dir NORMALIZE ${targets}/../../../include)
  endif()
  # The nested build has other source and binary directories.
  foreach(list arg_MODEL arg_SOURCES)
    set(absolute "")
    foreach(file IN LISTS ${list})
      cmake_path(ABSOLUTE_PATH file NORMALIZE)
      list(APPEND absolute ${file})
    endforeach()
    set(${list} ${absolute})
  endforeach()

  if(NOT arg_COMPILER AND CMAKE_SYSTEM_NAME STREQUAL "Generic")
    set(arg_COMPILER ${MOTE_FIRMWARE_COMPILER})
  elseif(NOT arg_COMPILER)
    set(arg_COMPILER gcc)
  endif()
  set(toolchain_compiler "${MOTE_FIRMWARE_COMPILER}")
  set(MOTE_FIRMWARE_COMPILER ${arg_COMPILER})
  mote_describe_target(${arg_TARGET})

  if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    _mote_firmware_executable()
    return()
  endif()
  mote_find_target_tools(reason)
  if(reason)
    add_custom_target(${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${reason}" VERBATIM)
    set_target_properties(${name} PROPERTIES MOTE_SKIPPED "${reason}")
  else()
    _mote_firmware_nested()
  endif()
endfunction()

# mote_add_instruction_counter(<name>)
#
# Builds QEMU's plugin; its file is the target's property MOTE_PLUGIN.
function(mote_add_instruction_counter name)
  _mote_host_program(${name} instructions.c ${name}.so -fPIC -shared -fvisibility=hidden)
  set_target_properties(${name} PROPERTIES MOTE_PLUGIN ${CMAKE_CURRENT_BINARY_DIR}/${name}.so)
endfunction()

# mote_add_simavr(<name>)
#
# Builds the program that runs firmware for AVR; its file is the target's property MOTE_SIMAVR.
# Without the library it is a target that says so, and why is its property MOTE_SKIPPED.
function(mote_add_simavr name)
  find_path(MOTE_SIMAVR_INCLUDE_DIR simavr/sim_avr.h)
  find_library(MOTE_SIMAVR_LIBRARY simavr)
  mark_as_advanced(MOTE_SIMAVR_INCLUDE_DIR MOTE_SIMAVR_LIBRARY)
  if(NOT MOTE_SIMAVR_INCLUDE_DIR OR NOT MOTE_SIMAVR_LIBRARY)
    set(reason "libsimavr was not found; install it with targets/setup.sh --targets")
    add_custom_target(${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${reason}" VERBATIM)
    set_target_properties(${name} PROPERTIES MOTE_SKIPPED "${reason}")
    return()
  endif()
  _mote_host_program(${name} simavr.c ${name}.run -lsimavr -lelf)
  set_target_properties(${name} PROPERTIES MOTE_SIMAVR ${CMAKE_CURRENT_BINARY_DIR}/${name}.run)
endfunction()

# _mote_host_program(<name> <source> <file> <flag>...), by calling the compiler, since the project
# around may not have C enabled.
function(_mote_host_program name source file)
  find_program(MOTE_HOST_CC NAMES ${CMAKE_C_COMPILER} cc gcc clang REQUIRED)
  mark_as_advanced(MOTE_HOST_CC)
  set(source ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/emulator/${source})
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${file})
  add_custom_command(OUTPUT ${file} DEPENDS ${source}
    COMMAND ${MOTE_HOST_CC} -O2 -Wall -Wextra -o ${file} ${source} ${ARGN} VERBATIM)
  add_custom_target(${name} DEPENDS ${file})
endfunction()

# The two halves of mote_add_firmware. Macros, since they read its variables.

# In a cross-compiled project: the executable itself.
macro(_mote_firmware_executable)
  if(NOT MOTE_TARGET STREQUAL arg_TARGET)
    message(FATAL_ERROR "mote_add_firmware(${name}): TARGET is ${arg_TARGET}, but the toolchain "
      "file was given MOTE_TARGET=${MOTE_TARGET}")
  endif()
  if(NOT toolchain_compiler STREQUAL arg_COMPILER)
    message(FATAL_ERROR "mote_add_firmware(${name}): COMPILER is ${arg_COMPILER}, but the toolchain "
      "file was given MOTE_FIRMWARE_COMPILER=${toolchain_compiler}")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT C IN_LIST languages)
    message(FATAL_ERROR "mote_add_firmware(${name}): the start-up code is C; add C to project(... LANGUAGES ...)")
  endif()
  mote_find_boost(boost ${CMAKE_CURRENT_BINARY_DIR})
  set(definitions "")
  if(arg_MODEL)
    cmake_path(GET arg_MODEL STEM model)
    set(definitions MOTE_MODEL_HEADER="${arg_MODEL}" MOTE_MODEL=${model} MOTE_POLICY=mote::${arg_POLICY})
  endif()
  list(POP_FRONT arg_SOURCES network)
  add_library(${name}_model OBJECT ${network})
  list(TRANSFORM mote_target_sources PREPEND ${targets}/ OUTPUT_VARIABLE board)
  add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:${name}_model>
    ${board} ${targets}/firmware/memory.c)
  # GCC recognizes the loops in there, and would make memcpy call memcpy.
  set_source_files_properties(${targets}/firmware/memory.c PROPERTIES
    COMPILE_OPTIONS -fno-tree-loop-distribute-patterns)

  set(headers "")
  foreach(folder IN LISTS mote_target_cxx_headers)
    set(headers -nostdinc++ "SHELL:-isystem ${folder}" "SHELL:-isystem ${folder}/arm-none-eabi"
      "SHELL:-isystem /usr/include/newlib")
  endforeach()
  foreach(part ${name}_model ${name})
    target_compile_definitions(${part} PRIVATE ${definitions}
      MOTE_FLASH_BYTES=${mote_target_flash_bytes} MOTE_RAM_BYTES=${mote_target_ram_bytes})
    target_include_directories(${part} PRIVATE ${include_dir} ${targets}/firmware
      ${targets}/${mote_target_family})
    target_include_directories(${part} SYSTEM PRIVATE ${boost})
    set_target_properties(${part} PROPERTIES
      C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
      CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
    # The core's flags again, for a CMAKE_CXX_FLAGS of the user's own replaces the toolchain's.
    # Not -ffreestanding for C++: it forbids GCC to expand small copies in place. No errno: GCC
    # would call the C library's sqrtf beside the instruction, for its sake.
    target_compile_options(${part} PRIVATE ${mote_target_flags} ${arg_OPTIMIZE}
      -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables
      -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wdouble-promotion -Werror
      "$<$<COMPILE_LANGUAGE:C>:${mote_target_c_flags};-ffreestanding>"
      "$<$<COMPILE_LANGUAGE:CXX>:${mote_target_cxx_flags};-fno-exceptions;-fno-rtti>"
      "$<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics;-fno-math-errno;${headers}>"
      # The compiler packs weights, and counts its steps: 33 million suffice for some 200,000 weights.
      "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fconstexpr-ops-limit=1000000000;-fconstexpr-loop-limit=10000000>")
  endforeach()

  set(no_execstack "")
  if(arg_COMPILER MATCHES "clang") # it says of its objects that they need no executable stack; GCC does not
    set(no_execstack LINKER:-z,noexecstack)
  endif()
  list(TRANSFORM mote_target_defsyms PREPEND "LINKER:--defsym=")
  set(script ${targets}/${mote_target_script})
  target_link_options(${name} PRIVATE ${mote_target_flags} ${mote_target_c_flags} -nostdlib -T${script}
    ${mote_target_defsyms} ${no_execstack} LINKER:--gc-sections LINKER:--fatal-warnings
    LINKER:-Map=${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
  target_link_libraries(${name} PRIVATE gcc)

  set(elf ${CMAKE_CURRENT_BINARY_DIR}/${name}.elf)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.model.o)
  add_custom_command(TARGET ${name} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_OBJECTS:${name}_model> ${object})
  set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS ${script} LINKER_LANGUAGE C
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
    MOTE_ELF ${elf} MOTE_MODEL_OBJECT ${object})
endmacro()

# In a host's project: a target that configures and builds targets/firmware on its own.
macro(_mote_firmware_nested)
  mote_find_boost(boost ${CMAKE_CURRENT_BINARY_DIR})
  set(build ${CMAKE_CURRENT_BINARY_DIR}/${name})
  # As a file and not on the command line, so that a changed argument configures again.
  set(arguments "")
  foreach(variable MOTE_FIRMWARE_NAME=name MOTE_TARGET=arg_TARGET MOTE_FIRMWARE_COMPILER=arg_COMPILER
                   MOTE_FIRMWARE_MODEL=arg_MODEL MOTE_FIRMWARE_SOURCES=arg_SOURCES
                   MOTE_FIRMWARE_OPTIMIZE=arg_OPTIMIZE MOTE_FIRMWARE_POLICY=arg_POLICY
                   MOTE_BOOST_INCLUDE_DIR=MOTE_BOOST_INCLUDE_DIR)
    string(REGEX MATCH "(.*)=(.*)" unused ${variable})
    string(APPEND arguments
      "set(${CMAKE_MATCH_1} [==[${${CMAKE_MATCH_2}}]==] CACHE STRING \"\" FORCE)\n")
  endforeach()
  file(GENERATE OUTPUT ${build}/arguments.cmake CONTENT "${arguments}")

  # The environment's flags are meant for the host's compiler.
  set(clean ${CMAKE_COMMAND} -E env --unset=CFLAGS --unset=CXXFLAGS --unset=LDFLAGS
    --unset=CMAKE_BUILD_TYPE)
  add_custom_command(OUTPUT ${build}/configured DEPENDS ${build}/arguments.cmake
    COMMAND ${clean} ${CMAKE_COMMAND} --log-level=NOTICE -S ${targets}/firmware -B ${build} -G Ninja
            -C ${build}/arguments.cmake
            -DCMAKE_TOOLCHAIN_FILE=${targets}/firmware/toolchain.cmake
    COMMAND ${CMAKE_COMMAND} -E touch ${build}/configured
    COMMENT "Configuring firmware ${name} for ${arg_TARGET}" VERBATIM)
  # Always run: the nested build knows best what its files depend on, and takes no time when
  # nothing has changed. DEPENDS makes a model that this build generates come first.
  add_custom_target(${name} DEPENDS ${build}/configured ${arg_MODEL} ${arg_SOURCES}
    COMMAND ${clean} ${CMAKE_COMMAND} --build ${build}
    COMMENT "Building firmware ${name} for ${arg_TARGET}" VERBATIM)
  set_target_properties(${name} PROPERTIES MOTE_ELF ${build}/${name}.elf
    MOTE_MODEL_OBJECT ${build}/${name}.model.o)
endmacro()
