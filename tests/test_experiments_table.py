"""A table of experiments: what its sets become, and which mistakes in it are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments import results, table
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.train import Train
from tests.support.experiment_table import ROOT, TABLE, read


def test_a_set_is_the_base_with_its_changes(tmp_path: Path) -> None:
    wanted, base = read(tmp_path), ROOT / "params.appa_real.yaml"
    path = tmp_path / "params.yaml"
    path.write_text(table.composed(wanted, wanted.sets["copies"], base))
    made, before = params.read(path), params.read(base)
    assert made["plan"] == {**before["plan"], "total": 9} and made["policies"] == {"copy": {"weight": 1}}
    assert [*made] == [*before] and [*made["cells"]] == [*before["cells"]]  # the order of the axes counts
    train = params.section(path, Train)
    assert {name: (each.recipe, each.seeds) for name, each in train.runs.items()} == {
        "second": ("wide", 2),
        "third": ("linear", 2),
    }


def test_a_set_holds_the_content_of_a_pipelines_file_so_that_a_changed_one_is_another_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = "{own: {weight: 1, albumentations: manifests/pipelines/own.json}}"
    wanted = read(tmp_path, TABLE.replace("{copy: {weight: 1}}", own))
    (tmp_path / "manifests/pipelines").mkdir(parents=True)
    made = []
    for limit in (3, 5):
        text = f'{{"__class_fullname__": "MotionBlur", "blur_limit": [3, {limit}], "p": 1}}'
        (tmp_path / "manifests/pipelines/own.json").write_text(text)
        made.append(table.composed(wanted, wanted.sets["copies"], ROOT / "params.appa_real.yaml"))
    assert made[0] != made[1] and "own.json" not in made[0] and "MotionBlur" in made[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("against: plain.first", "against: plain.last", "a row of the table as set.run, so not 'plain.last'"),
        ("best: copies.second", "best: second", "a row of the table as set.run, so not 'second'"),
        ("      copies:", "      plain:", "each set's name once"),
        ("      copies:", "      co_pies:", "set names of letters, digits and -, so not 'co_pies'"),
        ("seeds: 2", "seeds: 0", "seeds: expected greater than or equal to 1. Received 0"),
        (
            "      copies:\n",
            "      copies:\n        emphasis: copies.third\n",
            "copies below the set whose errors it needs",
        ),
        (
            "        about: as it is\n",
            "        emphasis: copies.third\n",
            "plain below the set whose errors it needs, copies",
        ),
        ("seeds: 2", "seed: 2", "seed: expected a key that exists. Received 'seed'"),
    ],
)
def test_a_mistake_in_a_table_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        read(tmp_path, TABLE.replace(old, new))


def test_every_set_is_checked_before_the_first_runs(tmp_path: Path) -> None:
    base = ROOT / "params.appa_real.yaml"
    table.check(read(tmp_path), base, tmp_path)
    with pytest.raises(
        UserError, match=r"set copies upon .*yaml: train.runs.third.recipe: expected one of the recipes wide, "
    ):
        table.check(read(tmp_path, TABLE.replace("third: {recipe: linear", "third: {recipe: none")), base, tmp_path)
    with pytest.raises(
        UserError, match=r"^set copies upon .*/params.appa_real.yaml: plan.total: expected a whole number"
    ):
        table.check(read(tmp_path, TABLE.replace("total: 9", "total: 0")), base, tmp_path)


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("appa_real/*.yaml")), ids=lambda path: path.stem)
def test_the_tables_of_the_repository_are_in_order(path: Path, tmp_path: Path) -> None:
    table.check(table.read(path), ROOT / "params.appa_real.yaml", tmp_path)


def test_a_table_in_any_place_names_its_experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my tables").mkdir()
    monkeypatch.chdir(tmp_path / "my tables")
    assert results.experiment_of(Path("table.yaml"), "a-1") == "my-tables-a-1"
    assert results.experiment_of(Path("../x.y/two.yaml"), "a") == "x-y-two-a"


def test_no_table_is_an_error() -> None:
    with pytest.raises(UserError) as error:
        table.read(Path("nowhere.yaml"))
    assert str(error.value) == (
        "nowhere.yaml: expected a table of experiments. Received no such file. Name one with --table."
    )


def test_a_set_may_change_how_the_photos_are_read(tmp_path: Path) -> None:
    """The policies on faces need a model, which `source` names."""
    wanted = read(tmp_path, TABLE.replace("plan: {total: 9}", "source: {face_mesh: mesh.json}"))
    base, path = ROOT / "params.appa_real.yaml", tmp_path / "params.yaml"
    before = params.read(base)["source"]
    for name, source in (("copies", {**before, "face_mesh": "mesh.json"}), ("plain", before)):
        path.write_text(table.composed(wanted, wanted.sets[name], base))
        assert params.read(path)["source"] == source
