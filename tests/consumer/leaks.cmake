# What a library must leave alone in the project that uses it.

# The values of everything that a library could change.
macro(remember_everything)
  get_cmake_property(names VARIABLES)
  foreach(name IN LISTS names)
    if(name MATCHES "^(CMAKE_|BUILD_)" AND NOT name MATCHES "^CMAKE_MATCH_")
      set_property(GLOBAL PROPERTY "before ${name}" "${${name}}")
    endif()
  endforeach()
  get_cmake_property(cache_before CACHE_VARIABLES)
endmacro()

# check_for_leaks([<prefix of the names of cache entries that are allowed>])
#
# No CMAKE_ variable has changed or is new, no directory-wide flag, no cache entry of another name.
macro(check_for_leaks)
  get_cmake_property(names VARIABLES)
  foreach(name IN LISTS names)
    if(name MATCHES "^(CMAKE_|BUILD_)" AND NOT name MATCHES "^CMAKE_MATCH_")
      get_property(before GLOBAL PROPERTY "before ${name}")
      if(NOT "${${name}}" STREQUAL "${before}")
        message(SEND_ERROR "leak: ${name} was '${before}' and is '${${name}}'")
      endif()
    endif()
  endforeach()

  get_cmake_property(cache_after CACHE_VARIABLES)
  list(REMOVE_ITEM cache_after ${cache_before})
  foreach(name IN LISTS cache_after)
    # In lower case those that project() and find_package() make, like mote_SOURCE_DIR and mote_DIR.
    set(ours "^(MOTE|mote)_")
    if(NOT "${ARGV0}" STREQUAL "")
      set(ours "^(MOTE|mote|${ARGV0})_?")
    endif()
    if(NOT name MATCHES "${ours}")
      message(SEND_ERROR "leak: the cache has a new entry ${name}")
    endif()
  endforeach()

  foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS INCLUDE_DIRECTORIES LINK_OPTIONS
                   LINK_DIRECTORIES)
    get_directory_property(value ${property})
    if(value)
      message(SEND_ERROR "leak: the directory's ${property} are ${value}")
    endif()
  endforeach()

  foreach(property INTERFACE_COMPILE_OPTIONS INTERFACE_COMPILE_DEFINITIONS INTERFACE_LINK_OPTIONS
                   INTERFACE_LINK_LIBRARIES INTERFACE_SOURCES)
    get_target_property(value mote::mote ${property})
    if(value)
      message(SEND_ERROR "leak: mote::mote has ${property}: ${value}")
    endif()
  endforeach()
  get_target_property(value mote::mote INTERFACE_COMPILE_FEATURES)
  if(NOT value STREQUAL "cxx_std_20")
    message(SEND_ERROR "leak: mote::mote has INTERFACE_COMPILE_FEATURES: ${value}")
  endif()
endmacro()

# Of the library's sources a using project gets the library, and no test, program or example.
function(check_targets_of folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  if(NOT targets STREQUAL "mote" OR folders)
    message(SEND_ERROR "leak: mote adds the targets '${targets}' and the folders '${folders}'")
  endif()
  foreach(option MOTE_INSTALL MOTE_PROGRAMS MOTE_SEEDS MOTE_TESTS MOTE_BENCH)
    if(${option})
      message(SEND_ERROR "leak: ${option} is on in a project that only uses mote")
    endif()
  endforeach()
endfunction()

# Linking sets nothing on the target itself. (consumer.cmake looks at the command line as well.)
function(check_target target)
  foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS LINK_OPTIONS CXX_STANDARD CXX_EXTENSIONS)
    get_target_property(value ${target} ${property})
    if(value)
      message(SEND_ERROR "leak: ${target} has ${property}: ${value}")
    endif()
  endforeach()
endfunction()

# Tells consumer.cmake where the image will be, or why there is none.
function(report_firmware target)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/firmware.cmake CONTENT
    "set(elf [==[$<TARGET_PROPERTY:${target},MOTE_ELF>]==])
set(skipped [==[$<TARGET_PROPERTY:${target},MOTE_SKIPPED>]==])\n")
endfunction()
