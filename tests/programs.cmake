# Tests that run whole programs: the exported headers, the program mote, its scripts, the demo.

# Exported headers: made by one program, compiled into another, compared.
set(golden_headers real.hpp real_extremes.hpp integer.hpp integer_extremes.hpp)
set(golden_folder ${CMAKE_CURRENT_BINARY_DIR}/golden)
file(MAKE_DIRECTORY ${golden_folder})
list(TRANSFORM golden_headers PREPEND ${golden_folder}/ OUTPUT_VARIABLE golden_files)
list(APPEND golden_files ${golden_folder}/expected.hpp)
foreach(name generate compare)
  add_executable(golden_${name} golden/${name}.cpp)
  mote_own_flags(golden_${name})
  # No contraction: the outputs of the two are compared bit by bit.
  target_compile_options(golden_${name} PRIVATE -ffp-contract=off)
endforeach()
target_compile_options(golden_generate PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_link_libraries(golden_generate PRIVATE ZLIB::ZLIB)
add_custom_command(OUTPUT ${golden_files} DEPENDS golden_generate
  COMMAND golden_generate ${golden_folder} VERBATIM)
target_sources(golden_compare PRIVATE ${golden_files})
target_include_directories(golden_compare PRIVATE ${golden_folder})
add_test(NAME golden/compare COMMAND golden_compare)
set_tests_properties(golden/compare PROPERTIES LABELS golden TIMEOUT 60)

# And each of them alone. `strict` and `includes` are those of checks.cmake.
foreach(header IN LISTS golden_headers)
  cmake_path(GET header STEM stem)
  set(common -DHEADER=${header} -DFOLDER=${golden_folder} -DINCLUDE=${PROJECT_SOURCE_DIR}/include)
  foreach(compiler IN LISTS mote_compilers)
    mote_script_test(golden/${stem}/${compiler} golden golden/alone.cmake WITH ${common}
      -DCOMPILER=${compiler} "-DFLAGS=${strict};${includes}" -DSCRATCH=${golden_folder}/${compiler})
  endforeach()
  mote_script_test(golden/${stem}/arm-none-eabi-g++ golden golden/alone.cmake WITH ${common}
    -DCOMPILER=arm-none-eabi-g++ -DBOOST_ONLY=${MOTE_BOOST_INCLUDE_DIR}
    "-DFLAGS=${strict};${mote_target_flags};-Os;-fno-exceptions;-fno-rtti;-fno-threadsafe-statics"
    -DSCRATCH=${golden_folder}/arm-none-eabi-g++)
endforeach()

foreach(case no_mirror wrong_content corrupt_gzip existing_folder second_mirror incomplete_mirror)
  mote_script_test(download/${case} unit download.cmake WITH -DCASE=${case}
    -DSCRIPT=${PROJECT_SOURCE_DIR}/targets/data.cmake -DREAL=${PROJECT_SOURCE_DIR}/../shared/mnist
    -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/download/${case})
endforeach()

if(NOT TARGET mote_program)
  return()
endif()
set(program -DPROGRAM=$<TARGET_FILE:mote_program>)
foreach(case command_line unknown_model no_model_file bad_data too_much_validation unwritable wrong_form
             diverged csv normalized augmented lenet workflow default_names estimate threads)
  mote_script_test(program/${case} unit program.cmake WITH ${program} -DCASE=${case}
    -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/program/${case})
endforeach()

# The demo, short. Its build is a test, so that building the tests does not run it.
mote_add_demo(quick_demo TRAIN --limit 8000 --validation 1000 --epochs 1)
get_target_property(quick_elf quick_demo_firmware MOTE_ELF)
if(NOT quick_elf)
  set(quick_elf "")
endif()
set(quick -DDEMO=${CMAKE_CURRENT_BINARY_DIR}/quick_demo -DELF=${quick_elf}
  -DTARGETS=${PROJECT_SOURCE_DIR}/targets)
find_program(MOTE_HOST_CC NAMES cc gcc clang REQUIRED)
add_test(NAME demo/build COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target quick_demo)
set_tests_properties(demo/build PROPERTIES LABELS firmware TIMEOUT 600 FIXTURES_SETUP quick_demo)
mote_script_test(demo/summary firmware demo.cmake WITH -DCASE=summary ${quick})
mote_script_test(demo/no_emulator firmware demo.cmake WITH -DCASE=no_emulator ${quick}
  -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/demo/no_emulator)
mote_script_test(demo/no_compiler firmware demo.cmake WITH -DCASE=no_compiler ${program}
  -DCC=${MOTE_HOST_CC} -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/demo/no_compiler)
mote_script_test(demo/run_firmware firmware firmware_scripts.cmake WITH -DCASE=run ${quick}
  -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/demo/run_firmware)
mote_script_test(demo/stack_bound firmware firmware_scripts.cmake WITH -DCASE=stack
  -DTARGETS=${PROJECT_SOURCE_DIR}/targets -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/demo/stack_bound)
mote_script_test(demo/firmware_size firmware firmware_scripts.cmake WITH -DCASE=size
  -DTARGETS=${PROJECT_SOURCE_DIR}/targets -DCC=${MOTE_HOST_CC}
  -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/demo/firmware_size)
set_tests_properties(demo/summary demo/no_emulator demo/run_firmware PROPERTIES FIXTURES_REQUIRED quick_demo)
