# Configures, builds and runs one of the projects in consumer/, as its author would.
#
#   cmake -DPROJECT=<folder in consumer/> -DCHECKOUT=<mote's sources> -DSCRATCH=<folder>
#         -DGENERATOR=<CMake generator> -DCOMPILER=<C++ compiler> -P consumer.cmake
cmake_minimum_required(VERSION 3.20)

# Flags of the environment would be found among those of the command line below.
foreach(variable CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CMAKE_BUILD_TYPE)
  unset(ENV{${variable}})
endforeach()
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "consumer/${PROJECT}: failed (${status}): ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
set(build ${SCRATCH}/build)
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER})
set(where -DMOTE_CHECKOUT=${CHECKOUT})
if(PROJECT STREQUAL "find_package")
  run(${configure} -S ${CHECKOUT} -B ${SCRATCH}/mote -DMOTE_TESTS=OFF -DMOTE_PROGRAMS=OFF)
  run(${CMAKE_COMMAND} --install ${SCRATCH}/mote --prefix ${SCRATCH}/prefix)
  # The installed tree has to do without what it was made from.
  file(REMOVE_RECURSE ${SCRATCH}/mote)
  set(where -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
endif()

run(${configure} -S ${CMAKE_CURRENT_LIST_DIR}/consumer/${PROJECT} -B ${build} ${where}
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
if(output MATCHES "CMake [^\n]*Warning")
  message(FATAL_ERROR "consumer/${PROJECT}: configuring warns:\n${output}")
endif()

# The compiler is told where the headers are and which C++ it is; no flag, no definition.
file(READ ${build}/compile_commands.json commands)
string(JSON count LENGTH "${commands}")
string(JSON command GET "${commands}" 0 command)
string(REGEX MATCHALL " -[^ ]*" flags "${command}")
list(TRANSFORM flags STRIP)
list(FILTER flags EXCLUDE REGEX "^-(I.*|isystem|std=(gnu|c)[+][+]..|o|c)$")
set(own "")
if(PROJECT STREQUAL "no_exceptions")
  set(own -fno-exceptions -fno-rtti)
endif()
if(NOT count EQUAL 1 OR NOT "${flags}" STREQUAL "${own}")
  message(FATAL_ERROR "consumer/${PROJECT}: expected one source with the flags '${own}', found "
    "${count} with '${flags}': ${command}")
endif()
if(PROJECT STREQUAL "find_package" AND command MATCHES "${CHECKOUT}/include")
  message(FATAL_ERROR "consumer/${PROJECT}: reads the headers that were not installed: ${command}")
endif()

run(${CMAKE_COMMAND} --build ${build})
run(${CMAKE_CTEST_COMMAND} --test-dir ${build} --output-on-failure)
if(NOT output MATCHES "out of 1\n")
  message(FATAL_ERROR "consumer/${PROJECT}: expected one test, its own:\n${output}")
endif()

if(EXISTS ${build}/firmware.cmake)
  include(${build}/firmware.cmake)
  if(EXISTS "${elf}")
    message(FATAL_ERROR "consumer/${PROJECT}: the firmware was built without being asked for")
  endif()
  run(${CMAKE_COMMAND} --build ${build} --target tiny)
  if(skipped)
    message("consumer/${PROJECT}: no firmware: ${skipped}")
  elseif(NOT EXISTS "${elf}")
    message(FATAL_ERROR "consumer/${PROJECT}: there is no firmware at '${elf}':\n${output}")
  endif()
endif()
