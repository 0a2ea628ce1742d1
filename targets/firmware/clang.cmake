# mote_use_clang(<flag>...)
#
# For the table of a family that GCC compiles unless MOTE_FIRMWARE_COMPILER is clang, or one by its
# name, like clang++-14: then that compiles the C++, with these flags. GCC still compiles the C and
# links, and its C++ library's headers are used.
macro(mote_use_clang)
  if(MOTE_FIRMWARE_COMPILER MATCHES "^clang")
    set(mote_family_cxx_compiler ${MOTE_FIRMWARE_COMPILER})
    if(MOTE_FIRMWARE_COMPILER STREQUAL "clang")
      set(mote_family_cxx_compiler clang++-19 clang++-14 clang++)
    endif()
    # Where it is found is kept apart from where the others are.
    string(REGEX REPLACE "[^A-Za-z0-9]+" "_" mote_family_architecture
      "${mote_family_architecture}_${MOTE_FIRMWARE_COMPILER}")
    string(TOUPPER ${mote_family_architecture} mote_family_architecture)
    # The compiler packs weights: 1,048,576 steps, which is where clang stops, are too few for them.
    set(mote_family_cxx_flags -fconstexpr-steps=100000000 ${ARGN})
    set(mote_family_cxx_headers_borrowed TRUE)
    set(mote_family_setup_option " --targets")
  endif()
endmacro()
