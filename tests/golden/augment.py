#!/usr/bin/env python3
"""Writes augment.json: images that SciPy deformed, for tests/hosted/augment.cpp.

Needs NumPy and SciPy (made with 1.24 and 1.10). Run in this folder: ./augment.py
"""
import json

import numpy as np
from scipy import ndimage

MASK64, MASK32 = 2**64 - 1, 2**32 - 1


class Random:
    """xoshiro128++ seeded by splitmix64, as published."""

    def __init__(self, seed):
        self.state = []
        for _ in range(2):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK64
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
            z ^= z >> 31
            self.state += [z & MASK32, z >> 32]

    @staticmethod
    def rotate(x, k):
        return ((x << k) | (x >> (32 - k))) & MASK32

    def bits(self):
        s = self.state
        result = (self.rotate((s[0] + s[3]) & MASK32, 7) + s[0]) & MASK32
        t = (s[1] << 9) & MASK32
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = self.rotate(s[3], 11)
        return result

    def signed_uniform(self):
        return 2 * (self.bits() >> 8) / 2**24 - 1


def deform(image, right, down, turn, scale, field_right=0.0, field_down=0.0):
    """Maps every pixel back by matrices, and interpolates there."""
    height, width, channels = image.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    angle = np.radians(turn)
    forth = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rows, columns = np.mgrid[0:height, 0:width]
    targets = np.stack([columns, rows], -1) - middle - [right, down]
    sources = targets @ np.linalg.inv(forth).T + middle
    x, y = sources[..., 0] + field_right, sources[..., 1] + field_down
    planes = [
        ndimage.map_coordinates(image[..., c], [y, x], order=1, mode="grid-constant", cval=0)
        for c in range(channels)
    ]
    return np.stack(planes, -1)


def numbers(array):
    return [round(float(x), 6) for x in np.asarray(array).ravel()]


def fixed_cases():
    image = np.random.default_rng(1).integers(0, 256, (6, 9, 2)).astype(float)
    for right, down, turn, scale in [(1.25, -0.5, 0, 1), (0, 0, 30, 1), (0, 0, 0, 1.6), (-2.5, 1.75, -77, 0.7)]:
        yield {
            "shape": image.shape, "image": numbers(image), "right": right, "down": down,
            "turn": turn, "scale": scale,
            "result": numbers(deform(image, right, down, turn, scale)),
        }


def drawn_case(seed, shape, shift, rotation, scale, alpha, sigma):
    image = np.random.default_rng(seed).integers(0, 256, shape).astype(float)
    random = Random(seed)
    placement = [shift * random.signed_uniform(), shift * random.signed_uniform(),
                 rotation * random.signed_uniform(), 1 + scale * random.signed_uniform()]
    fields = []
    for _ in range(2):
        noise = np.array([[random.signed_uniform() for _ in range(shape[1])] for _ in range(shape[0])])
        fields.append(alpha * ndimage.gaussian_filter(noise, sigma, mode="constant", truncate=3))
    return {
        "seed": seed, "shape": shape, "shift": shift, "rotation": rotation, "scale": scale,
        "alpha": alpha, "sigma": sigma, "image": numbers(image),
        "field_right": numbers(fields[0]), "field_down": numbers(fields[1]),
        "result": numbers(deform(image, *placement, *fields)),
    }


json.dump(
    {
        "fixed": list(fixed_cases()),
        "drawn": [
            drawn_case(7, (12, 10, 1), 2.0, 15.0, 0.2, 34.0, 4.0),
            drawn_case(8, (5, 17, 3), 1.0, 90.0, 0.5, 6.0, 1.2),
        ],
    },
    open("augment.json", "w"),
)
