"""Who gives something to a copy: alike, of the same or of another cell, and hardly ever another one for a new photo."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from balance import copies, counts, donors, tasks
from balance.copies import CopyRules
from balance.report.variety import variety
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.policies import Policies, share
from manifests.tables import landmarks
from manifests.tables.pairs import PITCH, YAW, YEARS, Faces
from tests.support import faces as made_faces
from tests.support.render_fixtures import project

CELLS = Cells.of({"gender": ["male", "female"]})


def known(count: int, seed: int = 0) -> Faces:
    rng = np.random.default_rng(seed)
    return Faces(
        rng.random(count) < 0.95,
        rng.normal(0, 12, count),
        rng.normal(0, 6, count),
        rng.random(count) < 0.2,
        rng.uniform(5, 60, count),
        np.where(rng.random(count) < 0.3, rng.integers(0, 10, count), -1),
    )


def rules(count: int, policies: dict, faces: Faces | None = None) -> CopyRules:
    ids = [f"{number:016x}" for number in range(count)]
    photos = counts.TrainPhotos(ids, np.arange(count) % 2, np.arange(count), np.arange(count))
    return CopyRules(photos, CELLS, Policies.model_validate(policies), 7, faces or known(count))


def test_mixed_photos_are_alike_in_every_respect() -> None:
    found = rules(300, {"morph": {"weight": 1.0}, "mixed": {"weight": 0.01}})
    made = copies.plan_copies(found, np.array([600, 600]), {})
    morph = made.policy == 0
    photo, donor, faces = made.photo[morph], made.donor[morph], found.faces
    assert morph.sum() > 500 and (made.donor[~morph] == -1).all()
    assert (found.photos.cell[photo] == found.photos.cell[donor]).all() and (photo != donor).all()
    for value, most in ((faces.age, YEARS), (faces.yaw, YAW), (faces.pitch, PITCH)):
        assert np.abs(value[photo] - value[donor]).max() <= most
    assert faces.there[photo].all() and faces.there[donor].all()
    assert (faces.spectacles[photo] == faces.spectacles[donor]).all()
    named = faces.subject[photo] >= 0
    assert (faces.subject[photo][named] != faces.subject[donor][named]).all()


def test_surroundings_come_from_other_cells() -> None:
    found = rules(200, {"background": {"weight": 1.0}, "mixed": {"weight": 0.01}})
    made = copies.plan_copies(found, np.array([300, 300]), {})
    lent = made.policy == 0
    assert (found.photos.cell[made.photo[lent]] != found.photos.cell[made.donor[lent]]).all()
    assert found.faces.there[made.donor[lent]].all() and len(np.unique(made.donor[lent])) > 60


@pytest.mark.parametrize("kind", ["alike", "other"])
def test_a_new_photo_changes_only_the_copies_that_draw_it(kind: str) -> None:
    faces, hashes = known(401), np.random.default_rng(3).integers(0, 2**63, 401).astype(np.uint64)
    cells = np.arange(401) % 2
    fewer = replace(faces, **{field.name: getattr(faces, field.name)[:400] for field in fields(faces)})
    photo = np.flatnonzero(donors.pairable(cells[:400], fewer))
    number = np.ones(len(photo), np.int64)
    before = getattr(donors, kind)(cells[:400], hashes[:400], photo, number, fewer)
    after = getattr(donors, kind)(cells, hashes, photo, number, faces)
    changed = before != after
    assert (after[changed] == 400).all() and changed.mean() < 0.2


def test_a_photo_without_a_face_gets_other_policies_or_is_an_error() -> None:
    nobody = Faces.unknown(20)
    found = rules(20, {"turn": {"weight": 1.0}, "mixed": {"weight": 1.0}}, nobody)
    assert set(copies.plan_copies(found, np.array([20, 20]), {}).policy.tolist()) == {1}
    assert copies.left_out(found) == "Left out for want of a face or of somebody alike: turn of 20 of 20 photos."
    with pytest.raises(UserError, match=r"a policy of weight above 0 for cell male. Received none. Add one .* a face"):
        copies.plan_copies(rules(20, {"turn": {"weight": 1.0}}, nobody), np.array([20, 20]), {})


def test_a_mixed_copys_age_lies_between_its_parents() -> None:
    found = rules(60, {"morph": {"weight": 1.0}, "mixed": {"weight": 0.01}})
    made = copies.plan_copies(found, np.array([100, 100]), {})
    seeds = np.arange(len(made.photo), dtype=np.uint64)
    ages = pa.chunked_array([pa.array(found.faces.age, pa.float32())])
    at = np.flatnonzero(made.policy == 0)
    mixed = tasks._mixed(ages, made.photo, made.donor, seeds, at).to_numpy()
    own, other = (found.faces.age[one] for one in (made.photo, made.donor))
    for row in at.tolist():
        part = share(row)
        assert mixed[row] == pytest.approx((1 - part) * own[row] + part * other[row], abs=1e-3)
    rest = np.setdiff1d(np.arange(len(mixed)), at)
    np.testing.assert_allclose(mixed[rest], own[rest], rtol=1e-6)
    gaps = pa.chunked_array([pa.array([1.0, None], pa.float32())])
    assert tasks._mixed(gaps, np.array([0, 1]), np.array([1, -1]), seeds[:2], np.array([0])).to_pylist() == [None, None]


def test_variety_counts_people_and_names_the_cells_of_one() -> None:
    found = rules(21, {"morph": {"weight": 1.0}, "mixed": {"weight": 1.0}}, replace(known(21), subject=np.full(21, -1)))
    alone = replace(found, photos=replace(found.photos, cell=np.array([0] * 20 + [1])))
    seen = variety(alone, copies.plan_copies(alone, np.array([40, 16]), {}))
    assert (seen[0].cell, seen[0].photos, seen[0].copies, seen[0].pairs) == ("female", 1, 16, 0) and seen[0].alone
    assert seen[1].persons == 20 and seen[1].pairs > 3 and seen[1].per_photo == 2 and not seen[1].alone


def test_faces_are_read_by_image_and_photos_that_nobody_looked_at_have_none(tmp_path: Path) -> None:
    made = project(tmp_path, train=6)
    table = landmarks.read(made.folder / "manifests/built/landmarks.parquet")[0]
    ids = [*table["image_id"].to_pylist()[::-1], "f" * 16]
    photos = pa.table({"image_id": ids, "age": pa.nulls(7, pa.float32()), "subject": ["a", "a", *[None] * 5]})
    faces = Faces.of(photos, made.folder / "manifests/built/landmarks.parquet")
    assert faces.there.tolist() == [True] * 6 + [False] and np.isnan(faces.yaw[6])
    assert faces.subject.tolist() == [0, 0, -1, -1, -1, -1, -1] and np.isnan(faces.age).all()
    weak = made_faces.table(ids[:6], score=0.5)
    landmarks.write(weak, tmp_path / "weak.parquet", CELLS)
    assert not Faces.of(photos, tmp_path / "weak.parquet").there.any()
