"""The audit page: what is over in use comes first, then the judge's worth, copies to look at, a way to the gallery."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from manifests.tables import index
from manifests.tables.audit import Accuracy, AgeDrift, AuditReport, Drift, Skill, Step
from manifests.tables.parts import Estimate
from pages import audit_faces, audit_rows
from tests.support import pages_samples


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.1, high=value + 0.1)


def step(policy: str, severity: float, over: list[str], unclear: list[str]) -> Step:
    drift = Drift(value=estimate(1), beyond=estimate(severity))
    age = AgeDrift(n=50, shift=drift, distance=drift)
    return Step(policy=policy, severity=severity, n=50, age=age, bins={}, axes={}, over=over, unclear=unclear)


STEPS = [
    step("light", 0.5, [], []),
    step("light", 1.0, [], ["age"]),
    step("pose", 0.5, [], []),
    step("pose", 1.0, ["age"], []),
    step("tone", 0.5, ["age"], []),
    step("tone", 1.0, ["age"], []),
]
REPORT = AuditReport(
    judge="a judge",
    photos=50,
    skill=Skill(
        n=50,
        mae=estimate(6),
        mae_of_mean=10,
        accuracy={"gender": Accuracy(value=estimate(0.8), most_frequent=0.5)},
    ),
    bounds={},
    steps=STEPS,
    safe={"light": 0.5, "pose": 0.5, "tone": None},
    warnings=[],
)
VERDICTS = {(s.policy, s.severity): "over: age" if s.over else "unclear: age" if s.unclear else "within" for s in STEPS}


def rows(used: dict[str, float]) -> list[audit_rows.PolicyRow]:
    return audit_rows.rows(REPORT, VERDICTS, used, {}, {}, {"pose": 3})


def test_what_is_over_at_its_severity_comes_first() -> None:
    made = rows({"light": 1.0, "tone": 0.5})
    assert [row.name for row in made] == ["tone", "light", "pose"]
    assert [s.word for s in made[0].steps] == ["over", "over"]
    assert made[2].link == "../gallery_judged/index.html#/images?policy=3&copy=copies&sort=drift" and made[0].link == ""


@pytest.mark.parametrize(
    ("used", "sentence"),
    [
        ({"tone": 0.5, "light": 1.0}, "1 of the 2 policies in use changes labels beyond the bounds: tone."),
        ({"pose": 0.5, "light": 1.0}, "None of the 2 policies in use is known to change labels beyond the bounds."),
        ({"pose": 1.0, "tone": 1.0}, "2 of the 2 policies in use change labels beyond the bounds: pose, tone."),
    ],
)
def test_sentence_is_about_the_severities_in_use(used: dict[str, float], sentence: str) -> None:
    assert audit_rows.words(REPORT, rows(used))["sentence"] == sentence


def test_judge_is_measured_against_guessing() -> None:
    age, gender = audit_rows.words(REPORT, rows({}))["judge"]
    assert "errs by 6.0 years" in age and "err by 10.0" in age
    assert "right for 80%" in gender and "for 50%" in gender


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> pages_samples.Sample:
    return pages_samples.make(tmp_path_factory.mktemp("sample"), 160)


def test_faces_are_a_photo_and_then_its_copies(tmp_path: Path) -> None:
    sample = pages_samples.make(tmp_path, 60)
    found = audit_faces.faces(tmp_path, sample.index.parent, index.read(sample.index)[0])
    assert found and all(photo[0][3] == "photo" for photos in found.values() for photo in photos)
    assert (tmp_path / "faces-00.jpg").is_file()


def test_copies_that_drift_most_come_first_at_the_severity_in_use(sample: pages_samples.Sample, tmp_path: Path) -> None:
    table = index.read(sample.index)[0]
    off = {(row["image_id"], row["copy"]): (i * 7 % 31) - 15.0 for i, row in enumerate(table.to_pylist())}
    found = audit_faces.drifted(tmp_path, sample.index.parent, table, off, "age", {"light": 0.05})
    assert found.keys() == set(pages_samples.POLICIES)
    frame = table.to_pandas().query("copy > 0")
    frame["off"] = [off[key] for key in zip(frame["image_id"], frame["copy"], strict=True)]
    for policy, (severity, shown) in found.items():
        own = frame[frame["policy"] == policy]
        at = 0.1 if policy == "light" else own["severity"].max()
        assert float(severity) == pytest.approx(at)
        wanted = own.loc[np.isclose(own["severity"], at), "off"].abs().sort_values(ascending=False)[:6]
        years = [float(one.said.removesuffix(" years").replace("\u2212", "-")) for one in shown]
        assert np.abs(years).tolist() == wanted.tolist()
        assert all(one.photo[3] == "photo" and one.copy[3] == f"severity {severity}" for one in shown)


def test_photos_farthest_from_their_label_lead_to_the_gallery(sample: pages_samples.Sample, tmp_path: Path) -> None:
    table = index.read(sample.index)[0]
    photos = table.filter(pc.and_(pc.equal(table["copy"], 0), pc.greater_equal(table["cell"], 0))).to_pylist()
    off = {(row["image_id"], 0): float(i) for i, row in enumerate(photos)} | {(photos[0]["image_id"], 1): 99.0}
    first, *others = audit_faces.doubted(tmp_path, sample.index.parent, table, off, "age")
    assert first.said == f"+{len(photos) - 1}.0 years" and first.label == f"label {photos[-1]['age']:.0f}"
    assert first.link.endswith(f"#/image/{photos[-1]['image_id']}_0000") and len(others) == audit_faces.DOUBTED - 1
    one = {(photos[0]["image_id"], 0): -0.4}
    (shown,) = audit_faces.doubted(tmp_path, sample.index.parent, table, one, "gender")
    assert (shown.said, shown.label) == ("\u221240 points of gender", f"label {photos[0]['gender']}")
