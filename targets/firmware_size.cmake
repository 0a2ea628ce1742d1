# What the network costs in flash and RAM, and what must not be in firmware at all:
#
#   cmake -DELF=digits.elf -DMODEL_OBJECT=digits.model.o -DOUTPUT_JSON=size.json \
#         [-DTARGET=cortex-m4] [-DSIZE=size] [-DNM=nm] -P targets/firmware_size.cmake
#
# SIZE and NM are the target's own unless others are named. All sizes are of the network's own
# object file: without start-up code, the program around, and libgcc. weight_bytes are the model's
# constants as the kernels keep them, code_bytes .text* and what else is in .rodata*, ram_bytes
# .data* + .bss*.
# Fails when the image holds a heap, exceptions or arithmetic in double.
cmake_minimum_required(VERSION 3.25)

foreach(needed ELF MODEL_OBJECT OUTPUT_JSON)
  if(NOT ${needed})
    message(FATAL_ERROR "firmware_size: -D${needed}=... is missing")
  endif()
endforeach()
if(NOT TARGET)
  set(TARGET cortex-m4)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/firmware/targets.cmake)
mote_describe_target(${TARGET})
if(NOT SIZE)
  set(SIZE ${mote_target_prefix}size)
endif()
if(NOT NM)
  set(NM ${mote_target_prefix}nm)
endif()
file(REMOVE "${OUTPUT_JSON}")

# Runs a tool; its lines go to the list `lines`.
function(read_lines)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text ERROR_VARIABLE error RESULT_VARIABLE status)
  if(NOT status STREQUAL "0")
    message(FATAL_ERROR "firmware_size: ${ARGV0} failed (${status}): ${error}")
  endif()
  string(REPLACE "\n" ";" lines "${text}")
  set(lines "${lines}" PARENT_SCOPE)
endfunction()

set(text 0)
set(rodata 0)
set(data 0)
set(bss 0)
read_lines(${SIZE} -A "${MODEL_OBJECT}")
foreach(line IN LISTS lines)
  # .text._ZN8firmware5inferEv     4242      0
  if(line MATCHES "^\\.s?(text|rodata|data|bss)[^ ]* +([0-9]+) ")
    math(EXPR ${CMAKE_MATCH_1} "${${CMAKE_MATCH_1}} + ${CMAKE_MATCH_2}")
  endif()
endforeach()
math(EXPR ram "${data} + ${bss}")
# Sets <result> to the bytes of the networks' constants in a file.
function(weigh_constants result file)
  set(weights 0)
  read_lines(${NM} -SC "${file}")
  foreach(line IN LISTS lines)
    # 00000000 00013a10 V mote::detail::layer_constants<digits, 1u>::value
    # or, for a program that hands them to mote::forward itself, digits::parameters
    if(line MATCHES "^[0-9a-f]+ ([0-9a-f]+) ([VvRru] mote::|[A-Za-z] .*::parameters$)")
      math(EXPR weights "${weights} + 0x${CMAKE_MATCH_1}")
    endif()
  endforeach()
  set(${result} ${weights} PARENT_SCOPE)
endfunction()
# The linker leaves out those of which a kernel keeps a copy in another layout.
weigh_constants(compiled "${MODEL_OBJECT}")
weigh_constants(weights "${ELF}")
math(EXPR code "${text} + ${rodata} - ${compiled}")

set(heap "_?(malloc|free|calloc|realloc|sbrk)(_r)?|_Zn[wa].*|_Zd[la].*")
set(exceptions "__cxa_.*|_Unwind.*|__gxx_personality.*")
# GCC's names for soft double, with Arm's: __adddf3, __floatsidf, __truncdfsf2; __aeabi_dadd,
# __aeabi_cdcmple, __aeabi_f2d.
set(double "__[a-z]+df[a-z]*[0-9]?|__aeabi_c?d.*|__aeabi_[a-z]+2d")
set(forbidden "")
read_lines(${NM} --defined-only "${ELF}")
foreach(line IN LISTS lines)
  if(line MATCHES "^[0-9a-f]+ [A-Za-z] (${heap}|${exceptions}|${double})$")
    list(APPEND forbidden ${CMAKE_MATCH_1})
  endif()
endforeach()
if(forbidden)
  list(JOIN forbidden ", " forbidden)
  message(FATAL_ERROR "firmware_size: ${ELF} holds a heap, exceptions or arithmetic in double: "
    "${forbidden}. The map file beside it says who asked for them.")
endif()

set(json "{}")
string(JSON json SET "${json}" code_bytes ${code})
string(JSON json SET "${json}" weight_bytes ${weights})
string(JSON json SET "${json}" ram_bytes ${ram})
file(WRITE "${OUTPUT_JSON}" "${json}\n")
if(NOT QUIET)
  message("${json}")
endif()
