"""An image's randomness belongs to the image."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from manifests.core import seeds


def test_the_seed_is_the_one_that_published_tables_hold() -> None:
    assert seeds.derive(7, "00ff00ff00ff00ff", 1, 0) == 0x8BD2CF29197BB2DD


@given(st.integers(0, 2**32 - 1), st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(1, 9999))
def test_a_seed_has_64_bits_and_is_the_same_each_time(seed: int, image_id: str, copy: int) -> None:
    first = seeds.derive(seed, image_id, copy, 0)
    assert 0 <= first < 2**64
    assert first == seeds.derive(seed, image_id, copy, 0)


def test_every_part_counts() -> None:
    drawn = {
        seeds.derive(s, i, c, a) for s in (1, 2) for i in ("a" * 16, "b" * 16) for c in range(1, 30) for a in (0, 1)
    }
    assert len(drawn) == 2 * 2 * 29 * 2


def test_parts_do_not_run_into_one_another() -> None:
    assert seeds.derive(1, "a", 11, 1) != seeds.derive(1, "a", 1, 11)
    assert seeds.derive(11, "a", 1, 0) != seeds.derive(1, "1a", 1, 0)


def test_a_generator_repeats_and_differs_by_its_key() -> None:
    first, again, other = (seeds.generator(k).random(1000) for k in (2**64 - 1, 2**64 - 1, 2**64 - 2))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.15


def test_neighbouring_keys_draw_uniform_numbers() -> None:
    firsts = np.array([seeds.generator(seeds.derive(7, f"{i:016x}", 1, 0)).random() for i in range(4000)])
    counts = np.histogram(firsts, bins=10, range=(0, 1))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-squared, 9 degrees, one in a thousand
