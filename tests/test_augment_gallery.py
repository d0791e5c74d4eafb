"""The gallery's folder: its index, its sheets, its parts, and the same bytes however it is made."""

from __future__ import annotations

import base64
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from augment import gallery
from manifests.core import codec
from manifests.core.shards import Shards
from manifests.tables import index, plan, rejects
from pages import gallery_alike, gallery_images, gallery_index, gallery_text, sprites
from tests.support import pages_samples
from tests.support.stages import hashes

IMAGES = 160


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> pages_samples.Sample:
    return pages_samples.make(tmp_path_factory.mktemp("sample"), IMAGES)


def write(sample: pages_samples.Sample, folder: Path, table: pa.Table | None = None) -> Path:
    read, cells = index.read(sample.index)
    folder.mkdir()
    gallery.write(
        folder,
        sample.index.parent,
        read if table is None else table,
        cells,
        plan.read(sample.plan)[0],
        rejects.read(sample.rejects),
        {},
    )
    return folder


@pytest.fixture(scope="module")
def made(sample: pages_samples.Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(sample, tmp_path_factory.mktemp("made") / "gallery")


def handed(file: Path) -> Any:
    """What a script hands to the page."""
    text = file.read_text()
    assert text.startswith('put("') and text.endswith(");\n")
    return json.loads(text[text.index(", ") + 2 : -3])


def test_table_holds_each_row_once_and_its_parts_find_it(sample: pages_samples.Sample, made: Path) -> None:
    table, columns = index.read(sample.index)[0], handed(made / "table.js")
    names = [
        f"{columns['ids'][photo]}_{copy:04d}" for photo, copy in zip(columns["photo"], columns["copy"], strict=True)
    ]
    assert sorted(names) == sorted(table["task_id"].to_pylist())
    rows = {row["task_id"]: row for row in table.to_pylist()}
    facts = [fact for file in sorted((made / "parts").iterdir()) for fact in handed(file)]
    starts = [0, *np.cumsum([len(handed(file)) for file in sorted((made / "parts").iterdir())])[:-1].tolist()]
    assert columns["parts"] == starts
    with Shards(sample.index.parent) as shards:
        for i, (name, fact) in enumerate(zip(names, facts, strict=True)):
            row = rows[name]
            content = base64.b64decode(fact["image"].removeprefix("data:image/jpeg;base64,"))
            assert content == shards.read(row["shard"], row["offset"], row["size"])
            assert columns["cell"][i] == row["cell"]
            assert columns["policies"][columns["policy"][i]] == row["policy"]
            assert columns["splits"][columns["split"][i]] == row["split"]
            assert columns["paths"][columns["photo"][i]] == row["path"]
            assert (["seed", str(row["seed"])] in fact["drawn"]) == (row["copy"] > 0)


def test_likeness_leads_to_other_photos_and_each_photo_has_a_place_on_the_map(made: Path) -> None:
    columns = handed(made / "table.js")
    facts = [fact for file in sorted((made / "parts").iterdir()) for fact in handed(file)]
    for i, fact in enumerate(facts):
        assert ("alike" in fact) == (columns["copy"][i] == 0)
        for row, likeness in fact.get("alike", ()):
            assert row != i and columns["copy"][row] == 0 and 0 < likeness <= 1000
        if fact.get("alike"):
            assert columns["near"][columns["photo"][i]] == fact["alike"][0][1]
    for axis in "xy":
        assert min(columns["map"][axis]) == 0 and max(columns["map"][axis]) == gallery_alike.SPAN
        assert len(columns["map"][axis]) == len(columns["near"]) == len(columns["ids"])


def test_thumbnail_lies_where_its_row_says(sample: pages_samples.Sample, made: Path) -> None:
    rows = gallery_index.order(index.read(sample.index)[0])
    with Shards(sample.index.parent) as shards:
        for i in (0, 1, sprites.ACROSS, sprites.SHEET - 1, sprites.SHEET):
            row = rows.slice(i, 1).to_pylist()[0]
            wanted = sprites.thumbnail(codec.decode(shards.read(row["shard"], row["offset"], row["size"])))
            sheet = codec.decode((made / "sheets" / f"{i // sprites.SHEET:05d}.jpg").read_bytes())
            y, x = divmod(i % sprites.SHEET, sprites.ACROSS)
            size = sprites.THUMB
            shown = sheet[y * size : (y + 1) * size, x * size : (x + 1) * size]
            assert np.abs(shown.astype(int) - wanted).mean() < 4


def test_same_bytes_at_any_worker_count_and_from_any_row_order(
    sample: pages_samples.Sample, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = index.read(sample.index)[0]
    turned = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    monkeypatch.setenv("N_JOBS", "3")
    assert hashes(write(sample, tmp_path / "gallery", turned)) == hashes(made)


@pytest.mark.parametrize(("images", "size"), [(10_000, 25_000), (10_000, 2_000_000), (300, 10), (0, 1)])
def test_ten_thousand_images_make_fewer_than_500_files(images: int, size: int) -> None:
    rows = pa.table({"size": pa.array([size] * images, pa.int64())})
    parts = gallery_images.parts(rows)
    assert sum(block.rows.num_rows for block in parts) == images
    assert [block.number for block in parts] == list(range(len(parts)))
    assert len(parts) + math.ceil(images / sprites.SHEET) + 30 < 500


def test_thumbnail_is_whole_and_centred() -> None:
    image = np.zeros((50, 200, 3), np.uint8)
    shown = sprites.thumbnail(image)
    assert shown.shape == (sprites.THUMB, sprites.THUMB, 3)
    dark = np.flatnonzero((shown == 0).all(axis=(1, 2)))
    assert len(dark) == sprites.THUMB // 4
    assert dark[0] == sprites.THUMB - 1 - dark[-1]


def test_a_format_that_browsers_do_not_show_comes_as_the_same_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    with io.BytesIO() as file:
        Image.fromarray(image).save(file, "TIFF")
        shown = gallery_images.address(file.getvalue())
    assert shown.startswith("data:image/png;base64,")
    assert np.array_equal(codec.decode(base64.b64decode(shown.partition(",")[2])), image)


def test_every_parameter_of_every_policy_has_words() -> None:
    draws, policies = (pytest.importorskip(f"augment.kernels.{name}") for name in ("draws", "policies"))
    for name, policy in policies.CATALOGUE.items():
        for seed in range(20):
            drawn = policy.draw(draws.Draws(seed), 1.0)
            assert drawn.keys() <= gallery_text.WORDS.keys(), name
            for key, value in drawn.items():
                title, say = gallery_text.WORDS[key]
                assert (title, say(value)) in gallery_text.words(drawn), name


def test_parameters_in_words() -> None:
    replay = {"flip": True, "angle": -3.5, "shift": [0.02, -0.01], "gamma": 1.2, "compress": 41}
    assert gallery_text.words(replay) == [
        ("mirror image", "yes"),
        ("turned", "3.5° clockwise"),
        ("moved", "2.0% right, 1.0% up"),
        ("gamma", "1.2"),
        ("saved in between as JPEG", "quality 41"),
    ]
    assert gallery_text.words({"my_own": {"a": [1, 2.5]}, "seed": 9007199254740991}) == [
        ("my own", "a 1, 2.5"),
        ("seed", "9007199254740991"),
    ]
    assert gallery_text.words({"shift": 3}) == [("moved", "3")]


def test_a_sample_keeps_whole_photos_of_every_cell_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_cells = pages_samples.Cells.of({"age": [30], "gender": ["male", "female"]})
    sample = pages_samples.make(tmp_path / "sample", 400, cells=few_cells)
    rows = gallery_index.order(index.read(sample.index)[0])
    assert gallery_index.sampled(rows, 400) == (rows, 0)
    few, each = gallery_index.sampled(rows, 200)
    whole, kept = rows.to_pandas(), few.to_pandas()
    assert each > 0 and 180 < len(kept) < 230
    by = ["split", "cell"]
    sizes = whole.groupby(by, observed=True).size()
    copies = whole.groupby("image_id").size()
    assert (kept.groupby("image_id").size() == copies[sorted(kept["image_id"].unique())]).all()
    for key, size in kept.groupby(by, observed=True).size().reindex(sizes.index, fill_value=0).items():
        assert min(each, sizes[key]) <= size < each + copies.max()
    monkeypatch.setattr(gallery_index.sampled, "__defaults__", (200,))
    html = (write(sample, tmp_path / "gallery") / "index.html").read_text()
    assert f"a sample, {len(few)} of 400 images" in html
    assert len(handed(tmp_path / "gallery/table.js")["copy"]) == len(few)


def test_a_judges_figure_comes_to_its_photo_or_copy() -> None:
    kinds = ["photo", "copy", "probe", "photo"]
    off = pa.array([1.5, 9, 4, -2], pa.float32())
    opinions = pa.table({"image_id": ["c", "a", "b", "a"], "copy": [0, 1, 1, 0], "kind": kinds, "off": off})
    rows = pa.table({"image_id": ["a", "a", "b", "b", "c"], "copy": [0, 1, 0, 1, 0]})
    assert gallery_index.judged(rows, opinions, "age") == {"label": "age", "off": [-2.0, 9.0, None, None, 1.5]}


def test_totals_add_up_to_the_index(sample: pages_samples.Sample) -> None:
    table = index.read(sample.index)[0]
    totals = dict(gallery_index.totals(table))
    frame = table.to_pandas()
    assert sum(totals.values()) == IMAGES
    assert totals["photos left out"] == (~frame["kept"]).sum()
    assert totals["copies made"] == (frame["copy"] > 0).sum()


def test_names_are_escaped_and_no_address_but_the_folders_own_is_allowed(tmp_path: Path) -> None:
    evil = pages_samples.Cells.of({"age": [20], "expression": ["neutral", pages_samples.SCRIPT]})
    folder = write(pages_samples.make(tmp_path / "evil", 60, cells=evil), tmp_path / "gallery")
    html = (folder / "index.html").read_text()
    assert "alert(1)" in html and "<script>alert" not in html and 'style="' not in html
    assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:" in html.replace(
        "&#39;", "'"
    )
    assert all("</script" not in file.read_text() for file in folder.rglob("*.js"))
    assert pages_samples.IMG in handed(folder / "table.js")["paths"]


def test_plan_of_other_cells_is_an_error(sample: pages_samples.Sample, tmp_path: Path) -> None:
    from tests.support.stages import prepare, run

    other = pages_samples.make(
        tmp_path / "other", 60, cells=pages_samples.Cells.of({"age": [30], "gender": ["male", "female"]})
    )
    done = run(
        prepare(tmp_path / "run", "seed: 1\n"),
        "augment.gallery",
        "--index",
        str(sample.index),
        "--plan",
        str(other.plan),
    )
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        == f"{other.plan}: expected the cells of {sample.index}. Received others. Run `dvc repro` for both."
    )
    assert not (tmp_path / "run/datasets/pages/gallery").exists()
