# Rows of a table of firmware: a trained model on a core, run in the emulator over images, compared
# with the host and measured.
#
#   mote_add_firmware_model(digits mlp-784-100-10)
#   mote_add_firmware_row(m4_digits MODEL digits TARGET cortex-m4)
#   mote_add_firmware_table(targets)
#
# Needs the target mote_program. What is built is collected in the properties of the folder that
# MOTE_ROWS_COMMANDS and MOTE_ROWS_FILES name, until mote_add_firmware_table makes a target of it.

include_guard(GLOBAL)
mote_add_instruction_counter(firmware_instructions)
mote_add_simavr(firmware_simavr)

# mote_add_firmware_model(<name> <network> [<options of mote train>...])
#
# Trains the network, and notes what it answers in int8 to 1,000 images.
function(mote_add_firmware_model name network)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(train --model ${network} ${ARGN})
  add_custom_command(OUTPUT ${folder}/digits.hpp ${folder}/first_images.bin ${folder}/first_logits.bin
    DEPENDS mote_program
    COMMAND ${CMAKE_COMMAND} -DSTEP=model -DFOLDER=${folder} -DPROGRAM=$<TARGET_FILE:mote_program>
            "-DTRAIN=${train}" -P ${PROJECT_SOURCE_DIR}/targets/host/demo.cmake
    COMMAND head -c 784000 ${folder}/images.bin > ${folder}/first_images.bin
    COMMAND head -c 10000 ${folder}/logits-host.bin > ${folder}/first_logits.bin
    COMMENT "Training ${network} for the firmware" VERBATIM)
  add_custom_target(firmware_model_${name} DEPENDS ${folder}/digits.hpp)
  set_target_properties(firmware_model_${name} PROPERTIES MOTE_NETWORK ${network})
endfunction()

# mote_add_firmware_row(<name> MODEL <model> TARGET <core> [POLICY <policy>] [OPTIMIZE <flag>]
#                       [LABEL <what the row calls the target>])
function(mote_add_firmware_row name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODEL;TARGET;POLICY;OPTIMIZE;LABEL" "")
  if(NOT arg_POLICY)
    set(arg_POLICY balanced)
  endif()
  if(NOT arg_OPTIMIZE)
    set(arg_OPTIMIZE -Os)
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL ${arg_TARGET})
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${arg_MODEL})
  mote_add_firmware(${name} TARGET ${arg_TARGET} MODEL ${folder}/digits.hpp POLICY ${arg_POLICY}
    OPTIMIZE ${arg_OPTIMIZE})
  add_dependencies(${name} firmware_model_${arg_MODEL})
  foreach(property MOTE_ELF MOTE_MODEL_OBJECT MOTE_SKIPPED)
    get_target_property(${property} ${name} ${property})
    if(NOT ${property})
      set(${property} "")
    endif()
  endforeach()
  string(REPLACE ";" "," MOTE_SKIPPED "${MOTE_SKIPPED}") # parts no list
  get_target_property(network firmware_model_${arg_MODEL} MOTE_NETWORK)
  get_target_property(plugin firmware_instructions MOTE_PLUGIN)
  get_target_property(simavr firmware_simavr MOTE_SIMAVR)
  set(json ${CMAKE_CURRENT_BINARY_DIR}/${name}.json)
  set_property(DIRECTORY APPEND PROPERTY MOTE_ROWS_COMMANDS COMMAND ${CMAKE_COMMAND}
    -DTARGET=${arg_TARGET} -DLABEL=${arg_LABEL} -DNETWORK=${network} -DPOLICY=${arg_POLICY} -DOPTIMIZATION=${arg_OPTIMIZE}
    -DELF=${MOTE_ELF} -DMODEL_OBJECT=${MOTE_MODEL_OBJECT} "-DSKIPPED=${MOTE_SKIPPED}"
    -DIMAGES=${folder}/first_images.bin -DEXPECTED=${folder}/first_logits.bin
    -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/${name}.logits -DPLUGIN=${plugin} -DSIMAVR=${simavr}
    -DOUTPUT_JSON=${json} -P ${PROJECT_SOURCE_DIR}/targets/measure_firmware.cmake)
  set_property(DIRECTORY APPEND PROPERTY MOTE_ROWS_FILES ${json})
  set_property(DIRECTORY APPEND PROPERTY MOTE_ROWS_TARGETS ${name})
endfunction()

# mote_add_firmware_table(<name> [<more for firmware_table.cmake>...])
function(mote_add_firmware_table name)
  get_property(commands DIRECTORY PROPERTY MOTE_ROWS_COMMANDS)
  get_property(files DIRECTORY PROPERTY MOTE_ROWS_FILES)
  get_property(rows DIRECTORY PROPERTY MOTE_ROWS_TARGETS)
  add_custom_target(${name} ${commands}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" ${ARGN} -P ${PROJECT_SOURCE_DIR}/targets/firmware_table.cmake
    COMMENT "Running networks on microcontrollers" USES_TERMINAL VERBATIM)
  add_dependencies(${name} ${rows} firmware_instructions firmware_simavr)
endfunction()
