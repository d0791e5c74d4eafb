"""A run that starts from another's trained networks, or from a file of weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from manifests.core.errors import UserError
from tests.support.stages import run as call
from tests.support.train_fixtures import run_context, write_shards
from train.fitting import run as runs
from train.fitting import start

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes:
    short: {base: default, head: [16], stages: [{steps: 12}], monitor: mae}
    wide: {base: short_base, head: [24]}
  runs:
    first: {recipe: short, seeds: 2}
    second: {recipe: short, start: first, seeds: 3}
    third: {recipe: short, start: second}
    other: {recipe: wide, start: first}
""".replace(
    "    wide: {base: short_base, head: [24]}\n", "    wide: {base: default, head: [24], stages: [{steps: 2}]}\n"
)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "shards"
    write_shards(folder, {"train": 48, "valid": 24, "test": 12})
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def trained(shards: Path, cache: Path, name: str, text: str = SECTION) -> list[runs.Repeat]:
    return runs.train_repeats(run_context(shards, cache, name, text), lambda repeat, history: None)


def best(repeat: runs.Repeat) -> float:
    return min(record["valid_mae"] for record in repeat.history if "valid_mae" in record)


def test_a_run_begins_at_the_validation_error_of_the_run_it_starts_from(shards: Path, cache: Path) -> None:
    earlier, later = trained(shards, cache, "first"), trained(shards, cache, "second")
    begins = [repeat.history[0]["valid_mae"] for repeat in later]
    np.testing.assert_allclose(begins, [best(earlier[0]), best(earlier[1]), best(earlier[0])], atol=1e-3)
    assert [repeat.steps for repeat in later] == [12, 12, 12]  # its own alone
    assert all(best(repeat) <= begin for repeat, begin in zip(later, begins, strict=True))


def test_a_chain_is_trained_from_its_first_run_on_where_nothing_is_kept(
    shards: Path, cache: Path, tmp_path: Path
) -> None:
    warm, cold = trained(shards, cache, "third"), trained(shards, tmp_path, "third")
    assert warm[0].history == cold[0].history
    assert len({path.parent for path in tmp_path.glob("training/*/repeat-0.npz")}) == 3


def test_another_start_is_another_checkpoint(shards: Path, cache: Path) -> None:
    places = {run_context(shards, cache, name, SECTION).checkpoints for name in ("first", "second", "third")}
    changed = SECTION.replace("stages: [{steps: 12}]", "stages: [{steps: 11}]")
    places |= {run_context(shards, cache, "third", changed).checkpoints}
    assert len(places) == 4


def test_weights_of_a_file_are_those_of_the_run_that_wrote_it(shards: Path, cache: Path, tmp_path: Path) -> None:
    (repeat,) = trained(shards, cache, "third")
    start.save(repeat.network, tmp_path)
    text = SECTION.replace("start: second", f"start: {tmp_path}/network.weights.h5")
    begun = run_context(shards, cache, "third", text)
    (again,) = runs.train_repeats(begun, lambda repeat, history: None)
    assert again.history[0]["valid_mae"] == pytest.approx(best(repeat), abs=1e-3)
    assert begun.checkpoints != run_context(shards, cache, "third", SECTION).checkpoints
    address = SECTION.replace("start: second", f"start: file://{tmp_path}/network.weights.h5")
    (there,) = runs.train_repeats(run_context(shards, cache, "third", address), lambda repeat, history: None)
    assert there.history == again.history


def test_weights_without_the_head_serve_another_head(shards: Path, cache: Path, tmp_path: Path) -> None:
    (repeat,) = trained(shards, cache, "third")
    start.save(repeat.network, tmp_path)
    text = SECTION.replace("size: 32", f"size: 32\n  weights: {tmp_path}/backbone.weights.h5\n  frozen: true")
    text = text.replace("recipe: wide, start: first", "recipe: wide")
    (other,) = trained(shards, tmp_path / "cache", "other", text)
    (there,) = trained(
        shards, tmp_path / "there", "other", text.replace(f"weights: {tmp_path}", f"weights: file://{tmp_path}")
    )
    assert there.history == other.history
    for ours, theirs in zip(other.network.backbone.weights, repeat.network.backbone.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_network_of_other_layers_is_an_error(shards: Path, cache: Path) -> None:
    with pytest.raises(UserError) as error:
        trained(shards, cache, "other")
    words = str(error.value)
    assert ".runs.other.start: expected a network of the same layers as this run's, which has" in words
    assert words.endswith("Give both the same backbone, size, crops, pooling and head.")


def test_runs_that_start_from_one_another_are_an_error(shards: Path, tmp_path: Path) -> None:
    text = SECTION.replace("first: {recipe: short,", "first: {recipe: short, start: third,")
    with pytest.raises(UserError, match="not in a circle as first -> third -> second -> first"):
        run_context(shards, tmp_path, "third", text)


def test_a_start_that_is_neither_a_run_nor_a_file_is_an_error(shards: Path, tmp_path: Path) -> None:
    text = SECTION.replace("start: second", "start: fist")
    with pytest.raises(UserError) as error:
        run_context(shards, tmp_path, "third", text)
    assert str(error.value).endswith(
        "train.runs.third.start: expected a run (first, second, third, other) or a file of weights. Received 'fist'. "
        "Correct the name or the path."
    )


def test_dvc_sees_a_change_of_the_run_that_a_run_starts_from(tmp_path: Path) -> None:
    def written(text: str) -> dict[str, str]:
        (tmp_path / "params.yaml").write_text(text)
        done = call(tmp_path, "train.starts")
        assert done.returncode == 0, done.stderr
        return {path.stem: path.read_text() for path in (tmp_path / "manifests/built/starts").glob("*.json")}

    before = written(SECTION)
    assert json.loads(before["first"]) == {"runs": {}, "files": {}}
    assert list(json.loads(before["third"])["runs"]) == ["first", "second"]
    after = written(SECTION.replace("first: {recipe: short, seeds: 2}", "first: {recipe: short, seeds: 4}"))
    assert {name for name in before if before[name] != after[name]} == {"second", "third", "other"}
    shutil.rmtree(tmp_path / "manifests")
    assert written(SECTION) == before
