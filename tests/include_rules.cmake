# Checks what headers include: outside hosted/ only what a microcontroller has, and dependencies in
# one direction.
#
#   cmake -DHEADERS=<folder above mote/> -P include_rules.cmake
cmake_minimum_required(VERSION 3.20)

# Of the standard library, what neither allocates nor throws nor talks to a system; and the
# compilers' headers of instruction sets. Whatever is not here has to be weighed first.
set(allowed algorithm array bit cmath compare concepts cstddef cstdint cstring
  initializer_list iterator limits numbers numeric span tuple type_traits utility version
  emmintrin.h arm_acle.h arm_mve.h arm_neon.h riscv_vector.h)

# Which folders each folder may know. A new folder has no rule until it gets one here, but nothing
# may know hosted/.
set(core_knows core)
set(kernels_knows core kernels)
set(layers_knows core kernels layers)
set(losses_knows core kernels losses)
set(optimizers_knows core kernels optimizers)
set(quantization_knows core kernels layers losses optimizers quantization)
set(training_knows core kernels layers losses optimizers training)

set(errors "")
file(GLOB_RECURSE headers RELATIVE ${HEADERS}/mote ${HEADERS}/mote/*.hpp)
if(NOT headers)
  message(FATAL_ERROR "include_rules: there are no headers in ${HEADERS}/mote")
endif()
foreach(header IN LISTS headers)
  if(header MATCHES "^hosted/")
    continue()
  endif()
  string(REGEX MATCH "^[^/]*" folder ${header})
  file(STRINGS ${HEADERS}/mote/${header} lines REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "[<\"]([^>\"]*)[>\"]")
      string(APPEND errors "mote/${header}: cannot read: ${line}\n")
      continue()
    endif()
    set(included ${CMAKE_MATCH_1})
    if(included MATCHES "^mote/([^/]*)/")
      set(other ${CMAKE_MATCH_1})
      if(other STREQUAL "hosted"
         OR (DEFINED ${folder}_knows AND NOT other IN_LIST ${folder}_knows))
        string(APPEND errors "mote/${header}: ${folder}/ may not know ${other}/: <${included}>\n")
      endif()
    elseif(line MATCHES "\"")
      string(APPEND errors "mote/${header}: not <mote/...>: \"${included}\"\n")
    elseif(NOT included MATCHES "^boost/hana/" AND NOT included IN_LIST allowed)
      string(APPEND errors "mote/${header}: not for a microcontroller: <${included}>\n")
    endif()
  endforeach()
endforeach()
if(errors)
  message(FATAL_ERROR "include_rules:\n${errors}")
endif()
