"""An image's randomness belongs to the image: seeds from what it is, not from who draws it."""

from __future__ import annotations

import struct
from hashlib import blake2b, shake_128

import numpy as np


def derive(seed: int, *parts: str | int) -> int:
    """Hash a seed and what it is for to 64 bits: (seed, image_id, copy, attempt) for an image.

    Args:
        seed: the `seed` of params.yaml.
        parts: what the randomness belongs to; for a copy its image_id, its number (1 or more; 0 is the
            original and draws nothing) and how many earlier draws the quality gates turned down.
    Returns:
        an unsigned 64-bit integer.
    """
    return rendezvous("/".join(str(part) for part in (seed, *parts)))


def rendezvous(key: str) -> int:
    """The score of a candidate for a place: 64 bits of a hash of `place/candidate`.

    The candidate with the highest (or lowest) score takes the place, so that another candidate
    changes only the places that it takes (Thaler and Ravishankar 1998, rendezvous hashing).
    """
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


def generator(seed: int) -> np.random.Generator:
    """A counter-based generator keyed by a 64-bit seed.

    Philox takes the key as it is, so that making one costs microseconds: PCG64 would first
    run NumPy's SeedSequence (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
    """
    return np.random.Generator(np.random.Philox(key=seed))


def uniforms(seed: int, count: int) -> list[float]:
    """A few numbers, uniform in [0, 1), of 32 bits each: what a policy draws its parameters from.

    A hash as long as is needed (SHAKE128, FIPS 202) takes 2 microseconds; making a generator, 12.

    Args:
        seed: unsigned 64-bit.
        count: how many.
    """
    words = struct.unpack(f"<{count}I", shake_128(seed.to_bytes(8, "big")).digest(4 * count))
    return [word / 4294967296 for word in words]
