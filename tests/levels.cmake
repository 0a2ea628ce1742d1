# Whole networks built for the levels of x86-64, as a program is that has to run on other machines:
# v2 has SSE4.2, v3 AVX2 and FMA, v4 AVX-512.
#
# Included, it defines the tests; run as a script, it is one of them:
#
#   cmake -DPROGRAM=<path> -DNEEDS=<flag of /proc/cpuinfo>... -P levels.cmake
#
# Prints SKIPPED where the processor lacks what the program needs.
if(CMAKE_SCRIPT_MODE_FILE)
  cmake_minimum_required(VERSION 3.25)
  file(READ /proc/cpuinfo processors)
  string(REGEX MATCH "flags[^\n]*" flags "${processors}")
  separate_arguments(flags)
  foreach(flag ${NEEDS})
    if(NOT flag IN_LIST flags)
      message("SKIPPED: built, but this processor has no ${flag}")
      return()
    endif()
  endforeach()
  execute_process(COMMAND ${PROGRAM} COMMAND_ERROR_IS_FATAL ANY)
  return()
endif()

if(NOT MOTE_SLOW_TESTS OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  return()
endif()

# mote_level(<level> <name of the instruction set> <flag>...)
function(mote_level level expected)
  set(name test_levels_${level})
  add_executable(${name} levels.cpp $<TARGET_OBJECTS:catch_main>)
  mote_test_flags(${name})
  target_compile_options(${name} PRIVATE -march=x86-64-${level}) # the last one counts
  target_compile_definitions(${name} PRIVATE "MOTE_EXPECTED_ISA=\"${expected}\"")
  mote_script_test(levels/x86-64-${level} unit levels.cmake WITH -DPROGRAM=$<TARGET_FILE:${name}> "-DNEEDS=${ARGN}")
endfunction()
mote_level(v2 "simd 128" sse4_2 ssse3 popcnt)
mote_level(v3 "simd 256" avx2 fma bmi2 f16c)
mote_level(v4 "simd 512" avx512f avx512bw avx512cd avx512dq avx512vl)
