from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import pytest

from balance import emphasise
from balance.emphasis import errors_of, factors
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import Emphasis
from manifests.tables.emphasis import read
from manifests.tables.scorecard import GroupError, Scorecard

CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"]})
ERRORS = {"age": {"<20": 4.0, "20-60": 2.0, "60+": 9.0}, "gender": {"male": 3.0, "female": 3.0}}


def card(**errors: dict) -> Scorecard:
    groups = {
        split: {
            axis: {value: GroupError(mae=mae, n=9, low=1, high=20, marked=False) for value, mae in values.items()}
            for axis, values in axes.items()
        }
        for split, axes in errors.items()
    }
    overall = GroupError(mae=3, n=18, low=2, high=4, marked=False)
    empty: dict = {"bias": {}, "average_bias": 0.0, "difference": {}, "ratio": {}, "splits": {}}
    return Scorecard(run="balanced", split="valid", overall=overall, by_group=groups, **empty)


def test_the_larger_error_gets_the_larger_factor_damped_and_bounded():
    found = factors(ERRORS, Emphasis(damping=0.5, bound=2.0))
    assert found == {"age": {"<20": 0.8944, "20-60": 0.6325, "60+": 1.3416}, "gender": {"male": 1.0, "female": 1.0}}
    assert factors(ERRORS, Emphasis(damping=1.0, bound=1.2))["age"] == {"<20": 0.8333, "20-60": 0.8333, "60+": 1.2}
    assert set(factors(ERRORS, Emphasis(damping=0.0))["age"].values()) == {1.0}
    assert factors({"age": {"<20": 0.0, "60+": 0.0}}, Emphasis()) == {}


def test_a_further_round_multiplies_the_factors_it_was_planned_with():
    rule = Emphasis(damping=0.5, bound=2.0)
    first = factors(ERRORS, rule)
    second = factors(ERRORS, rule, first)
    assert second["age"] == {"<20": 0.8, "20-60": 0.5, "60+": 1.7999}  # 1.3416 * 1.3416, rounded twice
    assert factors(ERRORS, rule, second)["age"]["60+"] == 2.0
    even = {"age": {"<20": 3.0, "20-60": 3.0, "60+": 3.0}}
    assert factors(even, rule, first) == {"age": first["age"]}


def test_only_the_validation_split_is_read():
    other = {"age": {"<20": 90.0, "20-60": 1.0, "60+": 1.0}}
    assert errors_of(card(valid=ERRORS, test=other), CELLS, Path("card")) == ERRORS
    with pytest.raises(UserError) as error:
        errors_of(card(test=other), CELLS, Path("card"))
    assert str(error.value) == (
        "card: by_group: expected errors of the valid split. Received test. Score a run that has one."
    )


def run(folder: Path, *options: str) -> None:
    (folder / "params.yaml").write_text("cells: {age: [20, 60], gender: [male, female]}\nplan: {total: 9}\n")
    argv = ["balance.emphasise", "--params", str(folder / "params.yaml"), "--output", str(folder / "emphasis.json")]
    with mock.patch("sys.argv", [*argv, *options]):
        emphasise.main()


def test_the_command_writes_what_the_plan_reads(tmp_path):
    (tmp_path / "card.json").write_text(card(valid=ERRORS).model_dump_json())
    run(tmp_path, "--scorecard", str(tmp_path / "card.json"))
    first = (tmp_path / "emphasis.json").read_bytes()
    assert read(tmp_path / "emphasis.json", CELLS) == factors(ERRORS, Emphasis())
    run(tmp_path, "--scorecard", str(tmp_path / "card.json"))
    assert (tmp_path / "emphasis.json").read_bytes() == first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"hair": {}}, ": hair: expected an axis (age, gender). Received 'hair'. Write {} to start anew."),
        ({"age": {"70+": 1}}, ": age.70+: expected one of <20, 20-60, 60+. Received '70+'. Write {} to start anew."),
        (
            {"age": {"60+": 0}},
            ": age.60+: expected a factor above 0, at most 100. Received 0. Write {} to start anew.",
        ),
        ([], ": expected a JSON object. Received list. Run `python -m balance.emphasise`, or write {}."),
    ],
)
def test_factors_that_do_not_fit_the_cells_are_named(tmp_path, content, message):
    (tmp_path / "emphasis.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as error:
        read(tmp_path / "emphasis.json", CELLS)
    assert str(error.value) == f"{tmp_path / 'emphasis.json'}{message}"


def test_a_file_that_is_missing_or_empty_is_none(tmp_path):
    assert read(tmp_path / "emphasis.json", CELLS) == {}
    assert read(Path(__file__).parents[1] / "manifests/emphasis.json", CELLS) == {}
