from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import pytest

from balance import emphasise
from balance.emphasis import Measured, errors_of, factors
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import Emphasis
from manifests.tables.emphasis import read
from manifests.tables.parts import Words
from manifests.tables.scorecard import GroupError, Scorecard

CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"]})
YEARS = {"age": {"<20": 4.0, "20-60": 2.0, "60+": 9.0}, "gender": {"male": 3.0, "female": 3.0}}


WORDS = Words(target="age", meaning="the age", error="MAE", full="mean absolute error", unit="years")


def measured(errors: dict[str, dict[str, float]], se: float = 0.0) -> dict[str, dict[str, Measured]]:
    return {axis: {value: Measured(error, se) for value, error in values.items()} for axis, values in errors.items()}


ERRORS = measured(YEARS)


def card(**errors: dict) -> Scorecard:
    groups = {
        split: {
            axis: {
                value: GroupError(error=mae, n=9, low=mae - 0.196, high=mae + 0.196, marked=False)
                for value, mae in values.items()
            }
            for axis, values in axes.items()
        }
        for split, axes in errors.items()
    }
    overall = GroupError(error=3, n=18, low=2, high=4, marked=False)
    empty: dict = {"bias": {}, "average_bias": 0.0, "difference": {}, "ratio": {}, "splits": {}}
    return Scorecard(run="balanced", words=WORDS, split="valid", overall=overall, by_group=groups, **empty)


def test_the_larger_error_gets_the_larger_factor_damped_and_bounded():
    found = factors(ERRORS, Emphasis(damping=0.5, bound=2.0))
    assert found == {"age": {"<20": 0.8944, "20-60": 0.6325, "60+": 1.3416}, "gender": {"male": 1.0, "female": 1.0}}
    assert factors(ERRORS, Emphasis(damping=1.0, bound=1.2))["age"] == {"<20": 0.8333, "20-60": 0.8333, "60+": 1.2}
    assert set(factors(ERRORS, Emphasis(damping=0.0))["age"].values()) == {1.0}
    assert factors(measured({"age": {"<20": 0.0, "60+": 0.0}}), Emphasis()) == {}


def test_differences_are_shrunk_by_how_little_is_known_of_them():
    whole = Emphasis(damping=1.0, bound=9.0)
    two = {"age": {"<20": Measured(4.0, 1.0), "60+": Measured(8.0, 1.0)}}
    # The variance of 4 and 8 is 8, of which 1 is noise: 7/8 of each excess of 2 years is kept.
    assert factors(two, whole) == {"age": {"<20": round(4.25 / 6, 4), "60+": round(7.75 / 6, 4)}}
    unequal = {"age": {"<20": Measured(4.0, 0.0), "60+": Measured(8.0, 2.0)}}  # true variance 8 - 2 = 6
    kept = 6 + 2 * 6 / (6 + 4)
    assert factors(unequal, whole)["age"]["60+"] == round(kept / ((4 + kept) / 2), 4)


def test_what_chance_explains_is_not_followed():
    chance = {"age": {"<20": Measured(3.9, 0.5), "20-60": Measured(4.2, 0.5), "60+": Measured(4.4, 0.5)}}
    assert set(factors(chance, Emphasis(damping=1.0))["age"].values()) == {1.0}
    alone = {"age": {"<20": Measured(4.0, 0.1), "20-60": Measured(6.0, 0.1), "60+": Measured(30.0, float("inf"))}}
    assert factors(alone, Emphasis(damping=1.0, bound=9))["age"]["60+"] == 1.0


def test_a_further_round_multiplies_the_factors_it_was_planned_with():
    rule = Emphasis(damping=0.5, bound=2.0)
    first = factors(ERRORS, rule)
    second = factors(ERRORS, rule, first)
    assert second["age"] == {"<20": 0.8, "20-60": 0.5, "60+": 1.7999}  # 1.3416 * 1.3416, rounded twice
    assert factors(ERRORS, rule, second)["age"]["60+"] == 2.0
    even = {"age": {"<20": 3.0, "20-60": 3.0, "60+": 3.0}}
    assert factors(measured(even), rule, first) == {"age": first["age"]}


def test_only_the_validation_split_is_read():
    other = {"age": {"<20": 90.0, "20-60": 1.0, "60+": 1.0}}
    assert {
        axis: {value: (mae, pytest.approx(0.1)) for value, mae in values.items()} for axis, values in YEARS.items()
    } == errors_of(card(valid=YEARS, test=other), CELLS, Path("card"))
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
    (tmp_path / "card.json").write_text(card(valid=YEARS).model_dump_json())
    run(tmp_path, "--scorecard", str(tmp_path / "card.json"))
    first = (tmp_path / "emphasis.json").read_bytes()
    assert read(tmp_path / "emphasis.json", CELLS) == factors(measured(YEARS, se=0.1), Emphasis())
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
