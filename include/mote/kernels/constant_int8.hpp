// The int8 kernels for constant weights of every instruction set. All of them compile everywhere,
// so that the host tests them, but for machines whose int has 16 bits.
#pragma once

#if !defined(__AVR__)
#  include <mote/kernels/arm_dsp/conv2d_int8.hpp>
#  include <mote/kernels/arm_dsp/dense_int8.hpp>
#  include <mote/kernels/arm_dsp/sparse_dense_int8.hpp>
#  include <mote/kernels/helium/conv2d_int8.hpp>
#  include <mote/kernels/helium/dense_int8.hpp>
#  include <mote/kernels/scalar32/conv2d_int8.hpp>
#  include <mote/kernels/scalar32/dense_int8.hpp>
#  include <mote/kernels/scalar32/sparse_dense_int8.hpp>
#endif
