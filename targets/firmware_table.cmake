# Prints what measure_firmware.cmake wrote for several pieces of firmware as one Markdown table.
# Instructions and cycles are those of one inference, all else is bytes:
#
#   cmake "-DFILES=cortex-m4.json;rv32imac.json" [-DJSON=<file>] [-DMARKDOWN=<file>]
#         [-DRECORDED=<file>] [-DMORE=<file>,...] -P targets/firmware_table.cmake
#
# JSON gets a list of all that was measured, MARKDOWN the table. Fails when a number is more than 2 %
# above that of the row with the same first four columns in the table RECORDED. MORE are files with one
# row each about training on the device, a table of their own.
cmake_minimum_required(VERSION 3.25)

# Sets the variable to the number with commas: 12,345.
function(with_commas variable number)
  while(number MATCHES "^([0-9]+)([0-9][0-9][0-9].*)$")
    set(number "${CMAKE_MATCH_1},${CMAKE_MATCH_2}")
  endwhile()
  set(${variable} "${number}" PARENT_SCOPE)
endfunction()

set(names target network policy optimization)
set(numbers instructions cycles code_bytes weight_bytes ram_bytes stack_bytes
  stack_bound_bytes)
set(table "| target | network | policy | flags | instructions | cycles | code | weights | RAM | stack | stack bound | instructions per MAC |
|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
")
if(RECORDED)
  file(STRINGS ${RECORDED} recorded)
endif()

# Sets <grown> to what is more than 2 % above the recorded row that starts like this one.
function(compare grown start values)
  set(result "")
  foreach(line IN LISTS recorded)
    string(FIND "${line}" "${start}" at)
    if(at EQUAL 0)
      string(LENGTH "${start}" length)
      string(SUBSTRING "${line}" ${length} -1 rest)
      string(REPLACE "," "" rest "${rest}")
      string(REGEX MATCHALL "[^| ]+" before "${rest}")
      foreach(old new name IN ZIP_LISTS before values numbers)
        if(name AND old MATCHES "^[0-9]+$" AND new MATCHES "^[0-9]+$")
          math(EXPR most "${old} + ${old} / 50")
          if(new GREATER most)
            string(APPEND result "  ${start} ${name}: ${old} before, ${new} now\n")
          endif()
        elseif(name AND old MATCHES "^[0-9]+$")
          string(APPEND result "  ${start} ${name}: ${old} before, none now\n")
        endif()
      endforeach()
    endif()
  endforeach()
  set(${grown} "${result}" PARENT_SCOPE)
endfunction()

set(list "[]")
set(count 0)
set(all_grown "")
foreach(file IN LISTS FILES)
  file(READ ${file} json)
  string(JSON skipped ERROR_VARIABLE ran GET "${json}" skipped)
  if(NOT ran)
    string(JSON target GET "${json}" target)
    string(APPEND table "| ${target} | skipped: ${skipped} |\n")
    continue()
  endif()
  string(JSON list SET "${list}" ${count} "${json}")
  math(EXPR count "${count} + 1")
  set(start "|")
  foreach(key IN LISTS names)
    string(JSON value GET "${json}" ${key})
    string(APPEND start " ${value} |")
  endforeach()
  set(line "${start}")
  set(values "")
  foreach(key IN LISTS numbers)
    string(JSON value ERROR_VARIABLE missing GET "${json}" ${key})
    if(missing OR value STREQUAL "")
      set(value "-")
    endif()
    list(APPEND values ${value})
    with_commas(value "${value}")
    string(APPEND line " ${value} |")
  endforeach()
  list(GET values 0 instructions)
  set(share "-")
  if(instructions MATCHES "^[0-9]+$")
    string(JSON macs GET "${json}" macs)
    math(EXPR share "${instructions} * 1000 / ${macs} + 1000000") # three digits behind the point
    string(REGEX REPLACE "^1([0-9]+)([0-9][0-9][0-9])$" "\\1.\\2" share ${share})
    string(REGEX REPLACE "^0+([0-9])" "\\1" share ${share})
  endif()
  string(APPEND table "${line} ${share} |\n")
  compare(grown "${start}" "${values}")
  string(APPEND all_grown "${grown}")
endforeach()

if(MORE)
  string(REPLACE "," ";" MORE "${MORE}")
  string(APPEND table "
Training 784-16-10 in float on the device (examples/on_device), 8 images a step, to the weights of the
host bit for bit; instructions of the costliest step and bytes of RAM, for the whole network and for its
last layer behind an int8 network:

| target | instructions per step | RAM | per step, last layer | RAM, last layer |
|---|---:|---:|---:|---:|
")
  foreach(file IN LISTS MORE)
    file(READ ${file} line)
    foreach(number 1 2 3 4)
      if(line MATCHES " ([0-9]+)([0-9][0-9][0-9]) ")
        string(REPLACE " ${CMAKE_MATCH_1}${CMAKE_MATCH_2} " " @ " line "${line}")
        with_commas(text "${CMAKE_MATCH_1}${CMAKE_MATCH_2}")
        string(REPLACE " @ " " ${text} " line "${line}")
      endif()
    endforeach()
    string(APPEND table "${line}")
  endforeach()
endif()

message("${table}")
if(JSON)
  file(WRITE ${JSON} "${list}\n")
endif()
if(MARKDOWN)
  file(WRITE ${MARKDOWN} "${table}")
endif()
if(all_grown)
  message(FATAL_ERROR "firmware_table: more than 2 % above ${RECORDED}:\n${all_grown}")
endif()
