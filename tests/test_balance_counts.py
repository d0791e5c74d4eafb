"""Tables of counts, and the plans of published data sets from their counts."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from balance import counts
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from tests.support.plan_stage import CELLS
from tests.support.published_counts import DATA, appa_real, solved


def test_appa_real_is_solved_in_a_fifth_of_a_second():
    cells, available = appa_real()
    assert (available.sum(), (available == 0).sum()) == (4065, 18)
    solved(cells, available, total=9000, shares=dict.fromkeys(cells.names, "uniform"))
    made, took = solved(cells, available, total=10000, shares=dict.fromkeys(cells.names, "uniform"), keep="all")
    assert all(level.gap == 0 for level in made.solution.levels)
    assert took < 0.2


FAIRFACE_AGES = {"9-Mar": "3-9", "03-Sep": "3-9", "19-Oct": "10-19", "Oct-19": "10-19"}  # as a spreadsheet left them


def test_fairface_by_its_counts(tmp_path):
    path = DATA / "fairface_labels/fairface_label_train.csv"
    if not path.exists():
        pytest.skip(f"the labels of FairFace are not at {path.parent}")
    rows = list(csv.DictReader(path.open()))
    cells = Cells.of(
        {
            "age": [3, 10, 20, 30, 40, 50, 60, 70],
            "gender": ["Male", "Female"],
            "race": sorted({r["race"] for r in rows}),
        }
    )
    number = Counter((FAIRFACE_AGES.get(r["age"], r["age"]), r["gender"], r["race"]) for r in rows)
    table = tmp_path / "counts.csv"
    table.write_text("age,gender,race,available\n" + "\n".join(f"{a},{g},{e},{n}" for (a, g, e), n in number.items()))
    available = counts.read(table, cells)
    assert (len(cells), available.sum()) == (126, 86744)
    made, took = solved(cells, available, total=120000, shares=dict.fromkeys(cells.names, "uniform"))
    assert all(level.gap == 0 for level in made.solution.levels)
    assert took < 1


def test_adience_by_its_counts(tmp_path):
    folder = DATA / "adience_labels"
    if not folder.exists():
        pytest.skip(f"the labels of Adience are not at {folder}")
    rows = [r for path in sorted(folder.glob("*.txt")) for r in csv.DictReader(path.open(), delimiter="\t")]
    cells = Cells.of({"age": [3, 7, 14, 22, 34, 45, 56], "gender": ["f", "m"]})
    number = Counter((r["age"], r["gender"]) for r in rows if r["gender"] in "fm" and r["gender"])
    ages = {"(0, 2)", "(4, 6)", "(8, 12)", "(15, 20)", "(25, 32)", "(38, 43)", "(48, 53)", "(60, 100)"}
    table = tmp_path / "counts.csv"
    table.write_text(
        "age,gender,available\n" + "\n".join(f'"{a}",{g},{n}' for (a, g), n in number.items() if a in ages)
    )
    available = counts.read(table, cells)
    assert available.sum() > 15000
    made, took = solved(cells, available, total=30000, shares=dict.fromkeys(cells.names, "uniform"))
    assert all(level.gap == 0 for level in made.solution.levels)
    assert took < 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gender,ethnicity,available\nmale,asian,3\n", ": age: expected a column for each axis of `cells`. Received the "  # noqa: E501
         "columns gender, ethnicity, available. Add the column, or take the axis out of `cells`."),
        ("age,gender,ethnicity,available\n15-25,male,asian,3\n", ": age: expected a bin, or an age or range inside one "
         "bin (<20, 20-60, 60+). Received '15-25'. Correct it or `cells`."),
        ("age,gender,ethnicity,available\n<20,mail,asian,3\n", ": gender: expected a value (male, female). "
         "Received 'mail'. Correct it or `cells`."),
        ("age,gender,ethnicity,available\n<20,male,asian,-3\n", ": available, row 1: expected a whole number from 0 "
         "to 1000000000. Received -3. Correct the count."),
        ("age,gender,ethnicity,available\n<20,male,asian,2.5\n", ": available, row 1: expected a whole number from 0 "
         "to 1000000000. Received 2.5. Correct the count."),
        ("age,gender,ethnicity,available\n<20,male,asian,2\n<20,male,asian,3\n", ": expected each cell in one row. "
         "Received <20|male|asian twice. Add its counts up in one row."),
        ("age,gender,ethnicity,available\n<20,male,asian,10000000000000000000000\n", ": available, row 1: expected a "
         "whole number from 0 to 1000000000. Received 1e+22. Correct the count."),
        ("age,gender,gender,ethnicity,available\n<20,male,male,asian,2\n", ": gender: expected each column once. "
         "Received 2 of that name. Remove the double."),
        ("age,gender,ethnicity\n<20,male,asian\n", ": available: expected a column of this name. Received the columns "
         "age, gender, ethnicity. Add it."),
    ],
)  # fmt: skip
def test_a_table_of_counts_that_does_not_fit_is_named(tmp_path, content, message):
    path = tmp_path / "counts.csv"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        counts.read(path, CELLS)
    assert str(error.value) == f"{path}{message}"


def test_finer_ages_are_added_up(tmp_path):
    (tmp_path / "counts.csv").write_text(
        'age,gender,ethnicity,available\n0-2,male,asian,2\n"(4, 6)",male,asian,3\n'
        "19,male,asian,4\nmore than 70,male,asian,5\n"
    )
    found = counts.read(tmp_path / "counts.csv", CELLS)
    assert found[CELLS.match("<20|male|asian")].tolist() == [9]
    assert found[CELLS.match("60+|male|asian")].tolist() == [5]
