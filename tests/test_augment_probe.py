"""The probe: every policy at every severity on a sample of train photos, the same whoever renders it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from hashlib import blake2b, sha256
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from augment import probe, verify
from augment.kernels.draws import Draws
from augment.kernels.policies import CATALOGUE
from augment.rendering import faces, probe_sample
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import base, index, source
from tests.support.render_fixtures import project

AUDIT = "render: {quality: 90}\naudit: {photos: 20, severities: [0.5, 1]}"
FIXED = {"flip", "grey", "morph", "background"}  # severity means nothing


def run(folder: Path, jobs: int) -> None:
    environment = mock.patch.dict(os.environ, {"N_JOBS": str(jobs)})
    arguments = mock.patch.object(sys, "argv", ["probe"])
    with contextlib.chdir(folder), environment, arguments, contextlib.redirect_stdout(io.StringIO()):
        probe.main()


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = project(tmp_path_factory.mktemp("probe"), train=40)
    made.params(AUDIT)
    run(made.folder, jobs=1)
    return made.folder


@pytest.fixture(scope="module")
def table(folder: Path) -> pa.Table:
    return index.read(folder / "datasets/probe/index.parquet")[0]


def test_three_workers_and_no_store_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = digests(folder / "datasets/probe")
    run(folder, jobs=2)
    assert digests(folder / "datasets/probe") == first
    other = project(tmp_path, train=40)
    other.params(AUDIT)
    run(other.folder, jobs=3)
    assert digests(other.folder / "datasets/probe") == first


def test_every_photo_has_every_policy_at_every_severity(table: pa.Table) -> None:
    wanted = {
        (name, level) for name in CATALOGUE if name != "copy" for level in ((1.0,) if name in FIXED else (0.5, 1))
    }
    for image_id in table["image_id"].unique().to_pylist():
        own = table.filter(pc.field("image_id") == image_id).to_pylist()
        assert own[0]["policy"] == "original" and own[0]["copy"] == 0
        assert {(row["policy"], row["severity"]) for row in own[1:]} == wanted
        mixes = [row["donor"] for row in own if row["policy"] == "morph"]
        assert len(own) == len(wanted) + len(mixes) and 0 < len(set(mixes)) == len(mixes) <= probe_sample.MIXES


def test_only_train_photos_and_none_is_kept(table: pa.Table) -> None:
    assert table["split"].unique().to_pylist() == ["train"]
    assert not any(table["kept"].to_pylist())
    assert len(table["image_id"].unique()) == 20


def test_severity_alone_differs_between_two_copies_of_a_policy(table: pa.Table) -> None:
    pose = table.filter(pc.field("policy") == "pose").to_pylist()
    for low, high in zip(pose[::2], pose[1::2], strict=True):
        assert low["image_id"] == high["image_id"] and low["seed"] == high["seed"]
        gentle, strong = json.loads(low["replay"]), json.loads(high["replay"])
        assert strong["angle"] == pytest.approx(2 * gentle["angle"], abs=2e-4)


def test_tone_comes_from_another_photo_of_the_cell(table: pa.Table, folder: Path) -> None:
    photos = source.read(folder / "manifests/built/source.parquet")[0].to_pylist()
    cell = {row["image_id"]: row["cell"] for row in photos}
    train = {row["image_id"] for row in photos if row["split"] == "train"}
    for row in table.filter(pc.field("policy") == "tone").to_pylist():
        others = [one for one in cell if cell[one] == row["cell"] and one in train and one != row["image_id"]]
        key = f"{row['image_id']}/probe/tone"
        # By content alone: an audit of another day, in another process, must choose the same.
        assert row["donor"] == max(others, key=lambda one: blake2b(f"{key}/{one}".encode(), digest_size=8).digest())


def test_every_image_comes_out_again_from_its_row(table: pa.Table, folder: Path, tmp_path: Path) -> None:
    faces.prepare(folder / "manifests/built/landmarks.parquet", tmp_path)
    folders = verify.Folders(folder / "raw", folder / "datasets/probe", tmp_path, 1 << 20)
    rows = verify.with_donors(table.filter(pc.is_null(pc.field("donor"))), table)  # a donor need not be in the sample
    assert verify.verify(rows, int(table.schema.metadata[b"quality"]), folders, 1, lambda _: None) == []


def photos(counts: dict[int, int], cells: Cells) -> pa.Table:
    """A source table's columns that the sample reads: `counts` photos of each joint cell."""
    cell = pa.array([one for one, count in counts.items() for _ in range(count)], pa.int32())
    ids = [f"{number:016x}" for number in range(len(cell))]
    names = [field.name for field in base.axis_fields(cells)]
    return pa.table({"image_id": ids, **dict(zip(names, base.axis_columns(cells, cell), strict=True))})


CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"]})


def test_bins_and_cells_share_the_sample_as_evenly_as_they_can() -> None:
    chosen = probe_sample.choose(photos({0: 500, 1: 5, 2: 300, 3: 100, 5: 7}, CELLS), CELLS, 60, seed=7)
    cells = dict(zip(*np.unique(chosen["cell"].to_numpy(), return_counts=True), strict=True))
    # 60+ has 7 photos in all; the other bins share the rest, and within a bin the rare cell gives all it has.
    assert cells == {0: 21, 1: 5, 2: 14, 3: 13, 5: 7} or cells == {0: 22, 1: 5, 2: 13, 3: 13, 5: 7}


def test_the_sample_does_not_depend_on_the_order_and_a_new_photo_moves_one() -> None:
    table = photos({0: 40, 3: 40, 4: 40}, CELLS)
    chosen = probe_sample.choose(table, CELLS, 30, seed=7)["image_id"].to_pylist()
    turned = table.take(pa.array(np.arange(len(table))[::-1]))
    assert sorted(probe_sample.choose(turned, CELLS, 30, seed=7)["image_id"].to_pylist()) == chosen
    fewer = probe_sample.choose(table.slice(1), CELLS, 30, seed=7)["image_id"].to_pylist()
    assert len(set(chosen) - set(fewer)) <= 1
    assert probe_sample.choose(table, CELLS, 30, seed=8)["image_id"].to_pylist() != chosen


def test_no_photo_is_a_clear_error() -> None:
    with pytest.raises(UserError, match=r"expected labelled train photos. Received none."):
        probe_sample.choose(photos({}, CELLS), CELLS, 30, seed=7)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_policy_without_severity_is_probed_once(name: str) -> None:
    same = all(CATALOGUE[name].draw(Draws(seed), 0.5) == CATALOGUE[name].draw(Draws(seed), 1) for seed in range(50))
    assert probe_sample.ladder(name, (0.5, 1)) == ((1.0,) if same else (0.5, 1))
    assert same == (name in FIXED | {"copy"})
