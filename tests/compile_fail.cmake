# Compiles a source that is wrong in one way and compares the compiler's first error with the one
# the source expects, for that is the line a user reads:
#
#   // expect: REGEX        the first line with an error, without its end
#   // expect: compiles     no error: a control
#
#   cmake -DCOMPILER=<name> -DSOURCE=<file> -DINCLUDES=<flag>... -P compile_fail.cmake
#
# Prints SKIPPED without the compiler.
cmake_minimum_required(VERSION 3.20)

find_program(compiler ${COMPILER})
if(NOT compiler)
  message("SKIPPED: ${COMPILER} was not found")
  return()
endif()
# Not line by line, for a list of lines would lose semicolons and brackets.
file(READ ${SOURCE} text)
if(NOT text MATCHES "(^|\n)// expect: ([^\n]+)")
  message(FATAL_ERROR "${SOURCE}: there is no line '// expect: REGEX'")
endif()
set(expected "${CMAKE_MATCH_2}")

# In the C locale the compilers quote with the apostrophe of ASCII.
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C
          ${compiler} -std=c++20 -fsyntax-only ${INCLUDES} ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)

if(expected STREQUAL "compiles")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${SOURCE}: expected to compile, but ${COMPILER} said:\n${output}")
  endif()
  return()
endif()
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE}: compiled with ${COMPILER}, but was expected to fail with:\n"
    "  ${expected}")
endif()
if(NOT output MATCHES "[^\n]*error: [^\n]*")
  message(FATAL_ERROR "${SOURCE}: ${COMPILER} failed (${status}) without an error line:\n${output}")
endif()
set(first "${CMAKE_MATCH_0}")
if(NOT first MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE}: the first error of ${COMPILER} is\n  ${first}\nbut was expected "
    "to match\n  ${expected}")
endif()
