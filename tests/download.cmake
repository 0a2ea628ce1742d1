# Runs targets/data.cmake against folders that stand in for the mirrors:
#
#   cmake -DCASE=<name> -DSCRIPT=<data.cmake> -DREAL=<folder with MNIST> -DSCRATCH=<folder> -P download.cmake
#
# Prints SKIPPED when a case needs MNIST itself and it is not at hand.
cmake_minimum_required(VERSION 3.25)

set(names train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte
  t10k-labels-idx1-ubyte)
find_program(GZIP gzip REQUIRED)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH}/first ${SCRATCH}/second)

# Runs the script, which must never fail; its words are left in `said`.
function(download)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${SCRATCH}/data
            "-DMIRRORS=file://${SCRATCH}/first/;file://${SCRATCH}/second/" -P ${SCRIPT}
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "exit code ${status}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(expect text)
  string(FIND "${said}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the script was expected to say: ${text}\nbut said:\n${said}")
  endif()
endfunction()

function(expect_nothing_left)
  expect("MNIST could not be downloaded; the built-in digits take its place")
  foreach(folder data data.partial)
    if(EXISTS ${SCRATCH}/${folder})
      message(FATAL_ERROR "${folder} was left behind")
    endif()
  endforeach()
endfunction()

# A file that is gzip, but not of what it should be.
function(make_wrong_content file)
  file(WRITE ${SCRATCH}/other "other content\n")
  execute_process(COMMAND ${GZIP} -c ${SCRATCH}/other OUTPUT_FILE ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The real files in folder `second`; skips when there are none.
function(make_complete_mirror)
  foreach(name IN LISTS names)
    if(EXISTS ${REAL}/${name}.gz)
      file(COPY ${REAL}/${name}.gz DESTINATION ${SCRATCH}/second)
    elseif(EXISTS ${REAL}/${name})
      execute_process(COMMAND ${GZIP} -1 -c ${REAL}/${name} OUTPUT_FILE ${SCRATCH}/second/${name}.gz
        COMMAND_ERROR_IS_FATAL ANY)
    else()
      set(missing TRUE PARENT_SCOPE)
      message("SKIPPED: MNIST is neither where MOTE_DATA says nor in ../shared/mnist")
      return()
    endif()
  endforeach()
endfunction()

if(DEFINED ENV{MOTE_DATA} AND NOT "$ENV{MOTE_DATA}" STREQUAL "")
  set(REAL $ENV{MOTE_DATA})
endif()
list(GET names 0 train_images)
list(GET names 1 train_labels)
list(GET names 2 test_images)

if(CASE STREQUAL no_mirror)
  download()
  expect("first/${train_images}.gz: ")
  expect("second/${train_images}.gz: ")
  expect_nothing_left()

elseif(CASE STREQUAL wrong_content)
  make_wrong_content(${SCRATCH}/first/${train_images}.gz)
  download()
  expect("first/${train_images}.gz has the wrong content: SHA-256 ")
  expect("expected ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
  expect_nothing_left()

elseif(CASE STREQUAL corrupt_gzip)
  file(WRITE ${SCRATCH}/first/${train_images}.gz "<html>moved</html>")
  make_wrong_content(${SCRATCH}/whole.gz)
  execute_process(COMMAND head -c 20 ${SCRATCH}/whole.gz
    OUTPUT_FILE ${SCRATCH}/second/${train_images}.gz COMMAND_ERROR_IS_FATAL ANY)
  download()
  expect("first/${train_images}.gz is no complete gzip file")
  expect("second/${train_images}.gz is no complete gzip file")
  expect_nothing_left()

elseif(CASE STREQUAL existing_folder)
  file(WRITE ${SCRATCH}/data/mine "")
  download()
  file(GLOB files RELATIVE ${SCRATCH} ${SCRATCH}/data/* ${SCRATCH}/data.partial)
  if(NOT said STREQUAL "" OR NOT files STREQUAL "data/mine")
    message(FATAL_ERROR "a folder that is there was touched: ${files}\n${said}")
  endif()

elseif(CASE STREQUAL second_mirror)
  make_complete_mirror()
  if(missing)
    return()
  endif()
  # The first mirror has one file, one with wrong content, one damaged, and one not at all.
  file(COPY ${SCRATCH}/second/${train_labels}.gz DESTINATION ${SCRATCH}/first)
  make_wrong_content(${SCRATCH}/first/${train_images}.gz)
  file(WRITE ${SCRATCH}/first/${test_images}.gz "damage")
  download()
  expect("first/${train_images}.gz has the wrong content")
  expect("first/${test_images}.gz is no complete gzip file")
  expect("MNIST downloaded to ${SCRATCH}/data")
  file(GLOB files RELATIVE ${SCRATCH}/data ${SCRATCH}/data/*)
  list(SORT files)
  list(SORT names)
  if(NOT files STREQUAL names OR EXISTS ${SCRATCH}/data.partial)
    message(FATAL_ERROR "the folder holds ${files}")
  endif()
  file(REMOVE_RECURSE ${SCRATCH}) # 60 MB

elseif(CASE STREQUAL incomplete_mirror)
  make_complete_mirror()
  if(missing)
    return()
  endif()
  file(REMOVE ${SCRATCH}/second/${test_images}.gz)
  download()
  expect("second/${test_images}.gz: ")
  expect_nothing_left()
  file(REMOVE_RECURSE ${SCRATCH})

else()
  message(FATAL_ERROR "there is no case ${CASE}")
endif()
