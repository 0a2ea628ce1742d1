# mote_find_boost(<result> <scratch folder>)
#
# Sets <result> to an include folder with Boost.Hana. For a cross compiler that is a folder made in
# <scratch folder> with a link to Boost and nothing else: Hana needs nothing of the host, and the
# host's other headers must not be found.
cmake_policy(VERSION 3.20)

function(mote_find_boost result scratch)
  find_path(MOTE_BOOST_INCLUDE_DIR boost/hana/tuple.hpp PATHS /usr/local/include /usr/include
    NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(MOTE_BOOST_INCLUDE_DIR)
  if(NOT MOTE_BOOST_INCLUDE_DIR)
    message(FATAL_ERROR "mote: Boost.Hana was not found. On Debian: apt-get install libboost-dev. "
      "Elsewhere set MOTE_BOOST_INCLUDE_DIR to the folder that holds boost/hana/tuple.hpp.")
  endif()
  set(folder ${MOTE_BOOST_INCLUDE_DIR})
  if(CMAKE_CROSSCOMPILING)
    set(folder ${scratch}/boost-only)
    file(MAKE_DIRECTORY ${folder})
    file(CREATE_LINK ${MOTE_BOOST_INCLUDE_DIR}/boost ${folder}/boost SYMBOLIC)
  endif()
  set(${result} ${folder} PARENT_SCOPE)
endfunction()
