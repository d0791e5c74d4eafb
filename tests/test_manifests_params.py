"""`params.yaml`: each section read alone, each mistake named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.source import Source

GOOD = "source: {layout: utkface, root: photos}\ncells: {age: [20, 40], gender: [male, female]}\nseed: 7\n"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        Path("params.yaml").write_text(text, encoding="utf-8")
        return Path("params.yaml")

    return write


def message(call, *arguments) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    return str(error.value)


def test_a_section_is_read_with_its_defaults(written) -> None:
    source = params.section(written(GOOD), Source)
    assert (source.layout, source.root, source.max_quarantine, source.near_duplicates) == (
        "utkface",
        "photos",
        0.05,
        "drop",
    )
    assert (source.split.valid, source.split.test) == (0.2, 0.2)


def test_a_section_is_frozen(written) -> None:
    source = params.section(written(GOOD), Source)
    with pytest.raises(ValidationError):
        source.root = "elsewhere"


def test_yaml_is_read_as_dvc_reads_it(written) -> None:
    path = written("source: {layout: utkface, root: no, max_quarantine: 1e-1}\n")
    source = params.section(path, Source)
    assert (source.root, source.max_quarantine) == ("no", 0.1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source: {layuot: utkface}", "params.yaml: source.layout: expected this key."),
        ("source: {layout: utkface, root: x, rooot: y}", "params.yaml: source.rooot: expected a key that exists."),
        ("source: {layout: imdb, root: x}", "params.yaml: source.layout: expected 'appa_real', 'appa_real_release',"),
        (
            "source: {layout: utkface, root: x, max_quarantine: half}",
            "params.yaml: source.max_quarantine: expected a valid number. Received 'half'. Correct the value.",
        ),
        (
            "source: {layout: utkface, root: x, max_quarantine: 2}",
            "params.yaml: source.max_quarantine: expected less than or equal to 1. Received 2. Correct the value.",
        ),
        (
            "source: {layout: utkface, root: x, max_quarantine: .nan}",
            "params.yaml: source.max_quarantine: expected",
        ),
        ("source: {layout: utkface, root: 3}", "params.yaml: source.root: expected a valid string. Received 3."),
        (
            "source: {layout: utkface, root: x, split: {valid: 0.6, test: 0.4}}",
            "params.yaml: source.split: expected shares of valid and test below 1 in sum, so that train is left.",
        ),
        ("cells: {age: [20]}", "params.yaml: source: expected a section of that name. Received none."),
        (
            "source: {layout: utkface, root: 2020-01-01}",
            "params.yaml: source: expected numbers, words, lists and maps.",
        ),
        (
            "sauce: {}",
            "params.yaml: sauce: expected one of the sections seed, task, source, cells, plan, policies, render, "
            "train, score, audit. Received 'sauce' (did you mean source?). Correct or remove the key.",
        ),
        ("- a", "params.yaml: expected a map with the sections"),
        ("", "params.yaml: expected a parameter file. Received 0 bytes. Name one with --params."),
        ("source: {layout: [", "params.yaml: expected valid YAML 1.2."),
        ("source: {root: a, root: b}", "params.yaml: expected valid YAML 1.2."),
    ],
)
def test_a_mistake_is_named(written, text: str, expected: str) -> None:
    assert message(params.section, written(text), Source).startswith(expected)


def test_a_missing_file_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message(params.read, Path("none.yaml")) == (
        "none.yaml: expected a parameter file. Received no such file. Name one with --params."
    )
    Path("folder").mkdir()
    assert message(params.read, Path("folder")) == (
        "folder: expected a parameter file. Received a directory. Name one with --params."
    )


def test_a_file_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"source: {root: caf\xe9}\n")
    assert "expected valid YAML 1.2" in message(params.read, path)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ("{age: [40, 20]}", "params.yaml: cells.age: expected bin edges above 0 that ascend. Received [40, 20]."),
        ("{age: [0, 20]}", "params.yaml: cells.age: expected bin edges above 0 that ascend."),
        ("{age: [20, .nan]}", "params.yaml: cells.age: expected bin edges above 0 that ascend."),
        ("{age: [20, .inf]}", "params.yaml: cells.age: expected bin edges above 0 that ascend."),
        ("{age: [young, old]}", "params.yaml: cells.age: expected bin edges in years."),
        ("{weight: [1, 2]}", "params.yaml: cells.weight: expected words (only age has bin edges). Received [1, 2]."),
        ("{gender: [male, male]}", "params.yaml: cells.gender: expected each value once."),
        ("{mood: [slightly happy, Slightly-Happy]}", "params.yaml: cells.mood: expected each value once."),
        ("{gender: [male, 'a|b']}", "params.yaml: cells.gender: expected words without |"),
        ("{gender: [yes, true]}", "params.yaml: cells.gender: expected words without |"),
        ("{gender: []}", "params.yaml: cells.gender: expected a list of values or of bin edges. Received []."),
        ("{gender: male}", "params.yaml: cells.gender: expected a list of values or of bin edges."),
        ("{split: [a, b]}", "params.yaml: cells.split: expected an axis name that no table uses for another column."),
        ("{'a b': [c]}", "params.yaml: cells.a b: expected an axis name of letters, digits and underscores."),
        ("{}", "params.yaml: cells: expected a map from axis to its values. Received {}."),
        ("[age]", "params.yaml: cells: expected a map from axis to its values."),
    ],
)
def test_a_mistake_in_the_axes_is_named(written, axes: str, expected: str) -> None:
    assert message(params.cells, written(f"cells: {axes}")).startswith(expected)


def test_any_number_of_axes(written) -> None:
    cells = params.cells(written("cells: {glasses: [yes, no], 5_o_Clock_Shadow: [yes, no], age: [13, 18, 65]}"))
    assert cells.names == ("glasses", "5_o_Clock_Shadow", "age")
    assert cells.shape == (2, 2, 4)


@pytest.mark.parametrize("value", ["-1", "4294967296", "1.5", "true", "seven", "null"])
def test_a_seed_is_32_bits(written, value: str) -> None:
    text = message(params.seed, written(f"seed: {value}"))
    assert text.startswith("params.yaml: seed: expected a whole number from 0 to 4294967295. Received ")


def test_the_largest_seed(written) -> None:
    assert params.seed(written("seed: 4294967295")) == 4294967295


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (
            "source: &a {layout: drawn, root: *a}\n",
            "params.yaml: expected at most 1000000 entries. Received more, through",
        ),
        (
            "a0: &a0 [1, 1]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(40)),
            "params.yaml: expected at most",
        ),
        ("source: " + "[" * 3000 + "]" * 3000, "params.yaml: expected valid YAML 1.2"),
        ("source: {? [[a]] : b}\n", "params.yaml: expected valid YAML 1.2"),
    ],
)
def test_a_section_within_itself_too_deep_or_too_large_is_said(content: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(content)
    with pytest.raises(UserError, match=re.escape(rule)):
        params.section(tmp_path / "params.yaml", Source)
