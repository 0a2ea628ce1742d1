# Compiles every header as a translation unit of its own, to find those that lean on what somebody
# else included before them.
#
#   cmake -DCOMPILER=<name> -DHEADERS=<folder above mote/> -DSCRATCH=<folder> -DFLAGS=<flag>...
#         [-DHOSTED=OFF] [-DEXCEPT=<regex>] [-DBOOST_ONLY=<folder above boost/>] -P headers.cmake
#
# HOSTED=OFF leaves hosted/ out, EXCEPT what it matches. BOOST_ONLY makes Boost visible, and nothing beside it. Prints
# SKIPPED without the compiler.
cmake_minimum_required(VERSION 3.20)

find_program(compiler NAMES ${COMPILER})
if(NOT compiler)
  message("SKIPPED: ${COMPILER} was not found")
  return()
endif()
if(BOOST_ONLY)
  include(${CMAKE_CURRENT_LIST_DIR}/../targets/boost.cmake)
  set(CMAKE_CROSSCOMPILING TRUE) # what mote_find_boost makes the folder for
  set(MOTE_BOOST_INCLUDE_DIR ${BOOST_ONLY})
  mote_find_boost(boost ${SCRATCH})
  list(APPEND FLAGS -isystem ${boost})
endif()

# A header is no main file (#pragma once would be pointless), so each gets a source that includes
# it. Twice, for its guard.
file(REMOVE_RECURSE ${SCRATCH}/sources)
file(GLOB_RECURSE headers RELATIVE ${HEADERS} ${HEADERS}/mote/*.hpp)
set(sources "")
foreach(header IN LISTS headers)
  if(header MATCHES "^mote/hosted/" AND DEFINED HOSTED AND NOT HOSTED)
    continue()
  endif()
  if(EXCEPT AND header MATCHES "${EXCEPT}")
    continue()
  endif()
  set(source ${SCRATCH}/sources/${header}.cpp)
  file(WRITE ${source} "#include <${header}>\n#include <${header}>\n")
  list(APPEND sources ${source})
endforeach()
list(LENGTH sources count)
if(count EQUAL 0)
  message(FATAL_ERROR "headers: there are none in ${HEADERS}/mote")
endif()

execute_process(COMMAND ${compiler} -std=c++20 -fsyntax-only ${FLAGS} -I${HEADERS} ${sources}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "headers: not every header compiles alone with ${COMPILER}:\n${output}")
endif()
message("${count} headers compile alone with ${COMPILER}")
