# Compiles an exported header in a translation unit of its own.
#
#   cmake -DCOMPILER=<name> -DHEADER=<name.hpp> -DFOLDER=<where it is> -DINCLUDE=<folder above mote/>
#         -DFLAGS=<flag>... -DSCRATCH=<folder> [-DBOOST_ONLY=<folder above boost/>] -P alone.cmake
#
# BOOST_ONLY makes Boost visible, and nothing beside it. Prints SKIPPED without the compiler.
cmake_minimum_required(VERSION 3.20)

find_program(compiler ${COMPILER})
if(NOT compiler)
  message("SKIPPED: ${COMPILER} was not found")
  return()
endif()
file(MAKE_DIRECTORY ${SCRATCH})
if(BOOST_ONLY)
  include(${CMAKE_CURRENT_LIST_DIR}/../../targets/boost.cmake)
  set(CMAKE_CROSSCOMPILING TRUE) # what mote_find_boost makes the folder for
  set(MOTE_BOOST_INCLUDE_DIR ${BOOST_ONLY})
  mote_find_boost(boost ${SCRATCH})
  list(APPEND FLAGS -isystem ${boost})
endif()
cmake_path(GET HEADER STEM model)
execute_process(
  COMMAND ${compiler} -std=c++20 ${FLAGS} -I${INCLUDE} -I${FOLDER} "-DMOTE_MODEL_HEADER=\"${HEADER}\""
          -DMOTE_MODEL=${model} -c ${CMAKE_CURRENT_LIST_DIR}/alone.cpp -o ${SCRATCH}/${model}.o
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${HEADER} does not compile alone with ${COMPILER}:\n${output}")
endif()
message("${HEADER} compiles alone with ${COMPILER}")
