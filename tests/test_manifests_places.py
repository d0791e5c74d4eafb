"""Photos and shards at an address: read and written through fsspec, with the same bytes as on this machine.

`file://` addresses stand for a bucket: they go the same way, need no server, and every worker sees them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from manifests.core import files, places, plain
from manifests.core.errors import UserError
from manifests.core.shards import Shards
from tests.support.render_fixtures import images
from tests.support.stages import hashes, prepare, run, run_all

PARAMS = """
seed: 7
source: {{layout: table, root: "{root}", max_quarantine: 0.5}}
cells: {{age: [20, 40, 60], gender: [male, female]}}
plan: {{total: 60, shares: {{gender: uniform}}, max_copies: 9, shard_size: 25}}
policies: {{mixed: {{weight: 1}}}}
render: {{quality: 90}}
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty photos with their labels, one of them damaged and one not there."""
    from manifests.core.codec import encode

    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(7)
    lines = ["path,age,gender"]
    for number in range(20):
        lines.append(f"p{number:02d}.jpg,{10 + 3 * number},{'male' if number % 4 else 'female'}")
        if number != 3:
            content = encode(rng.integers(0, 255, (64, 64, 3), np.uint8), 90)
            (folder / f"p{number:02d}.jpg").write_bytes(content if number != 5 else content[:200])
    lines.append("../outside.jpg,30,male")
    (folder / "labels.csv").write_text("\n".join([*lines, ""]))
    return folder


def stages(folder: Path, root: str, out: str, jobs: int = 1) -> Path:
    prepare(folder, PARAMS.format(root=root))
    run_all(folder, "manifests.scan", "balance.plan", f"augment.render --out {out}", jobs=jobs)
    return folder


@pytest.fixture(scope="module")
def here(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stages(tmp_path_factory.mktemp("here") / "work", str(photos), "datasets/shards")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_set_at_addresses_has_the_bytes_of_one_here(here: Path, photos: Path, tmp_path: Path, jobs: int) -> None:
    bucket = tmp_path / "bucket/shards"
    made = stages(tmp_path / "work", f"file://{photos}", f"file://{bucket}", jobs)
    assert hashes(bucket) == hashes(here / "datasets/shards")
    for name in ("tasks.parquet", "plan.parquet"):
        assert (made / "manifests/built" / name).read_bytes() == (here / "manifests/built" / name).read_bytes()
    left, expected = (pq.read_table(one / "manifests/built/quarantine.parquet") for one in (made, here))
    assert left["path"].to_pylist() == expected["path"].to_pylist() == ["../outside.jpg", "p03.jpg", "p05.jpg"]
    assert left["reason"].to_pylist() == expected["reason"].to_pylist()
    assert not [path for path in bucket.iterdir() if path.name.endswith(".part")]
    assert not list(made.rglob("*.tar"))  # nothing is kept here


def test_the_next_plan_replaces_the_shards_and_removes_what_it_does_not_name(
    here: Path, photos: Path, tmp_path: Path
) -> None:
    bucket = tmp_path / "bucket/shards"
    made = stages(tmp_path / "work", str(photos), f"file://{bucket}")
    (bucket / "train-00009.tar").write_bytes(b"of an earlier plan")
    assert run(made, "augment.render", "--out", f"file://{bucket}").returncode == 0
    assert hashes(bucket) == hashes(here / "datasets/shards")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_store_at_an_address_is_shared_by_machines_with_no_folder_in_common(
    here: Path, photos: Path, tmp_path: Path, jobs: int
) -> None:
    store, counts = f"file://{tmp_path}/store", []
    for machine in ("one", "two", "three"):
        made = prepare(tmp_path / machine, PARAMS.format(root=photos))
        run_all(made, "manifests.scan", "balance.plan")
        if machine == "three":  # an image that is damaged in the store is rendered anew
            pack = max(
                (tmp_path / "store").glob("??/*.pack"), key=lambda path: path.stat().st_size
            )  # not one of prints
            pack.write_bytes(bytes(64) + pack.read_bytes()[64:])
        done = run(made, "augment.render", "--store", store, jobs=jobs)
        assert done.returncode == 0, done.stderr
        assert hashes(made / "datasets/shards") == hashes(here / "datasets/shards")
        counts.append(images(done.stdout))
        assert not list((tmp_path / "store").glob("scratch*")) and not (made / ".cache/render").exists()
    assert counts[0] > 20 and counts[1] == 0 and 0 < counts[2] < counts[0]


def test_a_folder_of_the_users_is_not_replaced(here: Path, tmp_path: Path) -> None:
    made = shutil.copytree(here, tmp_path / "work")
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    (bucket / "mine.txt").write_text("mine")
    said = run(made, "augment.render", "--out", f"file://{bucket}").stderr
    assert said == (
        f"file://{bucket}: expected an empty folder, or one that augment.render made. Received a folder that holds "
        "mine.txt. Choose another path, or remove the folder if nothing in it is needed.\n"
    )
    assert [path.name for path in bucket.iterdir()] == ["mine.txt"]


def test_an_image_is_read_by_its_range(here: Path) -> None:
    from manifests.tables import index

    table, _ = index.read(places.place(f"file://{here}/datasets/shards/index.parquet"))
    there = Shards(places.place(f"file://{here}/datasets/shards"))
    with Shards(here / "datasets/shards") as shards:
        for row in table.select(["shard", "offset", "size"]).to_pylist():
            where = (row["shard"], row["offset"], row["size"])
            assert there.read(*where) == shards.read(*where)
    end = (here / "datasets/shards" / row["shard"]).stat().st_size
    with pytest.raises(UserError, match=f"expected {end + 5} bytes or more. Received {end}. Run `python -m augment"):
        there.read(row["shard"], end - 5, 10)
    with pytest.raises(UserError, match=r"no.tar: expected a shard\. Received .* Run `python -m augment.render` again"):
        there.read("no.tar", 0, 10)


def test_a_photo_that_changes_after_the_scan_is_an_error_there_too(photos: Path, tmp_path: Path) -> None:
    own = shutil.copytree(photos, tmp_path / "photos")
    made = prepare(tmp_path / "work", PARAMS.format(root=f"file://{own}"))
    run_all(made, "manifests.scan", "balance.plan")
    shutil.copyfile(own / "p00.jpg", own / "p01.jpg")
    done = run(made, "augment.render")
    assert done.returncode == 1 and "its bytes have changed since the scan" in done.stderr


def test_what_cannot_be_read_has_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as unknown:
        places.place("nosuch://bucket/x")
    assert str(unknown.value) == (
        "nosuch://bucket/x: expected an address that fsspec knows, such as s3://bucket/folder. Received nosuch. "
        "Correct it."
    )
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(UserError, match=r"s3://b/x: expected an installed package for s3://\. Received Install s3fs"):
        places.place("s3://b/x")
    made = prepare(tmp_path / "work", PARAMS.format(root=f"file://{tmp_path}/none"))
    assert f"'file://{tmp_path}/none', which does not exist" in run(made, "manifests.scan").stderr


def test_a_file_at_an_address_is_read_within_its_limits(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "file").write_bytes(b"12345")
    assert plain.read_plain(places.place(f"file://{tmp_path}/file"), 5) == b"12345"
    for name, limit, reason in (("empty", 5, "empty_file"), ("file", 4, "too_large"), ("", 5, "not_a_file")):
        with pytest.raises(plain.NotReadable) as refused:
            plain.read_plain(places.place(f"file://{tmp_path}/{name}"), limit)
        assert refused.value.reason == reason
    with pytest.raises(FileNotFoundError):
        plain.read_plain(places.place(f"file://{tmp_path}/none"), 5)


def test_a_file_is_published_whole_or_not_at_all(tmp_path: Path) -> None:
    target = places.place(f"file://{tmp_path}/folder/file")
    with pytest.raises(KeyboardInterrupt), files.publish(target) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert not (tmp_path / "folder").exists()
    files.write_bytes(target, b"whole")
    assert (tmp_path / "folder/file").read_bytes() == b"whole"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["file"]


def test_a_page_at_an_address_is_the_page_of_a_folder(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, bucket = shutil.copytree(here, tmp_path / "work"), tmp_path / "bucket/gallery"
    run_all(made, "augment.gallery", f"augment.gallery --out file://{bucket}")
    assert hashes(bucket) == hashes(made / "datasets/pages/gallery")
    (bucket / "parts/99999.js").write_text("of an older page")
    run_all(made, f"augment.gallery --out file://{bucket} --index file://{made}/datasets/shards/index.parquet")
    assert hashes(bucket) == hashes(made / "datasets/pages/gallery")
    run_all(made, f"balance.page --out file://{tmp_path}/plan", f"pages.home --out file://{tmp_path}/index.html")
    assert (tmp_path / "plan/index.html").exists() and (tmp_path / "index.html").exists()
    run_all(made, f"augment.publish --to file://{tmp_path}/set --shards file://{made}/datasets/shards")
    assert (tmp_path / "set/index.parquet").read_bytes() == (made / "datasets/shards/index.parquet").read_bytes()
    monkeypatch.setenv("POOL", "dask://127.0.0.1:9")
    done = run(made, "augment.gallery", "--out", f"file://{bucket}")
    assert done.stderr == (
        "environment: POOL: expected none for a page at an address: it is made on this machine, then uploaded. "
        "Received 'dask://127.0.0.1:9'. Unset it, or name a folder for --out.\n"
    )


def test_other_paths_stay_on_this_machine(here: Path) -> None:
    for option in ("--tasks", "--source", "--report"):
        said = run(here, "augment.render", option, "s3://bucket/x").stderr
        assert "expected one on this machine's file systems. Received 's3://bucket/x'" in said
