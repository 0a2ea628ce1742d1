# CMake toolchain for every target:
#
#   cmake -B build -DCMAKE_TOOLCHAIN_FILE=targets/firmware/toolchain.cmake -DMOTE_TARGET=cortex-m4
#         [-DMOTE_FIRMWARE_COMPILER=clang]
set(MOTE_FIRMWARE_COMPILER gcc CACHE STRING "gcc, clang, or a clang by its name; AVR has clang in any case")
set(MOTE_TARGET cortex-m4 CACHE STRING "Target to compile for, from targets/*/targets.cmake")
# CMake reads this file again in each try_compile, which would not see the choice otherwise.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MOTE_TARGET MOTE_FIRMWARE_COMPILER)

include(${CMAKE_CURRENT_LIST_DIR}/targets.cmake)
mote_describe_target(${MOTE_TARGET})
mote_find_target_tools(mote_missing)
if(mote_missing)
  message(FATAL_ERROR "mote: ${mote_missing}")
endif()

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR ${MOTE_TARGET})
set(CMAKE_C_COMPILER ${mote_c_compiler})
set(CMAKE_CXX_COMPILER ${mote_cxx_compiler})
# A bare board has no program to link before start-up code and a linker script are given.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# In the language flags, so that whatever else the project builds fits the same core and ABI.
list(JOIN mote_target_flags " " flags)
list(JOIN mote_target_c_flags " " CMAKE_C_FLAGS_INIT)
list(JOIN mote_target_cxx_flags " " CMAKE_CXX_FLAGS_INIT)
string(PREPEND CMAKE_C_FLAGS_INIT "${flags} ")
string(PREPEND CMAKE_CXX_FLAGS_INIT "${flags} ")
