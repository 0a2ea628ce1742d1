# Writes seconds and memory that the compilers need as a Markdown table. Called by the target `bench`:
#   cmake -DMEASURE=<bench_command> -DSOURCES=... "-DINCLUDE=-I..." "-DFAST=<flags>" -DRESULT=<file> -DSCRATCH=<folder>
#         [-DEigen=<folders> -Ddlib=<folders> -Dlibtorch=<folders>] -P compile_time.cmake
cmake_minimum_required(VERSION 3.25)

set(compilers "")
set(versions "")
set(head "| program | flags |")
set(line "|---|---|")
foreach(compiler g++ clang++-14 clang++-19)
  find_program(path_${compiler} ${compiler})
  if(path_${compiler})
    list(APPEND compilers ${compiler})
    execute_process(COMMAND ${compiler} -dumpfullversion -dumpversion
      OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    string(APPEND versions "- ${compiler} ${version}\n")
    string(APPEND head " ${compiler} |")
    string(APPEND line "---:|")
  else()
    message(STATUS "bench: ${compiler} was not found, so its column is left out; targets/setup.sh --compilers installs it")
  endif()
endforeach()

# row(<program> <file> <flag>...): a line of the table. Sets seconds_<compiler>.
function(row program file)
  set(shown ${ARGN})
  list(FILTER shown EXCLUDE REGEX "^-(D|std)") # which the text says
  list(JOIN shown " " flags)
  set(cells "| ${program} | ${flags} |")
  foreach(compiler IN LISTS compilers)
    execute_process(COMMAND ${MEASURE} 3 ${compiler} ${ARGN} ${include} ${precompiled_${compiler}} -c ${SOURCES}/${file}.cpp -o /dev/null
      OUTPUT_VARIABLE cost OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    string(APPEND cells " ${cost} |")
    string(REGEX REPLACE " s.*" "" seconds ${cost})
    set(seconds_${compiler} ${seconds} PARENT_SCOPE)
  endforeach()
  message("${cells}")
  set(table "${table}${cells}\n" PARENT_SCOPE)
endfunction()

# What a layer more costs each compiler between two numbers of layers, in milliseconds.
function(growth from to)
  set(cells "| one layer more, from ${from} to ${to} | -O2 |")
  foreach(compiler IN LISTS compilers)
    string(REGEX REPLACE "^0*([0-9]*)[.]" "\\1" less ${seconds_${compiler}_${from}})
    string(REGEX REPLACE "^0*([0-9]*)[.]" "\\1" more ${seconds_${compiler}_${to}})
    math(EXPR milliseconds "(${more} - ${less}) * 10 / (${to} - ${from})")
    string(APPEND cells " ${milliseconds} ms |")
  endforeach()
  message("${cells}")
  set(table "${table}${cells}\n" PARENT_SCOPE)
endfunction()

set(include ${INCLUDE})
row("nothing" empty -std=c++20 -O2)
row("the headers of Hana that mote includes" hana -std=c++20 -O2)
row("`mote.hpp`" header -std=c++20 -O2)
row("`mote.hpp`" header -std=c++20 ${FAST})
row("one dense layer, forward" layer -std=c++20 -O2)
row("784-100-10, forward in float and in int8" inference -std=c++20 -O2)
row("784-100-10, trainer" training -std=c++20 -O2)
row("784-100-10, trainer" training -std=c++20 ${FAST})
row("LeNet, forward" lenet_inference -std=c++20 -O2)
row("LeNet, trainer" lenet_training -std=c++20 -O2)
row("LeNet, trainer" lenet_training -std=c++20 ${FAST})
row("LeNet, a file that calls its trainer's step" lenet_caller -std=c++20 ${FAST})

# The same behind a precompiled header, where -include looks for <name>.gch.
foreach(compiler IN LISTS compilers)
  set(folder ${SCRATCH}/${compiler})
  file(MAKE_DIRECTORY ${folder})
  file(COPY_FILE ${SOURCES}/header.cpp ${folder}/mote.hpp)
  execute_process(COMMAND ${compiler} -std=c++20 ${FAST} ${INCLUDE} -x c++-header ${folder}/mote.hpp
                          -o ${folder}/mote.hpp.gch COMMAND_ERROR_IS_FATAL ANY)
  set(precompiled_${compiler} -Winvalid-pch -include ${folder}/mote.hpp)
endforeach()
row("the same, `mote.hpp` precompiled" lenet_caller -std=c++20 ${FAST})
foreach(compiler IN LISTS compilers)
  unset(precompiled_${compiler})
endforeach()

foreach(layers 10 50 100 200)
  row("${layers} layers, trained with Adam and run in int8" depth -std=c++20 -O2 -DLAYERS=${layers})
  foreach(compiler IN LISTS compilers)
    set(seconds_${compiler}_${layers} ${seconds_${compiler}})
  endforeach()
endforeach()
growth(10 50)
growth(50 100)
growth(100 200)
foreach(peer "Eigen|784-100-10, trainer" "dlib|LeNet, trainer" "libtorch|LeNet, trainer")
  string(REPLACE "|" ";" peer ${peer})
  list(POP_FRONT peer name)
  string(TOLOWER ${name} file)
  if(${name})
    list(REMOVE_DUPLICATES ${name})
    list(REMOVE_ITEM ${name} "")
    list(TRANSFORM ${name} PREPEND -I OUTPUT_VARIABLE include)
    row("${name}: ${peer}" ${file} -std=c++17 -O2)
  endif()
endforeach()

cmake_host_system_information(RESULT machine QUERY PROCESSOR_DESCRIPTION)
file(WRITE ${RESULT}.partial "# Seconds and memory that the compilers need

`cmake --workflow --preset bench` writes this. One file, compiled to an object: processor time (user and system;
the median of 3, one measurement where it takes more than 4 s) and the most memory at any moment. The programs are
in [compile_time/](compile_time), in C++20; those of other libraries are in C++17, because clang refuses the headers of libtorch in C++20.

- machine: ${machine}
${versions}
${head}
${line}
${table}")
file(RENAME ${RESULT}.partial ${RESULT})
