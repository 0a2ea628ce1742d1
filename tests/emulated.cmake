# Builds tests for another machine, as one program, and runs it in an emulator:
#
#   cmake -DCOMPILER=<name> -DEMULATOR=<name> -DTESTS=<path without .cpp>... -DFLAGS=<flag>...
#         -DINCLUDE=<folder above mote/> -DBOOST=<folder above boost/> -DCATCH=<folder above catch2/>
#         -DSCRATCH=<folder> -P emulated.cmake
#
# Prints SKIPPED without the compiler, the emulator, or version 2 of Catch2, which is a header.
cmake_minimum_required(VERSION 3.25)

foreach(program ${COMPILER} ${EMULATOR})
  find_program(found ${program} NO_CACHE)
  if(NOT found)
    message("SKIPPED: ${program} was not found; install it with targets/setup.sh --emulators")
    return()
  endif()
  unset(found)
endforeach()
if(NOT EXISTS ${CATCH}/catch2/catch.hpp)
  message("SKIPPED: ${CATCH}/catch2/catch.hpp was not found: Catch2 of version 2 is needed")
  return()
endif()

# Of the host's headers those two libraries and nothing else.
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH}/libraries)
file(CREATE_LINK ${BOOST}/boost ${SCRATCH}/libraries/boost SYMBOLIC)
file(CREATE_LINK ${CATCH}/catch2 ${SCRATCH}/libraries/catch2 SYMBOLIC)

set(objects "")
foreach(test main ${TESTS})
  set(level "")
  if(test STREQUAL "main") # takes a minute else, and gains nothing
    set(level -O0)
  endif()
  string(MAKE_C_IDENTIFIER ${test} object)
  set(object ${SCRATCH}/${object}.o)
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND ${COMPILER} -std=c++20 ${FLAGS} ${level} -I${INCLUDE} -I${CMAKE_CURRENT_LIST_DIR}
            -isystem ${SCRATCH}/libraries "-DMOTE_SOURCE_DIR=\"${CMAKE_CURRENT_LIST_DIR}/..\""
            -c ${CMAKE_CURRENT_LIST_DIR}/${test}.cpp -o ${object})
  list(APPEND objects ${object})
endforeach()
execute_process(COMMAND ${COMPILER} -static ${objects} -o ${SCRATCH}/tests COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${EMULATOR} ${SCRATCH}/tests COMMAND_ERROR_IS_FATAL ANY)
