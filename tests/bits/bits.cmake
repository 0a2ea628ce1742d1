# Prints a table of the CRC-32s of all that one int8 model answers to a file of images, and fails
# unless all are the one that EXPECTED has. A row is a program that each compiler makes at each level
# of optimization and that runs all kernels, or firmware:
#
#   cmake -DHEADER=<digits.hpp> -DIMAGES=<file> -DEXPECTED=<outputs> -DCRC=<program of_file>
#         -DINCLUDE=<folder above mote/> -DBOOST=<folder above boost/> -DSCRATCH=<folder>
#         -DCOMPILERS=<compiler>[@<emulator>]... -DLEVELS=<flag>... -DFLAGS=<flag>... -P bits.cmake
#   cmake -DTARGET=<core> "-DFIRMWARE=<compiler>;<level>;<ELF or NOTFOUND>..." -DIMAGES=<file>
#         -DEXPECTED=<outputs> -DCRC=<program of_file> [-DSIMAVR=<program>] -DSCRATCH=<folder>
#         -P bits.cmake
#
# The words of a compiler or a level that has several are parted by spaces. For an emulator the
# program is linked statically. The table is also in SCRATCH/bits.md. A row is skipped where its
# compiler or emulator is not found; prints SKIPPED when all are.
cmake_minimum_required(VERSION 3.25)

set(targets ${CMAKE_CURRENT_LIST_DIR}/../../targets)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})

# run(<output> <command>...) fails when the command does.
function(run output)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE complaints)
  if(NOT status STREQUAL "0")
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "bits: failed (${status}): ${command}\n${said}${complaints}")
  endif()
  set(${output} "${said}" PARENT_SCOPE)
endfunction()

# crc_of(<result> <file>)
function(crc_of result file)
  run(said ${CRC} ${file})
  string(STRIP "${said}" said)
  set(${result} ${said} PARENT_SCOPE)
endfunction()

# find(<reason> <program>): what is missing, or nothing.
function(find reason program)
  unset(found)
  find_program(found "${program}" NO_CACHE)
  set(${reason} "" PARENT_SCOPE)
  if(NOT found)
    set(${reason} "${program} was not found" PARENT_SCOPE)
  endif()
endfunction()

# Macros: rows, and what they add up to, belong to the script.
macro(begin_row by level)
  set(row "| ${by} | ${level}")
  string(TIMESTAMP start %s UTC)
endmacro()
# end_row(<what ran> <CRC>...)
macro(end_row ran)
  string(TIMESTAMP end %s UTC)
  math(EXPR seconds "${end} - ${start}")
  set(sums ${ARGN})
  list(JOIN sums ", " sums)
  string(APPEND table "${row} | ${ran} | ${sums} | ${seconds} |\n")
  if(sums STREQUAL expected)
    math(EXPR equal "${equal} + 1")
  else()
    math(EXPR different "${different} + 1")
  endif()
endmacro()
macro(skip_row by level reason)
  string(APPEND table "| ${by} | ${level} | skipped: ${reason} | | |\n")
endmacro()

set(table "| compiler | level | ran | CRC-32 | seconds |\n|---|---|---|---|---|\n")
set(different 0)
set(equal 0)
crc_of(expected ${EXPECTED})

# Boost and nothing beside it: a cross compiler must not find the host's headers.
if(COMPILERS)
  file(MAKE_DIRECTORY ${SCRATCH}/boost-only)
  file(CREATE_LINK ${BOOST}/boost ${SCRATCH}/boost-only/boost SYMBOLIC)
  cmake_path(GET HEADER STEM model)
endif()
foreach(entry IN LISTS COMPILERS)
  string(REPLACE "@" ";" entry "${entry}")
  list(POP_FRONT entry name emulator)
  separate_arguments(compiler UNIX_COMMAND "${name}")
  list(GET compiler 0 program)
  find(missing ${program})
  set(link "")
  if(emulator AND NOT missing)
    find(missing ${emulator})
    set(link -static)
  endif()
  if(missing)
    skip_row("${name}" "" "${missing}")
    continue()
  endif()
  string(MAKE_C_IDENTIFIER "${name}" program)
  set(program ${SCRATCH}/${program})
  foreach(level IN LISTS LEVELS)
    begin_row("${name}" "${level}")
    separate_arguments(flags UNIX_COMMAND "${level}")
    run(unused ${compiler} -std=c++20 ${FLAGS} ${flags} ${link} -I${INCLUDE} -isystem ${SCRATCH}/boost-only
      "-DMOTE_MODEL_HEADER=\"${HEADER}\"" -DMOTE_MODEL=${model} ${CMAKE_CURRENT_LIST_DIR}/of_model.cpp
      -o ${program})
    run(lines ${emulator} ${program} ${IMAGES})
    string(REGEX MATCHALL "[^\n]+" lines "${lines}")
    list(LENGTH lines count)
    set(sums ${lines})
    list(TRANSFORM sums REPLACE " .*" "")
    list(REMOVE_DUPLICATES sums)
    if(NOT sums STREQUAL expected)
      set(sums ${lines}) # which kernels differ
    endif()
    end_row("${count} kernels" ${sums})
  endforeach()
endforeach()

while(NOT "${FIRMWARE}" STREQUAL "") # a list that ends in NOTFOUND is false
  list(POP_FRONT FIRMWARE compiler level elf)
  if(NOT elf)
    skip_row(${compiler} ${level} "the compiler for ${TARGET} was not found")
    continue()
  endif()
  begin_row(${compiler} ${level})
  set(outputs ${SCRATCH}/${compiler}${level}.outputs)
  run(said ${CMAKE_COMMAND} -DTARGET=${TARGET} -DELF=${elf} -DIMAGES=${IMAGES} -DOUTPUT=${outputs}
    -DOUTPUT_JSON=${outputs}.json -DSIMAVR=${SIMAVR} -DTIMEOUT=3600 -P ${targets}/run_firmware.cmake)
  file(READ ${outputs}.json json)
  string(JSON reason ERROR_VARIABLE ran GET "${json}" skipped)
  if(ran)
    crc_of(sum ${outputs})
    end_row(${TARGET} ${sum})
  else()
    skip_row(${compiler} ${level} "${reason}")
  endif()
endwhile()

string(APPEND table "expected: ${expected}\n")
file(WRITE ${SCRATCH}/bits.md "${table}")
message("${table}")
if(different GREATER 0)
  message(FATAL_ERROR "bits: ${different} of these rows differ from ${expected}, the CRC-32 of ${EXPECTED}")
elseif(equal EQUAL 0)
  message("SKIPPED: no compiler and no emulator was found")
endif()
