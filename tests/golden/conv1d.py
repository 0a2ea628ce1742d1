"""Writes conv1d.hpp beside itself: PyTorch's conv1d in float64, forward and all gradients.

Needs PyTorch (Debian: python3-torch) and clang-format; made with PyTorch 1.13.
"""

import pathlib
import subprocess

import torch

BATCH, STEPS, CHANNELS, FILTERS, KERNEL = 2, 7, 3, 4, 3

HEAD = f"""\
// PyTorch's conv1d in float64 on {BATCH} samples of {STEPS} steps. Written by conv1d.py.
#pragma once

#include <array>
#include <cstddef>

namespace golden::conv1d {{

inline constexpr std::size_t batch = {BATCH};
inline constexpr std::size_t steps = {STEPS};
inline constexpr std::size_t channels = {CHANNELS};
inline constexpr std::size_t filters = {FILTERS};
inline constexpr std::size_t kernel = {KERNEL};

/// Of one stride and padding; gradients are those of the sum of output x output_gradient.
template <std::size_t Positions>
struct run {{
  std::array<double, batch * Positions * filters> output;
  std::array<double, batch * Positions * filters> output_gradient;
  std::array<double, filters * kernel * channels> weights;
  std::array<double, filters> bias;
  std::array<double, batch * steps * channels> input;
}};
"""


def drawn(*shape):
    """Standard normal numbers that are short to write."""
    return torch.round(torch.randn(*shape, dtype=torch.float64), decimals=2)


def numbers(values):
    return ", ".join(repr(value) for value in values.flatten().tolist())


def array(name, values):
    return f"inline constexpr std::array<double, {values.numel()}> {name}{{\n{numbers(values)}}};\n"


def run(name, x, weights, bias, stride, padding):
    """PyTorch wants the channels before the steps."""
    padded = torch.nn.functional.pad(x.transpose(1, 2), padding)
    y = torch.nn.functional.conv1d(padded, weights.transpose(1, 2), bias, stride).transpose(1, 2)
    slopes = drawn(*y.shape)
    gradients = torch.autograd.grad((y * slopes).sum(), [weights, bias, x])
    tensors = ",\n".join("{" + numbers(tensor) + "}" for tensor in [y, slopes, *gradients])
    return f"inline constexpr run<{y.shape[1]}> {name}{{\n{tensors}}};\n"


def main():
    torch.manual_seed(1)
    x = drawn(BATCH, STEPS, CHANNELS).requires_grad_()
    weights = drawn(FILTERS, KERNEL, CHANNELS).requires_grad_()
    bias = drawn(FILTERS).requires_grad_()
    text = "\n".join([
        HEAD,
        array("weights", weights),
        array("bias", bias),
        array("input", x),
        run("valid", x, weights, bias, 1, (0, 0)),
        "/// Stride 2, four outputs: TensorFlow's `same` needs one zero before and one behind.",
        run("same_by_two", x, weights, bias, 2, (1, 1)),
        "} // namespace golden::conv1d\n",
    ])
    target = pathlib.Path(__file__).with_suffix(".hpp")
    target.write_text(text)
    subprocess.run(["clang-format", "-i", target], check=True)


if __name__ == "__main__":
    main()
