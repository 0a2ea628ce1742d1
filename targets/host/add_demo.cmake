cmake_policy(VERSION 3.20)

# mote_add_demo(<name> [DOWNLOAD <folder>] [TRAIN <option>...])
#
# The target <name> trains with `mote train <option>...`, quantizes, exports digits.hpp, builds the
# firmware with it, runs it in the emulator and compares; all files go to <binary folder>/<name>.
function(mote_add_demo name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DOWNLOAD;FOLDER" "TRAIN")
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/demo.cmake)
  if(NOT arg_FOLDER)
    set(arg_FOLDER ${CMAKE_CURRENT_BINARY_DIR}/${name})
  endif()
  add_custom_target(${name}_model BYPRODUCTS ${arg_FOLDER}/digits.hpp
    COMMAND ${CMAKE_COMMAND} -DSTEP=model -DFOLDER=${arg_FOLDER} -DPROGRAM=$<TARGET_FILE:mote_program>
            "-DTRAIN=${arg_TRAIN}" -DDOWNLOAD=${arg_DOWNLOAD} -P ${script}
    USES_TERMINAL VERBATIM)
  mote_add_firmware(${name}_firmware TARGET cortex-m4 MODEL ${arg_FOLDER}/digits.hpp)
  mote_add_instruction_counter(${name}_instructions)
  add_dependencies(${name}_firmware ${name}_model)
  foreach(property MOTE_ELF MOTE_MODEL_OBJECT MOTE_SKIPPED)
    get_target_property(${property} ${name}_firmware ${property})
    if(NOT ${property})
      set(${property} "")
    endif()
  endforeach()
  get_target_property(plugin ${name}_instructions MOTE_PLUGIN)
  add_custom_target(${name}
    COMMAND ${CMAKE_COMMAND} -DSTEP=firmware -DFOLDER=${arg_FOLDER} -DTARGET=cortex-m4 -DELF=${MOTE_ELF}
            -DMODEL_OBJECT=${MOTE_MODEL_OBJECT} "-DSKIPPED=${MOTE_SKIPPED}" -DPLUGIN=${plugin} -P ${script}
    USES_TERMINAL VERBATIM)
  add_dependencies(${name} ${name}_firmware ${name}_instructions)
endfunction()
