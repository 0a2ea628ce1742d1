# Looks at what the demo leaves behind.
#
#   cmake -DCASE=summary -DDEMO=<folder> -P demo.cmake
#   cmake -DCASE=no_emulator -DDEMO=<folder> -DELF=<file> -DTARGETS=<targets/> -DSCRATCH=<folder> -P demo.cmake
#   cmake -DCASE=no_compiler -DPROGRAM=<mote> -DCC=<C compiler> -DSCRATCH=<folder> -P demo.cmake
cmake_minimum_required(VERSION 3.25)

# get(<variable> <json> <member>...)
function(get variable json)
  string(JSON value ERROR_VARIABLE missing GET "${json}" ${ARGN})
  if(missing)
    message(FATAL_ERROR "summary.json has no ${ARGN}: ${json}")
  endif()
  set(${variable} "${value}" PARENT_SCOPE)
endfunction()

# require(<condition>...) of what is in summary.json; no argument may hold a semicolon
macro(require)
  if(NOT (${ARGV}))
    message(FATAL_ERROR "not true: ${ARGV}\n${json}")
  endif()
endmacro()

# Everything but the firmware; `skipped` is left as the reason why there is none, or empty.
macro(check_summary folder)
  file(READ ${folder}/summary.json json)
  foreach(key dataset seed float_accuracy int8_accuracy parameters macs flash_bytes ram_bytes train_seconds firmware)
    get(${key} "${json}" ${key})
  endforeach()
  require(dataset STREQUAL "MNIST" OR dataset STREQUAL "built-in digits")
  require(seed EQUAL 1)
  # One epoch on a few thousand images; chance would be 0.1.
  require(float_accuracy GREATER 0.8 AND float_accuracy LESS 1)
  require(int8_accuracy GREATER 0.8 AND int8_accuracy LESS 1)
  require(parameters EQUAL 79510)
  require(macs EQUAL 79400)
  require(flash_bytes GREATER_EQUAL 79400 AND flash_bytes LESS 82000)
  require(ram_bytes GREATER_EQUAL 784 AND ram_bytes LESS 2000)
  require(train_seconds GREATER 0 AND train_seconds LESS 600)
  string(JSON skipped ERROR_VARIABLE ran GET "${json}" firmware skipped)
  if(ran)
    set(skipped "")
  endif()
endmacro()

if(CASE STREQUAL summary)
  check_summary(${DEMO})
  if(NOT skipped STREQUAL "")
    message("SKIPPED: ${skipped}")
    return()
  endif()
  foreach(key target images outputs_equal instructions code_bytes weight_bytes ram_bytes stack_bytes)
    get(firmware_${key} "${json}" firmware ${key})
  endforeach()
  require(firmware_target STREQUAL "cortex-m4")
  require(firmware_images EQUAL 10000)
  require(firmware_outputs_equal)
  # At least a quarter of an instruction for each product: two at a time is the most there is.
  require(firmware_instructions GREATER 20000 AND firmware_instructions LESS 2000000)
  require(firmware_code_bytes GREATER 100 AND firmware_code_bytes LESS 3000)
  require(firmware_ram_bytes EQUAL ram_bytes)
  require(firmware_stack_bytes GREATER 0 AND firmware_stack_bytes LESS 4096)

elseif(CASE STREQUAL no_emulator)
  # The second half of the demo again, with what the first left, on a machine where no program can
  # be found by its name.
  if(NOT ELF)
    message("SKIPPED: arm-none-eabi-g++ was not found")
    return()
  endif()
  file(REMOVE_RECURSE ${SCRATCH})
  file(COPY ${DEMO}/ DESTINATION ${SCRATCH})
  file(REMOVE ${SCRATCH}/summary.json ${SCRATCH}/run.json)
  set(ENV{PATH} ${SCRATCH})
  execute_process(COMMAND ${CMAKE_COMMAND} -DSTEP=firmware -DFOLDER=${SCRATCH} -DTARGET=cortex-m4
      -DELF=${ELF} -P ${TARGETS}/host/demo.cmake COMMAND_ERROR_IS_FATAL ANY)
  check_summary(${SCRATCH})
  require(skipped MATCHES "^qemu-system-arm was not found. install it with targets/setup.sh$")

elseif(CASE STREQUAL no_compiler)
  file(REMOVE_RECURSE ${SCRATCH})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/demo_without -B ${SCRATCH} -G Ninja
      -DCMAKE_C_COMPILER=${CC} -DMOTE_PROGRAM=${PROGRAM} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${SCRATCH} --target demo COMMAND_ERROR_IS_FATAL ANY)
  check_summary(${SCRATCH}/demo)
  require(skipped MATCHES "^arm-none-eabi-g.. was not found. install it with targets/setup.sh$")

else()
  message(FATAL_ERROR "there is no case ${CASE}")
endif()
