# Runs firmware in its emulator and looks at its exit status and what it says.
#
#   cmake -DTARGET=<core> -DELF=<file> -DSAYS=<regex> [-DSTATUS=<exit status>] [-DSIMAVR=<program>]
#         [-DCOMMAND_LINE=<text>] [-DSAYS_LINES_OF=<file>] -DTARGETS=<targets/> -P run.cmake
#
# SAYS_LINES_OF is a text each line of which the firmware has to say.
#
# Prints SKIPPED without the firmware or the emulator.
cmake_minimum_required(VERSION 3.25)
include(${TARGETS}/firmware/targets.cmake)
mote_describe_target(${TARGET})
mote_find_emulator(EMULATOR missing)
if(NOT ELF)
  message("SKIPPED: the compiler for ${TARGET} was not found")
  return()
elseif(missing)
  message("SKIPPED: ${missing}")
  return()
endif()
mote_emulator_command(command ${ELF} "${COMMAND_LINE}" "")
execute_process(COMMAND ${command} TIMEOUT 60 RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT STATUS)
  set(STATUS 0)
endif()
if(NOT status EQUAL STATUS OR NOT said MATCHES "${SAYS}")
  message(FATAL_ERROR "${ELF}: expected ${STATUS} and ${SAYS}, got ${status}: ${said}")
endif()
if(SAYS_LINES_OF)
  file(STRINGS ${SAYS_LINES_OF} lines)
  foreach(line IN LISTS lines)
    string(FIND "${said}" "${line}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "${ELF}: expected the line '${line}', got:\n${said}")
    endif()
  endforeach()
endif()
message("${said}")
