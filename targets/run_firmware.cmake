# Runs firmware in the emulator over a file of images, and checks and measures what it does:
#
#   cmake -DELF=digits.elf -DIMAGES=images.bin -DOUTPUT=logits.bin -DOUTPUT_JSON=run.json \
#         [-DEXPECTED=host_logits.bin] [-DPLUGIN=instructions.so] [-DTARGET=cortex-m4] \
#         [-DSIMAVR=simavr] [-DTIMEOUT=300] -P targets/run_firmware.cmake
#
# PLUGIN is what mote_add_instruction_counter builds, SIMAVR what mote_add_simavr does, without
# which nothing runs on an AVR.
# Fails when the firmware does, when it takes longer than TIMEOUT seconds, or when its output
# differs from EXPECTED in any byte. What was not asked for is null in the JSON.
cmake_minimum_required(VERSION 3.25)

foreach(needed ELF IMAGES OUTPUT OUTPUT_JSON)
  if(NOT ${needed})
    message(FATAL_ERROR "run_firmware: -D${needed}=... is missing")
  endif()
endforeach()
foreach(file ELF EXPECTED PLUGIN SIMAVR)
  if(${file} AND NOT EXISTS "${${file}}")
    message(FATAL_ERROR "run_firmware: there is no file ${${file}} (${file})")
  endif()
endforeach()
if(NOT TARGET)
  set(TARGET cortex-m4)
endif()
if(NOT TIMEOUT)
  set(TIMEOUT 300)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/firmware/targets.cmake)
mote_describe_target(${TARGET})

mote_find_emulator(EMULATOR reason)
if(reason)
  message("skipped: ${reason}")
  file(WRITE "${OUTPUT_JSON}" "{\"skipped\": \"${reason}\"}\n")
  return()
endif()

# Nothing of an earlier run may be taken for this one's result.
set(counts "${OUTPUT}.instructions")
file(REMOVE "${OUTPUT}" "${OUTPUT_JSON}" "${counts}")

# On the firmware's command line a tab parts the two names, which may have spaces.
string(ASCII 9 tab)
mote_emulator_command(command "${ELF}" "${IMAGES}${tab}${OUTPUT}" "${counts}")
execute_process(COMMAND ${command} TIMEOUT ${TIMEOUT} RESULT_VARIABLE status
  OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(NOT status STREQUAL "0")
  message(FATAL_ERROR "run_firmware: the firmware failed (${status}):\n${text}")
endif()
if(NOT text MATCHES "images=([0-9]+) stack=([0-9]+) macs=([0-9]+) flash=([0-9]+) ram=([0-9]+)")
  message(FATAL_ERROR "run_firmware: the firmware ended without its closing line:\n${text}")
endif()
set(images ${CMAKE_MATCH_1})
set(stack ${CMAKE_MATCH_2})
set(macs ${CMAKE_MATCH_3})
set(reported_flash ${CMAKE_MATCH_4})
set(reported_ram ${CMAKE_MATCH_5})

# Instructions, and cycles where the emulator knows them: means, rounded down, of passes that are
# equal unless the network branches on its data.
set(measured "instructions null" "instructions_min null" "instructions_max null")
if(PLUGIN OR mote_target_emulator STREQUAL "simavr")
  file(STRINGS "${counts}" lines)
  set(measured "")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([a-z]+): passes=([0-9]+) min=([0-9]+) max=([0-9]+) total=([0-9]+)$"
       OR NOT CMAKE_MATCH_2 EQUAL images)
      message(FATAL_ERROR "run_firmware: ${images} images, but the emulator says: ${line}")
    endif()
    math(EXPR mean "${CMAKE_MATCH_5} / ${CMAKE_MATCH_2}")
    list(APPEND measured "${CMAKE_MATCH_1} ${mean}" "${CMAKE_MATCH_1}_min ${CMAKE_MATCH_3}"
      "${CMAKE_MATCH_1}_max ${CMAKE_MATCH_4}")
  endforeach()
  if(NOT measured)
    message(FATAL_ERROR "run_firmware: the emulator counted nothing")
  endif()
endif()

set(equal null)
if(EXPECTED)
  file(READ "${OUTPUT}" got HEX)
  file(READ "${EXPECTED}" expected HEX)
  string(LENGTH "${got}" got_length)
  string(LENGTH "${expected}" expected_length)
  if(NOT got_length EQUAL expected_length)
    math(EXPR got_length "${got_length} / 2")
    math(EXPR expected_length "${expected_length} / 2")
    message(FATAL_ERROR "run_firmware: the firmware wrote ${got_length} bytes; "
      "${expected_length} were expected (${EXPECTED})")
  endif()
  if(NOT got STREQUAL expected)
    # Halve the range [same, differs) until it is one byte: all before `same` is equal.
    set(same 0)
    math(EXPR differs "${got_length} / 2")
    while(differs GREATER same)
      math(EXPR middle "(${same} + ${differs}) / 2")
      math(EXPR digits "(${middle} - ${same} + 1) * 2")
      math(EXPR start "${same} * 2")
      string(SUBSTRING "${got}" ${start} ${digits} got_part)
      string(SUBSTRING "${expected}" ${start} ${digits} expected_part)
      if(got_part STREQUAL expected_part)
        math(EXPR same "${middle} + 1")
      else()
        set(differs ${middle})
      endif()
    endwhile()
    math(EXPR start "${same} * 2")
    string(SUBSTRING "${got}" ${start} 2 got_byte)
    string(SUBSTRING "${expected}" ${start} 2 expected_byte)
    math(EXPR per_image "${got_length} / 2 / ${images}")
    math(EXPR image "${same} / ${per_image}")
    math(EXPR byte "${same} % ${per_image}")
    message(FATAL_ERROR "run_firmware: the output differs from ${EXPECTED}, first in image "
      "${image} (counted from 0), byte ${byte}: got 0x${got_byte}, expected 0x${expected_byte}")
  endif()
  set(equal true)
endif()

set(json "{}")
string(JSON json SET "${json}" target "\"${TARGET}\"")
string(JSON json SET "${json}" images ${images})
string(JSON json SET "${json}" macs ${macs})
string(JSON json SET "${json}" outputs_equal ${equal})
foreach(member IN LISTS measured)
  separate_arguments(member)
  string(JSON json SET "${json}" ${member})
endforeach()
string(JSON json SET "${json}" stack_bytes ${stack})
string(JSON json SET "${json}" reported_flash_bytes ${reported_flash})
string(JSON json SET "${json}" reported_ram_bytes ${reported_ram})
file(WRITE "${OUTPUT_JSON}" "${json}\n")
if(NOT QUIET)
  message("${json}")
endif()
