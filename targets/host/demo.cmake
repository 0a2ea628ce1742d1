# The two halves of the demo, run by the targets that mote_add_demo defines:
#
#   STEP=model     train, quantize, export; leave the test images and the host's outputs for them
#   STEP=firmware  run the firmware on the same images, compare, and write summary.json
#
# Needs -DFOLDER (where all files go) and -DPROGRAM (mote); TRAIN holds more options for mote train.
cmake_minimum_required(VERSION 3.25)
set(targets ${CMAKE_CURRENT_LIST_DIR}/..)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "demo: failed (${status}): ${command}")
  endif()
endfunction()

# Copies the members of the JSON object in `file` into the object in the variable `object`.
function(merge_json object file)
  file(READ ${file} text)
  string(JSON count LENGTH "${text}")
  math(EXPR last "${count} - 1")
  set(result "${${object}}")
  foreach(i RANGE ${last})
    string(JSON key MEMBER "${text}" ${i})
    string(JSON type TYPE "${text}" ${key})
    string(JSON value GET "${text}" ${key})
    if(type STREQUAL STRING)
      set(value "\"${value}\"")
    elseif(type STREQUAL BOOLEAN)
      string(TOLOWER "${value}" value)
      string(REPLACE "on" "true" value "${value}")
      string(REPLACE "off" "false" value "${value}")
    elseif(type STREQUAL NULL)
      set(value null)
    endif()
    string(JSON result SET "${result}" ${key} "${value}")
  endforeach()
  set(${object} "${result}" PARENT_SCOPE)
endfunction()

if(STEP STREQUAL model)
  file(MAKE_DIRECTORY ${FOLDER})
  # Nothing of an earlier run may be taken for this one's result.
  file(REMOVE ${FOLDER}/summary.json ${FOLDER}/run.json)
  if(DOWNLOAD AND NOT DEFINED ENV{MOTE_DATA} AND NOT EXISTS ${targets}/../../shared/mnist)
    run(${CMAKE_COMMAND} -DFOLDER=${DOWNLOAD} -P ${targets}/data.cmake)
  endif()
  run(${PROGRAM} train ${TRAIN} -o ${FOLDER}/digits.safetensors --json ${FOLDER}/train.json)
  message("")
  run(${PROGRAM} quantize ${FOLDER}/digits.safetensors -o ${FOLDER}/digits-int8.safetensors
      --json ${FOLDER}/quantize.json)
  run(${PROGRAM} export ${FOLDER}/digits-int8.safetensors -o ${FOLDER}/digits.hpp)
  run(${PROGRAM} evaluate ${FOLDER}/digits-int8.safetensors --images ${FOLDER}/images.bin
      --logits ${FOLDER}/logits-host.bin)
  message("")
elseif(STEP STREQUAL firmware)
  set(summary "{}")
  merge_json(summary ${FOLDER}/train.json)
  merge_json(summary ${FOLDER}/quantize.json)
  set(firmware "{}")
  if(SKIPPED)
    message("firmware skipped: ${SKIPPED}")
    string(JSON firmware SET "{}" skipped "\"${SKIPPED}\"")
  else()
    message("running the firmware for ${TARGET} in the emulator on all test images ...")
    run(${CMAKE_COMMAND} -DELF=${ELF} -DMODEL_OBJECT=${MODEL_OBJECT} -DIMAGES=${FOLDER}/images.bin
        -DOUTPUT=${FOLDER}/logits-firmware.bin -DEXPECTED=${FOLDER}/logits-host.bin -DPLUGIN=${PLUGIN}
        -DTARGET=${TARGET} -DOUTPUT_JSON=${FOLDER}/run.json -P ${targets}/measure_firmware.cmake)
    merge_json(firmware ${FOLDER}/run.json)
    string(JSON skipped ERROR_VARIABLE ran GET "${firmware}" skipped)
    if(ran)
      foreach(key images instructions code_bytes weight_bytes ram_bytes stack_bytes)
        string(JSON ${key} GET "${firmware}" ${key})
      endforeach()
      message("all int8 outputs of ${images} images equal the host's, byte for byte\n"
        "${TARGET}: ${code_bytes} bytes of code, ${weight_bytes} of weights, ${ram_bytes} of RAM and "
        "${stack_bytes} of stack (as reported), ${instructions} instructions per inference")
    else()
      message("firmware skipped: ${skipped}")
    endif()
  endif()
  string(JSON summary SET "${summary}" firmware "${firmware}")
  file(WRITE ${FOLDER}/summary.json.partial "${summary}\n")
  file(RENAME ${FOLDER}/summary.json.partial ${FOLDER}/summary.json)
  message("wrote ${FOLDER}/summary.json")
else()
  message(FATAL_ERROR "demo: STEP must be model or firmware")
endif()
