"""The scorecard against independent recomputation, its stability, and what it says of bad predictions."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import base, predictions, scorecard
from tests.support import scoring
from train import score
from train.scoring import bands as bands_of

Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("seed: 7\nscore: {resamples: 300, permutations: 300, min_group: 30, worst: 3}\n")

    def call(*options: str) -> None:
        monkeypatch.setattr("sys.argv", ["score", "--run", "r", *options])
        score.main()

    return call


def scored(run: Run, table: pa.Table) -> scorecard.Scorecard:
    scoring.write(table, Path(), "r")
    run()
    return scorecard.read(Path("datasets/runs/r/scorecard.json"))


def replaced(table: pa.Table, name: str, values: object) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))


def unlabelled(table: pa.Table, split: str) -> pa.Table:
    hidden = pc.equal(table["split"].cast(pa.string()), split)
    cell = pc.if_else(hidden, pa.scalar(-1, pa.int32()), table["cell"].cast(pa.int32()))
    age = pc.if_else(hidden, pa.scalar(None, pa.float32()), table["age"])
    table = table.set_column(table.schema.get_field_index("cell"), "cell", cell)
    return table.set_column(table.schema.get_field_index("age"), "age", age)


def test_every_figure_agrees_with_pandas(run: Run) -> None:
    table = scoring.frame({"valid": 400, "test": 700})
    card = scored(run, table)
    frame = table.to_pandas()
    frame["error"] = (frame["age_pred"].astype(float) - frame["age"].astype(float)).abs()
    for split, rows in frame.groupby("split", observed=True):
        scores, biases = card.splits[split], []
        assert scores.overall.error == pytest.approx(rows["error"].mean(), abs=1e-6)
        for axis in scoring.CELLS.axes:
            groups = rows.groupby(axis.column, observed=True)["error"]
            mae = groups.mean()
            found = card.by_group[split][axis.name]
            assert {name: group.error for name, group in found.items()} == pytest.approx(mae.to_dict(), abs=1e-6)
            assert {name: group.n for name, group in found.items()} == groups.size().to_dict()
            assert all(group.low <= group.error <= group.high for group in found.values())
            assert all(group.marked == (group.n < 30) for group in found.values())
            biases.append(np.mean([abs(a - b) for a, b in itertools.combinations(mae, 2)]))
            assert scores.bias[axis.name].value == pytest.approx(biases[-1], abs=1e-6)
            assert scores.difference[axis.name] == pytest.approx(mae.max() - mae.min(), abs=1e-6)
            assert scores.ratio[axis.name] == pytest.approx(mae.min() / mae.max(), abs=1e-6)
            assert scores.worst_group[axis.name] == mae.idxmax()
        assert scores.average_bias.value == pytest.approx(np.mean(biases), abs=1e-6)
        cells = rows.groupby("cell")["error"]
        names = {scoring.CELLS.name(cell): mean for cell, mean in cells.mean().items()}
        assert {name: cell.error for name, cell in scores.cells.items()} == pytest.approx(names, abs=1e-6)
        assert sum(cell.n for cell in scores.cells.values()) == len(rows)


def test_the_headline_is_test_where_it_is_labelled(run: Run) -> None:
    card = scored(run, scoring.frame({"valid": 100, "test": 120}))
    assert card.split == "test"
    assert card.average_bias == card.splits["test"].average_bias.value
    assert card.bias == {axis: figure.value for axis, figure in card.splits["test"].bias.items()}


def test_without_test_labels_valid_alone_is_scored(run: Run) -> None:
    card = scored(run, unlabelled(scoring.frame({"valid": 100, "test": 120}), "test"))
    assert (card.split, list(card.splits), list(card.by_group)) == ("valid", ["valid"], ["valid"])


def test_photos_without_a_label_are_counted_and_left_out(run: Run) -> None:
    table = scoring.frame({"valid": 100})
    ages = [None if i < 7 else age for i, age in enumerate(table["age"].to_pylist())]
    card = scored(run, replaced(table, "age", ages))
    assert (card.splits["valid"].n, card.splits["valid"].unlabelled) == (93, 7)
    assert card.splits["valid"].notes[0] == "valid: 7 photos have no label and are not scored."


def test_a_perfectly_even_model_has_no_bias_and_a_p_value_of_1(run: Run) -> None:
    table = scoring.frame({"test": 300})
    even = [age + 4 for age in table["age"].to_pylist()]  # whole years: exact in float32
    card = scored(run, replaced(table, "age_pred", even))
    assert set(card.bias.values()) == {0}
    assert (card.average_bias, set(card.difference.values()), set(card.ratio.values())) == (0, {0}, {1})
    for figure in [*card.splits["test"].bias.values(), card.splits["test"].average_bias]:
        assert (figure.low, figure.high, figure.p, figure.chance) == (0, 0, 1, 0)
    assert (card.overall.low, card.overall.high) == (4, 4)


def test_a_perfect_model_has_a_ratio_of_1(run: Run) -> None:
    table = scoring.frame({"test": 60})
    card = scored(run, replaced(table, "age_pred", table["age"].to_pylist()))
    assert set(card.ratio.values()) == {1}


def test_a_group_that_is_worse_is_found_beyond_chance(run: Run) -> None:
    table = scoring.frame({"test": 600}, noise=3)
    gender = table["gender"].to_pylist()
    pred = [p + 6 * (g == "female") for p, g in zip(table["age_pred"].to_pylist(), gender, strict=True)]
    bias = scored(run, replaced(table, "age_pred", pred)).splits["test"].bias
    assert bias["gender"].p == pytest.approx(1 / 301, abs=1e-6)
    assert bias["gender"].low > 3 * bias["gender"].chance
    assert bias["ethnicity"].p > 0.001


def test_empty_groups_and_axes_of_one_group_are_said_and_left_out(run: Run) -> None:
    cells = Cells.of({"gender": ["male", "female"], "age": [20, 40, 60]})
    cell = np.array([0, 2] * 20)  # male, <20 and 40-60
    rows = {
        "image_id": [f"{i:03d}" for i in range(40)],
        "path": [f"{i}.jpg" for i in range(40)],
        "split": pa.array(["valid"] * 40).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
        "age": pa.array([10.0, 50] * 20, pa.float32()),
        **dict(zip([*cells.columns, "cell"], base.axis_columns(cells, pa.array(cell, pa.int32())), strict=True)),
        "age_pred": pa.array([12.0, 55] * 20, pa.float32()),
        "age_preds": pa.array([None] * 40, pa.list_(pa.float32())),
        "age_q": pa.array([None] * 40, pa.list_(pa.float32())),
    }
    predictions.write(pa.table(rows), Path("datasets/runs/r/predictions.parquet"), cells)
    run()
    card = scorecard.read(Path("datasets/runs/r/scorecard.json"))
    assert (card.bias, card.average_bias) == ({"age": 3}, 3)
    assert list(card.by_group["valid"]["gender"]) == ["male"]
    assert card.splits["valid"].seeds.n == 1
    assert card.splits["valid"].notes[:2] == [
        "gender: no photos in female; left out of its bias.",
        "gender: one group only, so it has no bias and is left out of the average.",
    ]
    assert "age: no photos in 20-40, 60+; left out of its bias." in card.splits["valid"].notes


def test_each_seed_is_scored_alone(run: Run) -> None:
    table = scoring.frame({"test": 300}, seeds=4)
    seeds = scored(run, table).splits["test"].seeds
    age = table["age"].to_numpy().astype(float)
    mae = np.abs(np.array(table["age_preds"].to_pylist()) - age[:, None]).mean(axis=0)
    assert seeds.n == 4
    assert (seeds.error.mean, seeds.error.sd) == pytest.approx((mae.mean(), mae.std(ddof=1)), abs=1e-6)
    assert seeds.error.mean > scorecard.read(Path("datasets/runs/r/scorecard.json")).overall.error  # the mean is better


def test_the_worst_photos_are_the_worst(run: Run) -> None:
    table = scoring.frame({"test": 300})
    card = scored(run, table)
    frame = table.to_pandas().assign(error=lambda f: (f["age_pred"] - f["age"]).abs())
    for group, photos in card.splits["test"].worst["expression"].items():
        expected = frame[frame["expression"] == group].nlargest(3, "error")
        assert [photo.path for photo in photos] == expected["path"].tolist()


def test_bands_of_age_add_up_to_the_split(run: Run) -> None:
    card = scored(run, scoring.frame({"test": 300}))
    bands = card.splits["test"].by_age
    assert sum(band.n for band in bands) == 300
    assert sum(band.n * band.error for band in bands) / 300 == pytest.approx(card.overall.error, abs=1e-5)
    assert all(band.start % 5 == 0 and band.end % 5 == 0 and band.n >= bands_of.FEWEST for band in bands)
    assert [band.start for band in bands[1:]] == [band.end for band in bands[:-1]]
    assert all(band.low <= band.error <= band.high for band in bands)


@pytest.mark.parametrize(
    ("age", "edges"),
    [
        ([22.0] * 10 + [31.0] * 10, [20, 25, 35]),  # an empty band joins the next one
        ([22.0] * 10 + [27.0] * 10 + [70.0], [20, 25, 75]),  # a rest of one photo joins the band before it
        ([3.0, 80.0], [0, 85]),  # too few photos for any band: one of all
        ([40.0], [40, 45]),
    ],
)
def test_a_band_is_as_wide_as_ten_photos_need(age: list[float], edges: list[float]) -> None:
    assert bands_of.edges(np.array(age)).tolist() == edges


def test_the_same_bytes_twice_and_from_another_order_of_rows(run: Run) -> None:
    table = scoring.frame({"valid": 80, "test": 150}, quantiles=True)
    seen = []
    for order in (np.arange(230), np.arange(230), np.random.default_rng(3).permutation(230)):
        scored(run, table.take(pa.array(order)))
        seen.append(Path("datasets/runs/r/scorecard.json").read_bytes())
    assert seen[0] == seen[1] == seen[2]


def test_what_is_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    card = scored(run, scoring.frame({"test": 150}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        f"r, test: MAE {card.overall.error:.2f} ({card.overall.low:.2f} to {card.overall.high:.2f}) years on 150 photos"
    )
    assert [line.split()[1] for line in lines[1:6]] == ["age", "gender", "ethnicity", "expression", "average"]


MAKE_AGAIN = "Run `python -m train.fit` for this run again."
FILE = "datasets/runs/r/predictions.parquet"


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("age_pred", [1.0, None] + [2.0] * 18, f"{FILE}: age_pred of test/000001.jpg: expected a number of years. "
         f"Received None (1 rows like it). {MAKE_AGAIN}"),
        ("age_pred", [float("nan")] * 2 + [2.0] * 18, f"{FILE}: age_pred of test/000000.jpg: expected a number of "
         f"years. Received nan (2 rows like it). {MAKE_AGAIN}"),
        ("age", [float("inf")] + [2.0] * 19, f"{FILE}: age of test/000000.jpg: expected a number of years. "
         f"Received inf (1 rows like it). {MAKE_AGAIN}"),
        ("age", [None] * 20, f"{FILE}: expected 2 labelled photos or more in valid or test. Received 20 rows, of which "
         "0 have a label. Score a data set whose valid or test split has labels."),
        ("age", [None] * 19 + [20.0], f"{FILE}: expected 2 labelled photos or more in valid or test. Received 20 rows, "
         "of which 1 have a label. Score a data set whose valid or test split has labels."),
        ("image_id", ["a", "a", *map(str, range(18))], f"{FILE}: image_id: expected each photo once in a split. "
         f"Received a twice. {MAKE_AGAIN}"),
        ("cell", [96] * 20, f"{FILE}: cell: expected numbers from -1 to 95. Received 96. "
         "Run `python -m train.fit` again."),
        ("age_q", [[0.5, 1.0]] * 20, f"{FILE}: age_q: expected 101 probabilities per photo. Received 2. {MAKE_AGAIN}"),
        ("age_q", [[0.5] * 50 + [0.4] * 50 + [1.0]] * 20, f"{FILE}: age_q: expected probabilities that never fall and "
         f"end at 1. Received others. {MAKE_AGAIN}"),
        ("age_preds", [[1.0]] * 19 + [[1.0, 2.0]], f"{FILE}: age_preds: expected 1 numbers in every row. Received 2 in "
         f"one. {MAKE_AGAIN}"),
        ("age_preds", [[float("nan")]] * 20, f"{FILE}: age_preds: expected finite numbers. Received NaN or infinity. "
         f"{MAKE_AGAIN}"),
    ],
)  # fmt: skip
def test_bad_predictions_are_named(run: Run, column: str, values: list[object], message: str) -> None:
    with pytest.raises(UserError) as error:
        scored(run, replaced(scoring.frame({"test": 20}), column, values))
    assert str(error.value) == message
    assert not Path("datasets/runs/r/scorecard.json").exists()


def test_a_train_photo_has_no_place_here(run: Run) -> None:
    with pytest.raises(UserError) as error:
        scored(run, scoring.frame({"test": 20, "train": 2}))
    assert str(error.value) == f"{FILE}: split: expected valid or test. Received 'train'. {MAKE_AGAIN}"


def test_missing_predictions_name_the_command(run: Run) -> None:
    with pytest.raises(UserError) as error:
        run()
    assert str(error.value) == f"{FILE}: expected a table. Received no such file. Run `python -m train.fit` first."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "card.json: expected a scorecard. Received no such file. Run `python -m train.score` for this run."),
        ('{"run": "r"}', "card.json: words: expected a scorecard. Received Field required. "
         "Run `python -m train.score` for this run."),
        ("{", "card.json: expected a scorecard. Received Invalid JSON: EOF while parsing an object at line 1 column 1. "
         "Run `python -m train.score` for this run."),
    ],
)  # fmt: skip
def test_a_scorecard_that_is_none_is_named(content: str | None, message: str, run: Run) -> None:
    if content is not None:
        Path("card.json").write_text(content)
    with pytest.raises(UserError) as error:
        scorecard.read(Path("card.json"))
    assert str(error.value) == message


def test_numbers_are_rounded_without_a_negative_zero() -> None:
    assert str(scorecard.rounded({"a": [-1e-9, 1 / 3, 2]})) == "{'a': [0.0, 0.333333, 2]}"
