# The programs of the texts that learn handwritten digits. Their data are MNIST, or the test is skipped.
find_package(ZLIB REQUIRED)

# mote_digits(<golden stem> <program> [NAME test] [LABELS label...] [ARGS argument...]): as mote_seed,
# but a stem may have several tests: seeds/<golden stem>/<test>.
function(mote_digits stem program)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME" "LABELS;ARGS")
  set(target seed_${program})
  if(NOT TARGET ${target})
    add_executable(${target} ${program}.cpp)
    mote_own_flags(${target})
    # Billions of products: optimized in every configuration, with this machine's instructions.
    # No contraction: the golden numbers round every product.
    target_compile_options(${target} PRIVATE -O3 -march=native -Wno-psabi -ffp-contract=off)
    # GCC 12 sees overlaps in plain concatenations of std::string (its bug 105329).
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
    target_compile_definitions(${target} PRIVATE MOTE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE nlohmann_json::nlohmann_json ZLIB::ZLIB)
  endif()
  if(MOTE_TESTS)
    set(name seeds/${stem})
    if(arg_NAME)
      string(APPEND name /${arg_NAME})
    endif()
    add_test(NAME ${name} COMMAND ${target} ${arg_ARGS}
      --check ${PROJECT_SOURCE_DIR}/tests/golden/seeds/${stem}.json)
    set(labels seeds ${arg_LABELS})
    set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 3600
      SKIP_REGULAR_EXPRESSION "^skipped: ")
  endif()
endfunction()

# Text 000, chapters 8 and 9. The text's own numbers always; without its mistakes, and in single
# precision, with the label long.
set(MOTE_DIGITS
  "000-ch08-1-mlp-relu mnist_000_ch08_1"
  "000-ch08-2-mlp-relu-dropout mnist_000_ch08_2"
  "000-ch08-3-mlp-relu-dropout-batch mnist_000_ch08_3"
  "000-ch09-1-tanh-softmax mnist_000_ch09 1"
  "000-ch09-2-tanh-softmax-narrow-init mnist_000_ch09 2")
foreach(program IN LISTS MOTE_DIGITS)
  separate_arguments(words UNIX_COMMAND "${program}")
  list(POP_FRONT words stem file)
  mote_digits(${stem} ${file} ARGS ${words})
  mote_digits(${stem} ${file} NAME corrected LABELS long ARGS ${words} --corrected)
  mote_digits(${stem} ${file} NAME float32 LABELS long ARGS ${words} --float32)
endforeach()

# Chapter 10: the 12 iterations that the text prints, and all of 300.
mote_digits(000-ch10-1-conv mnist_000_ch10 ARGS --only 12)
mote_digits(000-ch10-1-conv mnist_000_ch10 NAME whole LABELS long)
mote_digits(000-ch10-1-conv mnist_000_ch10 NAME corrected LABELS long ARGS --corrected)
mote_digits(000-ch10-1-conv mnist_000_ch10 NAME float32 LABELS long ARGS --float32 --only 100)

# Text 001: the first epochs, and all of its 200.
mote_digits(001-ch12-1-mlp-sigmoid-l2 mnist_001 ARGS --only 4)
mote_digits(001-ch12-1-mlp-sigmoid-l2 mnist_001 NAME whole LABELS long)

# Text 002. Its weights are in a zip archive.
find_library(MOTE_LIBZIP zip)
if(MOTE_LIBZIP)
  mote_digits(002-ch03-3-mnist-inference mnist_002_ch03_3)
  target_link_libraries(seed_mnist_002_ch03_3 PRIVATE ${MOTE_LIBZIP})
else()
  message(STATUS "mote: without libzip there is no seed_mnist_002_ch03_3; targets/setup.sh installs it")
endif()

# Text 003
mote_digits(003-ch04-4-twolayernet mnist_003_ch04_4)

# Text 004: the first of three epochs, and all.
mote_digits(004-1-he-mlp-sgd mnist_004 ARGS --only 1)
mote_digits(004-1-he-mlp-sgd mnist_004 NAME whole LABELS long)
mote_digits(004-1-he-mlp-sgd mnist_004 NAME float32 LABELS long ARGS --float32)
