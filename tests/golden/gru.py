"""Writes gru.hpp beside itself: PyTorch's nn.GRU in float64, forward and all gradients.

Needs PyTorch (Debian: python3-torch) and clang-format; made with PyTorch 1.13.
"""

import pathlib
import subprocess

import torch

BATCH, STEPS, CHANNELS, UNITS = 2, 4, 3, 5

HEAD = f"""\
// PyTorch's nn.GRU in float64 on {BATCH} samples of {STEPS} steps. Written by gru.py.
#pragma once

#include <array>
#include <cstddef>

namespace golden::gru {{

inline constexpr std::size_t batch = {BATCH};
inline constexpr std::size_t steps = {STEPS};
inline constexpr std::size_t channels = {CHANNELS};
inline constexpr std::size_t units = {UNITS};

struct gradients {{
  std::array<double, 3 * units * channels> weights;
  std::array<double, 3 * units * units> recurrent_weights;
  std::array<double, 3 * units> bias;
  std::array<double, 3 * units> recurrent_bias;
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


def gradients(name, by, loss):
    found = torch.autograd.grad(loss, by, retain_graph=True)
    tensors = ",\n".join("{" + numbers(tensor) + "}" for tensor in found)
    return f"inline constexpr gradients {name}{{\n{tensors}}};\n"


def main():
    torch.manual_seed(1)
    layer = torch.nn.GRU(CHANNELS, UNITS, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for tensor in layer.parameters():
            tensor.copy_(drawn(*tensor.shape))
    x = drawn(BATCH, STEPS, CHANNELS).requires_grad_()
    states, _ = layer(x)
    output_gradient = drawn(*states.shape)
    by = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0, x]
    weighted = states * output_gradient

    text = "\n".join([
        HEAD,
        array("weights", layer.weight_ih_l0),
        array("recurrent_weights", layer.weight_hh_l0),
        array("bias", layer.bias_ih_l0),
        array("recurrent_bias", layer.bias_hh_l0),
        array("input", x),
        array("states", states),
        "/// By the state after each step.",
        array("output_gradient", output_gradient),
        "/// What that makes when all states are the output.",
        gradients("of_all", by, weighted.sum()),
        "/// And when only the last one is.",
        gradients("of_last", by, weighted[:, -1].sum()),
        "} // namespace golden::gru\n",
    ])
    target = pathlib.Path(__file__).with_suffix(".hpp")
    target.write_text(text)
    subprocess.run(["clang-format", "-i", target], check=True)


if __name__ == "__main__":
    main()
