"""Each layout on the real files, where they are linked."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from manifests.sources.rows import Quarantined, SourceRow
from tests.support.source_roots import rows_of

REAL = Path("../shared/data")
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not linked at ../shared/data")


@cache
def real_rows(layout: str, folder: str) -> list[SourceRow | Quarantined]:
    return rows_of(layout, REAL / folder)


@pytest.mark.parametrize(
    ("layout", "folder", "rows", "quarantined"),
    [
        ("appa_real", "appa_real", {"train": 4065, "valid": 1482, "test": 1978}, {}),
        ("appa_real_release", "appa_real_release", {"train": 80, "valid": 80}, {"no_label_row": 1}),
        ("utkface", "utkface", {None: 6000}, {"malformed_name": 5}),
        ("fairface", "fairface", {None: 600}, {}),
        ("fairface", "fairface_labels", {"train": 86744, "valid": 10954}, {}),
        ("adience", "adience", {None: 160}, {}),
        ("adience", "adience_labels", {None: 19487}, {}),
        ("celeba", "celeba", {None: 20000}, {}),
    ],
)
def test_the_real_files_are_read(layout: str, folder: str, rows: dict, quarantined: dict) -> None:
    found = real_rows(layout, folder)
    assert Counter(row.split for row in found if isinstance(row, SourceRow)) == rows
    assert Counter(row.reason for row in found if isinstance(row, Quarantined)) == quarantined


def test_the_challenges_train_has_the_published_marginals() -> None:
    train = [row for row in real_rows("appa_real", "appa_real") if row.split == "train"]
    counts = {axis: Counter(row.labels[axis][0] for row in train) for axis in ("gender", "ethnicity", "expression")}
    assert counts["gender"] == {"male": 2068, "female": 1997}
    assert counts["ethnicity"] == {"caucasian": 3522, "asian": 424, "afroamerican": 119}
    assert counts["expression"] == {"slightlyhappy": 1784, "neutral": 1404, "happy": 712, "other": 165}
    assert Counter(min(3, int(row.age.years // 20)) for row in train) == {0: 796, 1: 2389, 2: 732, 3: 148}


def test_every_age_of_fairface_is_one_of_its_nine_ranges() -> None:
    rows = real_rows("fairface", "fairface_labels") + real_rows("fairface", "fairface")
    counts = Counter((row.age.low, row.age.high) for row in rows)
    tens = {(float(low), float(low + 9)) for low in range(10, 70, 10)}
    assert set(counts) == {(0, 2), (3, 9), (70, float("inf"))} | tens
    assert counts[3, 9] == 10408 + 1356 + 91
    assert counts[10, 19] == 9103 + 1181 + 66


def test_the_ranges_of_adience_that_run_backwards_are_kept_for_the_scan() -> None:
    rows = real_rows("adience", "adience_labels")
    assert sum(row.age is not None and row.age.low > row.age.high for row in rows) == 72
    assert sum(row.age is None for row in rows) == 52 + 37 + 555 + 47 + 62


def test_the_raters_spread_of_the_challenge_is_found_for_every_labelled_photo() -> None:
    rows = rows_of("appa_real", REAL / "appa_real", ratings=str(REAL / "appa_real_ratings/challenge_to_release.csv"))
    assert sum(row.age_std is None for row in rows if not row.unlabelled) == 0
