"""Folds of a nested cross-validation: what belongs together stays together, and a round's plan is in proportion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from experiments.nested import divide, rounds
from experiments.nested.trial import Folds
from manifests.core import codec
from manifests.core.errors import UserError
from manifests.sections.source import Source
from tests.support.render_fixtures import picture


def photos(folder: Path, count: int = 24) -> pa.Table:
    """So many photos of different people; 0, 10 and 20 are one photo, and 5 and 6 are one to the scan."""
    for number in range(count):
        image = picture(0 if number % 10 == 0 else number, 96)
        shift = number // 10 if number % 10 == 0 else 0
        (folder / f"{number:02d}.jpg").write_bytes(codec.encode(np.roll(image, shift, axis=1), 95))
    ids = [f"{number:016x}" for number in range(count)]
    return pa.table(
        {
            "image_id": ids,
            "path": [f"{number:02d}.jpg" for number in range(count)],
            "split": pa.array(["train"] * 18 + ["valid"] * (count - 18)).dictionary_encode(),
            "subject": pa.array(["a" if number in (3, 4) else None for number in range(count)]),
            "near_of": pa.array([ids[6] if number == 5 else None for number in range(count)]),
            "cell": pa.array(np.arange(count) % 2, pa.int32()),
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_near_duplicates_and_a_persons_photos_share_every_fold(tmp_path: Path, seed: int) -> None:
    table = photos(tmp_path)
    outer, inner = divide.folds_of(Folds(outer=3, inner=2), table, Source(layout="table", root=str(tmp_path)), seed)
    for fold in (outer, *inner):
        assert fold[0] == fold[10] == fold[20] and fold[5] == fold[6] and fold[3] == fold[4]
    assert sorted(set(outer)) == [0, 1, 2]
    for number, fold in enumerate(inner):
        assert ((fold == -1) == (outer == number)).all() and set(fold[fold >= 0]) == {0, 1}


def test_the_pool_has_no_near_duplicate_of_a_test_photo(tmp_path: Path) -> None:
    table = photos(tmp_path)
    split = pa.array(["train"] * 6 + ["test"] + ["valid"] * 17).dictionary_encode()
    made = divide.pool(table.set_column(2, "split", split))
    assert set(table["image_id"].to_pylist()) - set(made["image_id"].to_pylist()) == {f"{n:016x}" for n in (5, 6)}


def test_a_rounds_total_is_in_proportion_and_other_counts_are_refused(tmp_path: Path) -> None:
    content = {"seed": 7, "plan": {"total": 54, "shares": {}}, "train": {"runs": {}}}
    assert rounds.scaled(content, 6, photos(tmp_path)) == {"seed": 7, "plan": {"total": 18, "shares": {}}}
    content["plan"]["floors"] = {"gender": {"male": 3}}
    with pytest.raises(UserError, match=r"plan.floors: expected none in a trial, whose folds have fewer photos"):
        rounds.scaled(content, 6, photos(tmp_path))
