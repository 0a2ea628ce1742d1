# Tests that run a compiler or CMake in place of a program.
set(mote_compilers g++ clang++-14 clang++-19)

# mote_script_test(<name> <label> <script> WITH -D<variable>=<value>...); a value may be a list.
function(mote_script_test name label script)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "" WITH) # unlike ARGN, keeps a list one argument
  add_test(NAME ${name}
    COMMAND ${CMAKE_COMMAND} ${arg_WITH} -P ${CMAKE_CURRENT_SOURCE_DIR}/${script})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 600
    SKIP_REGULAR_EXPRESSION "SKIPPED: ")
endfunction()

set(includes -I${PROJECT_SOURCE_DIR}/include)
# Naming a folder that the compiler knows anyway would change the order in which it looks.
if(NOT mote_boost_include_dir IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
  list(APPEND includes -isystem ${mote_boost_include_dir})
endif()

# What must not compile, and with which first line.
file(GLOB sources CONFIGURE_DEPENDS compile_fail/*.cpp)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM stem)
  foreach(compiler IN LISTS mote_compilers)
    mote_script_test(compile_fail/${stem}/${compiler} compile_fail compile_fail.cmake WITH
      -DCOMPILER=${compiler} -DSOURCE=${source} "-DINCLUDES=${includes}")
  endforeach()
endforeach()
# And that the script notices. CMake breaks the lines of its messages anywhere.
foreach(test compiles another_line)
  mote_script_test(compile_fail/notices/${test} compile_fail compile_fail.cmake WITH -DCOMPILER=g++
    -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/notices/${test}.cpp "-DINCLUDES=${includes}")
endforeach()
set_tests_properties(compile_fail/notices/compiles PROPERTIES
  PASS_REGULAR_EXPRESSION "expected[ \n]+to[ \n]+fail[ \n]+with:[ \n]+any error")
set_tests_properties(compile_fail/notices/another_line PROPERTIES
  PASS_REGULAR_EXPRESSION "alpha[ \n]+but[ \n]+was[ \n]+expected[ \n]+to[ \n]+match[ \n]+beta")

# Every header alone, with the flags of our own sources: asked of a target, that they are written
# only once.
add_library(flags_of_our_own OBJECT EXCLUDE_FROM_ALL main.cpp)
mote_own_flags(flags_of_our_own)
get_target_property(strict flags_of_our_own COMPILE_OPTIONS)
foreach(compiler IN LISTS mote_compilers)
  mote_script_test(headers/${compiler} headers headers.cmake WITH -DCOMPILER=${compiler}
    -DHEADERS=${PROJECT_SOURCE_DIR}/include "-DFLAGS=${strict};${includes}"
    -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/headers/${compiler})
endforeach()
mote_describe_target(cortex-m4)
mote_script_test(headers/arm-none-eabi-g++ headers headers.cmake WITH -DCOMPILER=arm-none-eabi-g++
  -DHEADERS=${PROJECT_SOURCE_DIR}/include -DHOSTED=OFF -DBOOST_ONLY=${MOTE_BOOST_INCLUDE_DIR}
  "-DFLAGS=${strict};${mote_target_flags};-Os;-fno-exceptions;-fno-rtti;-fno-threadsafe-statics"
  -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/headers/arm-none-eabi-g++)
foreach(target rv32imac atmega328p)
  mote_describe_target(${target})
  set(library ${mote_target_cxx_headers})
  set(except "")
  if(target STREQUAL "atmega328p") # kernels/constant_int8.hpp leaves these out there
    set(except "^mote/kernels/(requantize|arm_dsp|helium|scalar32)")
  endif()
  mote_script_test(headers/${target} headers headers.cmake WITH -DHEADERS=${PROJECT_SOURCE_DIR}/include -DHOSTED=OFF
    -DEXCEPT=${except} "-DCOMPILER=${mote_target_cxx_compiler}" -DBOOST_ONLY=${MOTE_BOOST_INCLUDE_DIR}
    "-DFLAGS=${strict};${mote_target_flags};${mote_target_cxx_flags};-Os;-fno-exceptions;-fno-rtti;-nostdinc++;-isystem${library};-isystem${library}/arm-none-eabi;-isystem/usr/include/newlib"
    -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/headers/${target})
endforeach()
mote_describe_target(cortex-m4) # for those who include this file
mote_script_test(headers/include_rules headers include_rules.cmake WITH
  -DHEADERS=${PROJECT_SOURCE_DIR}/include)

# Projects that use the library, each in its own way.
foreach(project find_package add_subdirectory fetch_content no_exceptions)
  mote_script_test(consumer/${project} consumer consumer.cmake WITH -DPROJECT=${project}
    -DCHECKOUT=${PROJECT_SOURCE_DIR} -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/consumer/${project}
    -DGENERATOR=${CMAKE_GENERATOR} -DCOMPILER=${CMAKE_CXX_COMPILER})
endforeach()

# The code of the front page.
mote_script_test(readme unit readme.cmake WITH -DREADME=${PROJECT_SOURCE_DIR}/README.md
  -DCOMPILER=${CMAKE_CXX_COMPILER} -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/readme_blocks
  "-DFLAGS=${strict};${includes};-I${CMAKE_CURRENT_SOURCE_DIR}/readme")
