# Seconds and memory that the compilers need, as Markdown tables. Called by the target `bench`.
cmake_minimum_required(VERSION 3.25)
set(compilers g++ clang++-14 clang++-19)

# Sets <variable> to what compiling the file costs, or to why that is not known.
function(measure variable compiler repetitions file)
  find_program(path_${compiler} ${compiler})
  if(NOT path_${compiler})
    set(${variable} "skipped: ${compiler} was not found; targets/setup.sh --compilers installs it" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${MEASURE} ${repetitions} ${compiler} -std=c++20 ${ARGN} ${INCLUDE}
                          -c ${SOURCES}/${file}.cpp -o /dev/null
    OUTPUT_VARIABLE result OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${result}" PARENT_SCOPE)
endfunction()

message("\n| file | compiler | user seconds, peak memory (median of 5) |\n|---|---|---|")
foreach(compiler IN LISTS compilers)
  foreach(file hana header inference training lenet)
    measure(cost ${compiler} 5 ${file} -O2)
    message("| ${file}.cpp | ${compiler} -O2 | ${cost} |")
  endforeach()
endforeach()

# How the cost grows with the number of layers: what is beyond the headers should double with them.
message("\n| layers, trained with Adam and run in int8 | compiler | user seconds, peak memory (median of 3) |\n|---|---|---|")
foreach(compiler IN LISTS compilers)
  foreach(layers 5 10 20 50 100 200)
    measure(cost ${compiler} 3 depth -O2 -DLAYERS=${layers})
    message("| ${layers} | ${compiler} -O2 | ${cost} |")
  endforeach()
endforeach()
