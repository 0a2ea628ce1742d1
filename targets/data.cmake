# Downloads MNIST into a folder when it is at hand nowhere else:
#
#   cmake -DFOLDER=build/data [-DMIRRORS="https://a/;https://b/"] -P targets/data.cmake
#
# Each of the four files is fetched as .gz from the first mirror that has it, unpacked, and kept only
# if the unpacked bytes have the right SHA-256. Never fails: without a network it says so, and the
# programs then use the built-in digits. The folder ends up with all four files or with none.
cmake_minimum_required(VERSION 3.25)

if(NOT MIRRORS)
  set(MIRRORS https://storage.googleapis.com/cvdf-datasets/mnist/
    https://ossci-datasets.s3.amazonaws.com/mnist/)
endif()
set(sums # of the uncompressed bytes
  train-images-idx3-ubyte=ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
  train-labels-idx1-ubyte=65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
  t10k-images-idx3-ubyte=0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
  t10k-labels-idx1-ubyte=ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2)

find_program(GZIP gzip)
set(partial ${FOLDER}.partial)
if(EXISTS ${FOLDER})
  return()
elseif(NOT GZIP)
  message("MNIST is not downloaded: gzip was not found")
  return()
endif()
file(REMOVE_RECURSE ${partial})
file(MAKE_DIRECTORY ${partial})

# Sets `fetched` to true when `name` from `mirror` arrived and is what it should be.
function(fetch mirror name sum)
  set(fetched FALSE PARENT_SCOPE)
  set(file ${partial}/${name})
  file(DOWNLOAD ${mirror}${name}.gz ${file}.gz STATUS status TIMEOUT 120 INACTIVITY_TIMEOUT 10)
  list(GET status 0 code)
  if(NOT code EQUAL 0)
    list(GET status 1 reason)
    message("MNIST: ${mirror}${name}.gz: ${reason}")
    return()
  endif()
  execute_process(COMMAND ${GZIP} -d -f ${file}.gz RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    message("MNIST: ${mirror}${name}.gz is no complete gzip file")
    return()
  endif()
  file(SHA256 ${file} got)
  if(NOT got STREQUAL sum)
    message("MNIST: ${mirror}${name}.gz has the wrong content: SHA-256 ${got}, expected ${sum}")
    return()
  endif()
  set(fetched TRUE PARENT_SCOPE)
endfunction()

foreach(entry IN LISTS sums)
  string(REPLACE "=" ";" entry ${entry})
  list(GET entry 0 name)
  list(GET entry 1 sum)
  set(fetched FALSE)
  set(left ${MIRRORS})
  while(left AND NOT fetched)
    list(POP_FRONT left mirror)
    fetch(${mirror} ${name} ${sum})
  endwhile()
  if(NOT fetched)
    file(REMOVE_RECURSE ${partial})
    message("MNIST could not be downloaded; the built-in digits take its place")
    return()
  endif()
endforeach()
file(RENAME ${partial} ${FOLDER})
message("MNIST downloaded to ${FOLDER}")
