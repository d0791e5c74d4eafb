"""Folds of cross-validation: one is tested on, subjects stay together, every photo is tested on once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from manifests import scan
from manifests.core import codec
from manifests.core.errors import UserError
from manifests.scanning.splits import by_fold

PARAMS = """
task: {{target: gender}}
source: {{layout: table, root: {root}, fold: {fold}, folds: 4, max_quarantine: 0, near_duplicates: keep}}
cells: {{gender: [male, female]}}
"""


def test_folds_of_the_layout_are_tested_on_once_each() -> None:
    keys, folds = ["a", "a", "b", "c", "d", "e"], [0, 0, 1, 1, 2, 2]
    for fold in range(3):
        found = by_fold(keys, folds, fold, 5, 0.3)
        assert [split == "test" for split in found] == [each == fold for each in folds]
        assert set(found) == {"train", "valid", "test"}


def test_a_subject_in_two_folds_is_in_the_first_alone() -> None:
    found = by_fold(["a", "a", "b", "c"], [0, 1, 1, 2], 1, 5, 0.0)
    assert found == ["train", "train", "test", "train"]


def test_without_folds_subjects_are_divided_evenly_by_hash() -> None:
    keys = [f"subject-{n // 2}" for n in range(4000)]
    each = [by_fold(keys, [None] * len(keys), fold, 5, 0.2) for fold in range(5)]
    tested = np.array([[split == "test" for split in found] for found in each])
    assert (tested.sum(axis=0) == 1).all()
    assert tested.mean(axis=1) == pytest.approx([0.2] * 5, abs=0.03)
    for found in each:
        own: dict[str, set[str]] = {}
        for key, split in zip(keys, found, strict=True):
            own.setdefault(key, set()).add(split)
        assert all(len(splits) == 1 for splits in own.values())
        assert np.mean([split == "valid" for split in found]) == pytest.approx(0.16, abs=0.03)


def table_of(folder: Path, column: bool) -> None:
    """24 photos of 12 subjects; with a column `fold`, and one subject's gender missing."""
    rng, lines = np.random.default_rng(3), [f"path,gender,subject{',fold' if column else ''}"]
    for number in range(24):
        image = rng.integers(0, 255, (24, 24, 3), np.uint8)
        (folder / f"{number}.jpg").write_bytes(codec.encode(image, 95))
        fold = f",{number // 6}" if column else ""
        lines.append(f"{number}.jpg,{('male', 'female')[number % 2]},s{number // 2}{fold}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def scanned(folder: Path, fold: int) -> dict[str, tuple[str, str]]:
    (folder / "params.yaml").write_text(PARAMS.format(root=folder, fold=fold))
    options = [f"--{name}={folder / name}.parquet" for name in ("source", "quarantine")]
    scan.main([f"--params={folder / 'params.yaml'}", *options])
    rows = pq.read_table(folder / "source.parquet").to_pylist()
    return {row["path"]: (row["split"], row["subject"]) for row in rows}


@pytest.mark.parametrize("column", [True, False])
def test_any_layout_with_subjects_or_a_fold_column_has_folds(tmp_path: Path, column: bool) -> None:
    table_of(tmp_path, column)
    tested = []
    for fold in range(4):
        try:
            found = scanned(tmp_path, fold)
        except UserError as error:
            assert not column and error.where.endswith("source.fold")  # twelve subjects may leave a fold empty
            continue
        test = {subject for split, subject in found.values() if split == "test"}
        assert test.isdisjoint(subject for split, subject in found.values() if split != "test")
        tested += [path for path, (split, _) in found.items() if split == "test"]
        if column:
            assert sorted(path for path, (split, _) in found.items() if split == "test") == sorted(
                f"{number}.jpg" for number in range(6 * fold, 6 * fold + 6)
            )
    assert sorted(tested) == sorted(f"{number}.jpg" for number in range(24))


def test_a_fold_that_is_not_there_is_named(tmp_path: Path) -> None:
    table_of(tmp_path, column=True)
    with pytest.raises(
        UserError, match=r"source\.fold: expected photos in fold 9 and in others\. Received photos in 0"
    ):
        scanned(tmp_path, 9)
