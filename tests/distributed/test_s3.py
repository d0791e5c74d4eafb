"""Photos and shards in a bucket of a real S3 server (moto), each stage a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from manifests.core.codec import encode
from tests.support.clusters import dask
from tests.support.render_fixtures import images
from tests.support.stages import ROOT, hashes, prepare

boto3 = pytest.importorskip("boto3", reason="needs requirements-distributed.lock: make test-distributed")
pytest.importorskip("s3fs", reason="needs requirements-distributed.lock: make test-distributed")
pytest.importorskip("distributed", reason="needs requirements-distributed.lock: make test-distributed")
pytest.importorskip("moto", reason="needs requirements-distributed.lock: make test-distributed")

pytestmark = [pytest.mark.distributed, pytest.mark.timeout(240)]

UNSHARE = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
PARAMS = """
seed: 7
source: {{layout: table, root: "{root}", max_quarantine: 0.5}}
cells: {{age: [20, 40, 60], gender: [male, female]}}
plan: {{total: 90, shares: {{gender: uniform}}, max_copies: 9, shard_size: 25}}
policies: {{mixed: {{weight: 1}}}}
render: {{quality: 90}}
"""


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """A server on this machine, and what its clients need to know."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    known = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    known |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(120):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.25)
            yield {**os.environ, "PYTHONPATH": str(ROOT), "N_JOBS": "2", **known}
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def bucket(environment: dict[str, str]) -> object:
    """The bucket `set`, with forty photos and their labels below `photos`."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    made = boto3.resource("s3", endpoint_url=environment["AWS_ENDPOINT_URL"], **keys).create_bucket(Bucket="set")
    rng, lines = np.random.default_rng(7), ["path,age,gender"]
    for number in range(40):
        lines.append(f"p{number:02d}.jpg,{10 + number},{'male' if number % 4 else 'female'}")
        if number != 3:
            content = encode(rng.integers(0, 255, (64, 64, 3), np.uint8), 90)
            made.put_object(Key=f"photos/p{number:02d}.jpg", Body=content)
    made.put_object(Key="photos/labels.csv", Body="\n".join([*lines, ""]).encode())
    return made


def stage(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=200
    )


def downloaded(bucket: object, prefix: str, folder: Path) -> Path:
    for each in bucket.objects.filter(Prefix=f"{prefix}/"):  # type: ignore[attr-defined]
        target = folder / each.key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(each.get()["Body"].read())
    return folder / prefix


@pytest.fixture(scope="module")
def planned(bucket: object, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepare(tmp_path_factory.mktemp("s3") / "work", PARAMS.format(root="s3://set/photos"))
    for words in (["manifests.scan"], ["balance.plan"], ["augment.render", "--out", "s3://set/shards"]):
        done = stage(folder, environment, *words)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_bucket_gets_the_bytes_of_a_folder(
    planned: Path, bucket: object, environment: dict[str, str], tmp_path: Path
) -> None:
    local = prepare(tmp_path / "local", PARAMS.format(root=downloaded(bucket, "photos", tmp_path / "here")))
    for words in ("manifests.scan", "balance.plan", "augment.render"):
        done = stage(local, environment, words)
        assert done.returncode == 0, done.stderr
    assert hashes(downloaded(bucket, "shards", tmp_path / "there")) == hashes(local / "datasets/shards")


def test_a_store_in_the_bucket_serves_a_machine_that_has_nothing(
    planned: Path, bucket: object, environment: dict[str, str], tmp_path: Path
) -> None:
    expected = hashes(downloaded(bucket, "shards", tmp_path / "once"))
    for number, place in enumerate(("s3://set/shards", "s3://set/shards", str(tmp_path / "here/shards"))):
        done = stage(planned, environment, "augment.render", "--store", "s3://set/store", "--out", place)
        assert done.returncode == 0, done.stderr
        assert (images(done.stdout) == 0) == (number > 0)
    assert hashes(tmp_path / "here/shards") == expected
    assert hashes(downloaded(bucket, "shards", tmp_path / "again")) == expected
    assert not [one for one in bucket.objects.all() if "scratch" in one.key]  # type: ignore[attr-defined]


@pytest.mark.skipif(bool(subprocess.run(UNSHARE, check=False).returncode), reason="may not make mount namespaces")
def test_a_cluster_whose_workers_share_no_folder_renders_from_bucket_to_bucket(
    planned: Path, bucket: object, environment: dict[str, str], tmp_path: Path
) -> None:
    expected = hashes(downloaded(bucket, "shards", tmp_path / "once"))
    with dask(tmp_path / "cluster", 0) as cluster:
        for _ in range(2):
            cluster.worker(hidden=tmp_path.parent, **environment)
        away = {**environment, "POOL": f"dask://{cluster.address}"}
        done = stage(
            planned, away, "augment.render", "--store", "s3://set/cluster-store", "--out", "s3://set/cluster/shards"
        )
    assert done.returncode == 0, done.stderr
    assert images(done.stdout) > 0
    assert hashes(downloaded(bucket, "cluster/shards", tmp_path / "there")) == expected


def test_a_driver_killed_before_the_index_leaves_none_and_a_rerun_the_same_bytes(
    planned: Path, bucket: object, environment: dict[str, str], tmp_path: Path
) -> None:
    expected = hashes(downloaded(bucket, "shards", tmp_path / "once"))
    keys = lambda: {each.key for each in bucket.objects.filter(Prefix="killed/")}  # type: ignore[attr-defined]  # noqa: E731
    words = [sys.executable, "-m", "augment.render", "--out", "s3://set/killed/shards"]
    words += ["--store", str(tmp_path / "store")]
    with dask(tmp_path / "cluster", 0) as cluster:
        for _ in range(2):
            cluster.worker(**environment)
        away = {**environment, "POOL": f"dask://{cluster.address}"}
        with subprocess.Popen(words, cwd=planned, env=away, stderr=subprocess.DEVNULL) as process:
            while not any(key.endswith(".tar") for key in keys()):
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        assert "killed/shards/index.parquet" not in keys()
        done = subprocess.run(words, cwd=planned, env=away, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert hashes(downloaded(bucket, "killed/shards", tmp_path / "there")) == expected


def test_parts_of_two_machines_are_joined_in_the_bucket(
    planned: Path, bucket: object, environment: dict[str, str], tmp_path: Path
) -> None:
    expected = hashes(downloaded(bucket, "shards", tmp_path / "once"))
    for part in ("2/2", "1/2"):
        done = stage(
            planned, environment, "augment.render", "--out", "s3://set/shards", "--store", str(tmp_path / part[0]),
            "--part", part,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert not [each for each in bucket.objects.all() if each.key == "shards/index.parquet"]  # type: ignore[attr-defined]
    done = stage(planned, environment, "augment.render", "--out", "s3://set/shards", "--join")
    assert done.returncode == 0, done.stderr
    assert hashes(downloaded(bucket, "shards", tmp_path / "joined")) == expected


CREATE = """
import sys
from pathlib import Path
from manifests.core import places
target = places.place("s3://set/once/object")
for word in ("one", "one", "two"):
    Path(sys.argv[1]).write_text(word)
    target.fs.invalidate_cache()
    print(places._created(Path(sys.argv[1]), target), target.read_text())
"""


def test_an_object_is_created_by_one_of_two(bucket: object, environment: dict[str, str], tmp_path: Path) -> None:
    """The bucket itself refuses the second one: by `If-None-Match`."""
    words = [sys.executable, "-c", CREATE, str(tmp_path / "file")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True one\nFalse one\nFalse one\n"


def test_a_gallery_in_the_bucket_is_that_of_a_folder(
    planned: Path, bucket: object, environment: dict[str, str], tmp_path: Path
) -> None:
    for words in (["--out", "s3://set/pages/gallery"], ["--out", "s3://set/pages/gallery"], []):
        done = stage(planned, environment, "augment.gallery", "--index", "s3://set/shards/index.parquet", *words)
        assert done.returncode == 0, done.stderr
    made = downloaded(bucket, "pages/gallery", tmp_path / "there")
    assert hashes(made) == hashes(planned / "datasets/pages/gallery")
    assert bucket.Object("pages/gallery/index.html").content_type == "text/html"  # type: ignore[attr-defined]


def test_training_reads_the_bucket(planned: Path, environment: dict[str, str]) -> None:
    with (planned / "params.yaml").open("a") as file:
        file.write(
            "train: {backbone: small_cnn, size: 32, batch: 8, max_steps: 3, recipes: {}, "
            "runs: {a: {images: balanced, recipe: linear}}}\nscore: {min_group: 1}\n"
        )
    done = stage(planned, environment, "train.fit", "--run", "a", "--shards", "s3://set/shards")
    assert done.returncode == 0, done.stderr
    assert (planned / "datasets/runs/a/predictions.parquet").exists()


def test_a_bucket_that_is_not_there_and_a_server_that_does_not_answer_are_one_clear_error(
    planned: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    none = prepare(tmp_path / "none", PARAMS.format(root="s3://nobody/photos"))
    said = stage(none, environment, "manifests.scan")
    assert said.returncode == 1 and "'s3://nobody/photos', which does not exist" in said.stderr
    said = stage(planned, environment, "augment.render", "--out", "s3://nobody/shards")
    assert said.returncode == 1 and "Traceback" not in said.stderr and "s3://nobody/shards" in said.stderr
    away = {**environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    said = stage(planned, away, "augment.render", "--out", "s3://set/shards")
    assert said.returncode == 1 and "Traceback" not in said.stderr, said.stderr
