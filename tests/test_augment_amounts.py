"""Mixes at several amounts: the kernels' own, of photo and donor, for the copies on the gallery's first screen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from augment.rendering import amounts
from manifests.core import codec
from manifests.core.shards import Shards
from pages import gallery_index
from tests.support.render_fixtures import Project, project


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project_ = project(tmp_path_factory.mktemp("amounts"), train=32, copies=4)
    project_.render()
    return project_


def rendered(made: Project) -> dict[str, list[tuple[float, bytes]]]:
    table = made.table()
    faces = made.folder / "manifests/built/landmarks.parquet"
    return amounts.rendered(gallery_index.order(table), table, made.shards, faces)


def test_at_the_amount_that_was_drawn_the_copy_comes_out_again(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {row["task_id"]: row for row in made.table().to_pylist()}
    task = next(iter(rendered(made)))
    monkeypatch.setattr(amounts, "AMOUNTS", (json.loads(rows[task]["replay"])["morph"]["amount"],))
    with Shards(made.shards) as shards:
        stored = shards.read(rows[task]["shard"], rows[task]["offset"], rows[task]["size"])
    assert rendered(made)[task][0][1] == stored


def test_more_of_the_donor_leads_away_from_the_photo(made: Project) -> None:
    for mixes in rendered(made).values():
        assert [amount for amount, _ in mixes] == list(amounts.AMOUNTS)
        none, *others = (codec.decode(image).astype(int) for _, image in mixes)
        apart = [np.abs(other - none).mean() for other in others]
        assert apart == sorted(apart) and apart[0] > 0


def test_mixes_are_made_for_no_more_copies_than_the_first_screen_shows(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    morphs = {row["task_id"] for row in made.table().to_pylist() if row["policy"] == "morph"}
    assert rendered(made).keys() <= morphs and len(rendered(made)) == min(amounts.COPIES, len(morphs)) > 3
    monkeypatch.setattr(amounts, "COPIES", 3)
    assert len(rendered(made)) == 3
