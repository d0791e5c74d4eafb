"""Each stage twice, at one and at three workers, writes the same bytes, without network or TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stages import ROOT, hashes, prepare, run_all

STAGES = (
    "manifests.draw",
    "manifests.scan",
    "augment.landmarks",
    "balance.plan",
    "augment.render",
    "augment.gallery",
    "balance.page",
    "pages.quarantine",
    "pages.home",
)


def small() -> str:
    """The repository's params.yaml, with fewer faces and images."""
    text = (ROOT / "params.yaml").read_text().replace("policies:", POLICIES)
    return text.replace("  layout: drawn\n", "  layout: drawn\n  drawn: 160\n").replace(TOTAL, "  total: 200\n")


POLICIES = "policies:\n  morph: {weight: 2}\n  turn: {weight: 1}\n  background: {weight: 1}"
TOTAL = next(
    line for line in (ROOT / "params.yaml").read_text().splitlines(keepends=True) if line.strip().startswith("total:")
)


def built(folder: Path, jobs: int) -> dict[str, str]:
    run_all(folder, *STAGES, jobs=jobs)
    return hashes(folder / "datasets", folder / "manifests")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = prepare(tmp_path_factory.mktemp("once") / "house", small())
    return folder, built(folder, jobs=1)


def test_small_params_are_what_the_test_means() -> None:
    assert "drawn: 160" in small() and "total: 200" in small()


def test_three_workers_write_the_same_bytes_as_one(once: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    assert built(prepare(tmp_path / "house", small()), jobs=3) == once[1]


def test_a_second_run_over_the_first_writes_the_same_bytes(once: tuple[Path, dict[str, str]]) -> None:
    folder, first = once
    assert built(folder, jobs=2) == first


def test_no_part_of_a_file_is_left_behind(once: tuple[Path, dict[str, str]]) -> None:
    assert not [path for path in once[0].rglob("*") if path.suffix in {".part", ".tmp"}]
