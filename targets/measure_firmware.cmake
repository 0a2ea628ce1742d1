# Runs firmware as run_firmware.cmake does, weighs it as firmware_size.cmake does, and fails when
# the weights and the RAM are not what mote::report says, to the byte, when two inferences took
# different numbers of instructions, or when it took more stack than stack_bound.cmake finds that it
# can:
#
#   cmake -DTARGET=cortex-m4 -DELF=digits.elf -DMODEL_OBJECT=digits.model.o -DIMAGES=images.bin \
#         -DOUTPUT=logits.bin -DEXPECTED=host_logits.bin -DPLUGIN=instructions.so \
#         -DSIMAVR=simavr -DOUTPUT_JSON=firmware.json -P targets/measure_firmware.cmake
#
# With -DSKIPPED=<why> there is no firmware, and the JSON says so. LABEL, what the JSON calls the
# target, NETWORK, POLICY and OPTIMIZATION are copied to it.
cmake_minimum_required(VERSION 3.25)

if(NOT TARGET)
  set(TARGET cortex-m4)
endif()
if(NOT LABEL)
  set(LABEL ${TARGET})
endif()
set(json_file "${OUTPUT_JSON}")
file(REMOVE "${json_file}")
if(SKIPPED)
  file(WRITE "${json_file}" "{\"target\": \"${LABEL}\", \"skipped\": \"${SKIPPED}\"}\n")
  return()
endif()

set(QUIET ON)
set(OUTPUT_JSON "${json_file}.run")
include(${CMAKE_CURRENT_LIST_DIR}/run_firmware.cmake)
file(READ "${OUTPUT_JSON}" run)
string(JSON skipped ERROR_VARIABLE ran GET "${run}" skipped)
if(NOT ran)
  file(WRITE "${json_file}" "{\"target\": \"${LABEL}\", \"skipped\": \"${skipped}\"}\n")
  return()
endif()
set(OUTPUT_JSON "${json_file}.size")
include(${CMAKE_CURRENT_LIST_DIR}/firmware_size.cmake)
file(READ "${OUTPUT_JSON}" size)

foreach(key code_bytes weight_bytes ram_bytes)
  string(JSON ${key} GET "${size}" ${key})
  string(JSON run SET "${run}" ${key} ${${key}})
endforeach()
string(JSON reported_flash GET "${run}" reported_flash_bytes)
string(JSON reported_ram GET "${run}" reported_ram_bytes)
if(NOT weight_bytes EQUAL reported_flash OR NOT ram_bytes EQUAL reported_ram)
  message(FATAL_ERROR "measure_firmware: the firmware for ${TARGET} holds ${weight_bytes} bytes of weights "
    "and ${ram_bytes} of RAM, but the report says ${reported_flash} and ${reported_ram}")
endif()

# How long an inference takes says nothing of its data; on an AVR, which has no kernels of its own,
# it differs by some branches of the requantization.
string(JSON least GET "${run}" instructions_min)
string(JSON most GET "${run}" instructions_max)
if(NOT least STREQUAL most AND NOT mote_target_family STREQUAL "avr")
  message(FATAL_ERROR "measure_firmware: the firmware for ${TARGET} took from ${least} to ${most} instructions")
endif()

# No bound can be read from code that calls through pointers: null.
execute_process(COMMAND ${CMAKE_COMMAND} -DELF=${ELF} -DTARGET=${TARGET} -P ${CMAKE_CURRENT_LIST_DIR}/stack_bound.cmake
  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
set(stack_bound null)
if(status EQUAL 0 AND said MATCHES ": at most ([0-9]+) bytes")
  set(stack_bound ${CMAKE_MATCH_1})
  string(JSON used GET "${run}" stack_bytes)
  if(used GREATER stack_bound)
    message(FATAL_ERROR "measure_firmware: the firmware for ${TARGET} used ${used} bytes of stack, but "
      "${stack_bound} were said to be the most")
  endif()
elseif(NOT said MATCHES "nothing can be said of")
  message(FATAL_ERROR "${said}")
endif()
string(JSON run SET "${run}" stack_bound_bytes ${stack_bound})
string(JSON run SET "${run}" target "\"${LABEL}\"")
foreach(key NETWORK POLICY OPTIMIZATION) # what the caller says of it
  string(TOLOWER ${key} member)
  string(JSON run SET "${run}" ${member} "\"${${key}}\"")
endforeach()
file(WRITE "${json_file}" "${run}\n")
