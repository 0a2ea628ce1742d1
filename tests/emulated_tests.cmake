# Tests on other machines, in an emulator: AArch64, whose float kernels are NEON's, and s390x, which
# is big-endian.

find_path(MOTE_CATCH_INCLUDE_DIR catch2/catch.hpp)
mark_as_advanced(MOTE_CATCH_INCLUDE_DIR)

# emulated_test(<name> <label> <machine> <test>...)
function(emulated_test name label machine)
  mote_script_test(emulated/${name} ${label} emulated.cmake WITH -DCOMPILER=${machine}-linux-gnu-g++
    -DEMULATOR=qemu-${machine} "-DTESTS=${ARGN}" "-DFLAGS=${strict};-O1;-ffp-contract=off;-Wno-psabi"
    -DINCLUDE=${PROJECT_SOURCE_DIR}/include -DBOOST=${MOTE_BOOST_INCLUDE_DIR} -DCATCH=${MOTE_CATCH_INCLUDE_DIR}
    -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/emulated/${name})
endfunction()
emulated_test(aarch64 firmware aarch64 kernels/dense layers/dense layers/conv2d layers/pooling optimizers/adam)
emulated_test(s390x firmware s390x core/crc32 core/fixed_point core/random kernels/dense_int8 kernels/requantize
  layers/dense)
emulated_test(aarch64_slow long aarch64 core/vector_math kernels/conv2d kernels/vector_int8)
emulated_test(s390x_slow long s390x core/math kernels/arm_dsp kernels/scalar32 kernels/helium)
set_tests_properties(emulated/aarch64_slow emulated/s390x_slow PROPERTIES TIMEOUT 3600)
