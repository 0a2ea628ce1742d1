# The target `firmware`: four networks on every microcontroller, as small and as fast as they get.
# Writes bench/firmware.md, which is in the repository so that a change shows up in review.
include(${PROJECT_SOURCE_DIR}/targets/firmware_rows.cmake)

set(networks mlp-784-100-10 mlp-784-256-64-10 lenet depthwise)
foreach(network IN LISTS networks)
  mote_add_firmware_model(${network} ${network} --epochs 3)
endforeach()
mote_add_firmware_model(mlp-784-16-10 mlp-784-16-10 --epochs 3)

# Where packed weights take no more flash, balanced is the fastest.
set(one_policy cortex-m4 cortex-m7 cortex-m33 cortex-m55)
set(two_policies cortex-m0plus cortex-m3 rv32imac)
foreach(core IN LISTS two_policies one_policy)
  set(policies balanced)
  if(core IN_LIST two_policies)
    list(APPEND policies fastest)
  endif()
  foreach(network IN LISTS networks)
    foreach(policy IN LISTS policies)
      if(core STREQUAL "cortex-m0plus" AND network STREQUAL "mlp-784-256-64-10" AND policy STREQUAL "fastest")
        continue() # twice 219 kB do not fit 256 kB
      endif()
      foreach(level s 2)
        mote_add_firmware_row(${core}_${network}_${policy}_O${level} MODEL ${network} TARGET ${core}
          POLICY ${policy} OPTIMIZE -O${level})
      endforeach()
    endforeach()
  endforeach()
endforeach()
foreach(level s 2)
  mote_add_firmware_row(avr_${level} MODEL mlp-784-16-10 TARGET atmega328p LABEL avr OPTIMIZE -O${level})
endforeach()

# Training on the device, with the images and the model of the example.
if(TARGET on_device_data)
  get_target_property(example on_device_data BINARY_DIR)
  get_target_property(plugin firmware_instructions MOTE_PLUGIN)
  foreach(core cortex-m4 cortex-m7 cortex-m33 cortex-m55)
    mote_add_firmware(training_${core} TARGET ${core} MODEL ${example}/features.hpp
      SOURCES ${PROJECT_SOURCE_DIR}/examples/on_device/firmware.cpp OPTIMIZE -O2 -ffp-contract=off)
    add_dependencies(training_${core} on_device_data)
    get_target_property(elf training_${core} MOTE_ELF)
    get_target_property(skipped training_${core} MOTE_SKIPPED)
    set(line ${CMAKE_CURRENT_BINARY_DIR}/training_${core}.md)
    add_custom_target(measured_training_${core} COMMAND ${CMAKE_COMMAND} -DTARGET=${core} -DELF=${elf}
      "-DSKIPPED=${skipped}" -DIMAGES=${example}/images.bin -DEXPECTED=${example}/expected.txt
      -DPLUGIN=${plugin} -DTARGETS=${PROJECT_SOURCE_DIR}/targets -DLINE=${line}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/measure_training.cmake VERBATIM)
    add_dependencies(measured_training_${core} training_${core} firmware_instructions)
    list(APPEND training measured_training_${core})
    list(APPEND training_lines ${line})
  endforeach()
endif()

list(JOIN training_lines "," training_lines)
mote_add_firmware_table(firmware "-DMORE=${training_lines}" -DJSON=${PROJECT_BINARY_DIR}/firmware.json
  -DMARKDOWN=${CMAKE_CURRENT_SOURCE_DIR}/firmware.md)
if(training)
  add_dependencies(firmware ${training})
endif()
