"""The plan stage: its tables, its report and its messages."""

from __future__ import annotations

import json
import re
from collections import Counter
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest

from manifests.core.errors import UserError
from manifests.core.seeds import derive, rendezvous
from manifests.tables import plan, source, tasks
from tests.support.plan_stage import CELLS, LOPSIDED, POLICIES, UNIFORM, PlanStage, photo_table
from tests.support.published_counts import appa_real


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> tuple[PlanStage, str]:
    run = PlanStage(tmp_path_factory.mktemp("plan"), CELLS, photo_table(CELLS, LOPSIDED))
    return run, run.run({"total": 240, "shares": UNIFORM, "shard_size": 50})


def test_tasks_hold_the_plan(planned):
    run, _ = planned
    table, cells = plan.read(run.folder / "plan.parquet")
    rows = table.to_pylist()
    assert cells == CELLS
    assert [row["available"] for row in rows] == LOPSIDED.tolist()
    assert sum(row["target"] for row in rows) == 240
    made = run.tasks()
    train = [t for t in made if t["shard"].startswith("train-")]
    assert Counter(t["cell"] for t in train) == {r["cell"]: r["target"] for r in rows if r["target"]}
    assert Counter(t["cell"] for t in train if t["copy"]) == {r["cell"]: r["augment"] for r in rows if r["augment"]}
    most = {r["cell"]: r["max_copies"] for r in rows}
    assert all(t["copy"] <= most[t["cell"]] for t in train)
    assert all(t["split"] == "train" and t["kept"] for t in train)
    assert all(t["policy"] == "original" and t["donor"] is None for t in made if t["copy"] == 0)
    assert all(t["seed"] == derive(7, t["image_id"], t["copy"], 0) for t in made)


def test_valid_passes_through_and_near_duplicates_do_not(planned):
    run, _ = planned
    made = run.tasks()
    rows = source.read(run.folder / "source.parquet")[0].to_pylist()
    assert {t["image_id"] for t in made if t["split"] == "valid"} == {
        r["image_id"] for r in rows if r["split"] == "valid"
    }
    assert all(t["copy"] == 0 and t["shard"].startswith("valid-") for t in made if t["split"] == "valid")
    assert rows[-1]["image_id"] not in {t["image_id"] for t in made}


def test_tasks_are_in_order_and_fill_their_shards(planned):
    made = planned[0].tasks()
    keys = [(t["shard"], rendezvous(t["task_id"])) for t in made]
    assert keys == sorted(keys)
    sizes = Counter(t["shard"] for t in made)
    assert sizes == {"train-00000.tar": 50, "train-00001.tar": 50, "train-00002.tar": 50, "train-00003.tar": 50,
                     "train-00004.tar": 40, "valid-00000.tar": 7}  # fmt: skip


def test_a_shard_holds_files_of_one_extension_and_shards_of_a_group_alternate(tmp_path):
    table = photo_table(CELLS, LOPSIDED * 4)
    paths = [f"{i}.{('jpg', 'PNG', 'JPEG', 'webp')[i % 4]}" for i in range(table.num_rows)]
    table = table.set_column(table.column_names.index("path"), "path", pa.array(paths))
    run = PlanStage(tmp_path, CELLS, table)
    run.run({"total": 1200, "shares": UNIFORM, "shard_size": 50})
    path_of = dict(zip(table["image_id"].to_pylist(), paths, strict=True))
    kinds = {}
    for t in run.tasks():
        kinds.setdefault(t["shard"], []).append(".jpg" if t["copy"] else tasks.suffix(path_of[t["image_id"]]))
    assert all(len(set(kind)) == 1 and len(kind) <= 50 for kind in kinds.values())
    train = [kinds[name][0] for name in sorted(kinds) if name.startswith("train-")]
    assert list(kinds) == sorted(kinds)
    assert [name for name in sorted(kinds) if name.startswith("train-")] == [
        f"train-{number:05d}.tar" for number in range(len(train))
    ]
    assert set(train) == {".jpg", ".png", ".webp"}
    places = [at / len(train) for at, kind in enumerate(train) if kind == ".png"]
    assert min(places) < 0.4 and max(places) > 0.6


def test_a_batch_read_in_sequence_holds_many_photos(tmp_path):
    run = PlanStage(tmp_path, CELLS, photo_table(CELLS, LOPSIDED * 10))
    run.run({"total": 3700, "shares": dict.fromkeys(UNIFORM, "natural")})  # three times the originals
    read = [t["image_id"] for t in run.tasks() if t["shard"].startswith("train-")]
    batches = [set(read[at : at + 128]) for at in range(0, len(read) - 128, 128)]
    assert min(map(len, batches)) >= 110


def test_donors_are_other_photos_of_the_same_cell(planned):
    made = planned[0].tasks()
    cell_of = {t["image_id"]: t["cell"] for t in made if t["split"] == "train"}
    toned = [t for t in made if t["policy"] == "tone"]
    assert toned
    assert all(t["donor"] != t["image_id"] and cell_of[t["donor"]] == t["cell"] for t in toned)
    assert all(t["donor"] is None for t in made if t["policy"] != "tone")
    alone = {cell for cell, n in Counter(cell_of.values()).items() if n == 1}
    assert alone
    assert not any(t["policy"] == "tone" for t in made if t["cell"] in alone)


def test_the_same_bytes_twice_and_from_another_photo_order(planned, tmp_path):
    run, _ = planned
    table = photo_table(CELLS, LOPSIDED)
    other = PlanStage(tmp_path, CELLS, table.take(pa.array(np.random.default_rng(5).permutation(table.num_rows))))
    again = other.run({"total": 240, "shares": UNIFORM, "shard_size": 50})
    assert again == planned[1]
    assert other.written() == run.written()
    assert len(run.written()) == 7


def test_the_report_explains_every_target_that_is_missed(planned):
    run, printed = planned
    made = json.loads((run.folder / "summary.json").read_text())
    assert made["status"] == "optimal"
    assert made["gap"] == 0
    assert made["objective"] == made["bound"] == made["levels"][0]["objective"]
    assert [level["name"] for level in made["levels"]] == ["deviation", "spread", "copies", "synthesise", "order"]
    for rows in made["marginals"].values():
        assert sum(row["wanted"] for row in rows) == sum(row["reached"] for row in rows) == 240
        assert all((row["reason"] != "") == (row["wanted"] != row["reached"]) for row in rows)
    assert sum(c["photos"] for c in made["copies"]) == made["available"] == 124
    assert sum(c["copies"] * c["photos"] for c in made["copies"]) == made["augment"]
    assert len(made["price"]) == 100
    assert "240 images: 124 of 124 originals kept, 116 synthesised" in printed
    assert re.search(r"age 60\+ +8 +80 +\d+", printed)


def test_a_rejected_copy_is_replaced_by_the_photos_next_and_nothing_else_moves(planned, tmp_path):
    before = {t["task_id"]: t for t in planned[0].tasks()}
    chosen = [t for t in before.values() if t["copy"] == 1][:4]
    run = PlanStage(tmp_path, CELLS, photo_table(CELLS, LOPSIDED))
    lines = [f"{t['task_id']},odd" for t in chosen] + ["00000000000000ff_0001,a photo that is gone"]
    (tmp_path / "rejects.csv").write_text("task_id,reason\n" + "\n".join(lines) + "\n")
    run.run({"total": 240, "shares": UNIFORM, "shard_size": 50})
    after = {t["task_id"]: t for t in run.tasks()}
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    assert gone == {t["task_id"] for t in chosen}
    assert Counter(after[t]["image_id"] for t in new) == Counter(t["image_id"] for t in chosen)
    same = ("image_id", "copy", "policy", "seed", "donor")
    assert all(before[t][k] == after[t][k] for t in before.keys() & after.keys() for k in same)
    rejected = json.loads((tmp_path / "summary.json").read_text())["rejected"]
    assert Counter(t["policy"] for t in chosen) == {name: entry["rejected"] for name, entry in rejected.items()}


def test_dropped_originals_lie_in_their_own_shards(tmp_path):
    run = PlanStage(tmp_path, CELLS, photo_table(CELLS, LOPSIDED))
    run.run({"total": 60, "shares": UNIFORM, "keep": 0.1, "price": {"copies": []}})
    made = run.tasks()
    dropped = [t for t in made if t["shard"].startswith("dropped-")]
    assert dropped and not any(t["kept"] or t["copy"] for t in dropped)
    originals = [t["image_id"] for t in made if t["copy"] == 0 and t["split"] == "train"]
    assert len(originals) == len(set(originals)) == 124
    assert json.loads((tmp_path / "summary.json").read_text())["price"] == []


def test_counts_alone_give_a_plan_without_tasks(tmp_path):
    rows = [(*CELLS.labels(cell), n) for cell, n in enumerate(LOPSIDED) if n]
    (tmp_path / "counts.csv").write_text(
        "age_bin,gender,ethnicity,available\n" + "\n".join(",".join(map(str, r)) for r in rows)
    )
    run = PlanStage(tmp_path, CELLS)
    run.run({"total": 240, "shares": UNIFORM, "shard_size": 50}, "--counts", tmp_path / "counts.csv")
    assert not (tmp_path / "tasks.parquet").exists()
    assert plan.read(tmp_path / "plan.parquet")[0]["available"].to_pylist() == LOPSIDED.tolist()


def test_a_policy_by_an_unknown_value_is_named(tmp_path):
    run = PlanStage(tmp_path, CELLS, photo_table(CELLS, LOPSIDED))
    for by, message in (
        ({"hair": {"red": {"weight": 1}}}, "tone.by.hair: expected an axis (age, gender, ethnicity). Received 'hair'."),
        (
            {"age": {"61+": {"weight": 1}}},
            "tone.by.age.61+: expected one of <20, 20-60, 60+. Received '61+' (did you mean 60+?).",
        ),
    ):
        with mock.patch.dict(POLICIES, {"tone": {"by": by}}), pytest.raises(UserError) as error:
            run.run({"total": 240})
        assert str(error.value).startswith(f"{tmp_path / 'params.yaml'}: policies.{message}")


def test_policies_that_a_cell_can_not_use_are_named(tmp_path):
    run = PlanStage(tmp_path, CELLS, photo_table(CELLS, LOPSIDED))
    for policies in ({}, {"flip": {"weight": 0}}, {"flip": {"by": {"age": {"<20": {"weight": 0}}}}}):
        with mock.patch.dict(POLICIES, policies, clear=True), pytest.raises(UserError) as error:
            run.run({"total": 240})
        message = str(error.value)
        assert message.startswith(
            f"{tmp_path / 'params.yaml'}: policies: expected a policy of weight above 0 for cell <20|"
        )


def test_ten_percent_more_keeps_nearly_every_task_of_appa_real(tmp_path):
    cells, available = appa_real()
    run, seen = PlanStage(tmp_path, cells, photo_table(cells, available)), []
    for total in (10000, 11000):
        run.run({"total": total, "shares": dict.fromkeys(cells.names, "uniform"), "price": {"copies": []}})
        seen.append({(t["image_id"], t["copy"], t["policy"], t["seed"]) for t in run.tasks()})
    assert len(seen[0] & seen[1]) >= 0.95 * len(seen[0])
