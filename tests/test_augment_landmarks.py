"""The stage that finds faces: once per photo, by its content, the same by any workers; and its rule for spectacles."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from hashlib import sha256
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pyarrow as pa
import pytest

from augment import face_models, landmarks
from augment.finding import cache, faces
from augment.finding.spectacles import LINE, lines, spectacles
from augment.rendering.faces import Faces, prepare
from manifests import draw, scan
from manifests.core import codec
from manifests.core.errors import UserError
from manifests.core.face_mesh import EYES
from manifests.tables import landmarks as contract
from tests.support.faces import points, table
from tests.support.render_fixtures import CELLS, picture, project
from tests.support.stages import ROOT

SHARED = ROOT.parent / "shared"
MESH = SHARED / "weights/facemesh.json"
PHOTOS = SHARED / "data/appa_real/train_data"
real = pytest.mark.skipif(not MESH.exists() or not PHOTOS.exists(), reason="needs ../shared/weights and ../shared/data")
DRAWN = """seed: 7
source: {layout: drawn, root: datasets/raw/drawn, drawn: 100}
cells: {age: [20, 40, 60], gender: [male, female], ethnicity: [caucasian, asian, afroamerican],
  expression: [neutral, slightly happy, happy, other]}
"""


def run(folder: Path, jobs: int = 1) -> str:
    printed = io.StringIO()
    arguments = mock.patch.object(sys, "argv", ["landmarks"])
    environment = mock.patch.dict(os.environ, {"N_JOBS": str(jobs)})
    with contextlib.chdir(folder), arguments, environment, contextlib.redirect_stdout(printed):
        landmarks.main()
    return printed.getvalue()


def digest(folder: Path) -> str:
    return sha256((folder / "manifests/built/landmarks.parquet").read_bytes()).hexdigest()


def test_drawn_faces_have_the_points_of_their_drawer(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(DRAWN)
    with contextlib.chdir(tmp_path), mock.patch.dict(os.environ, {"N_JOBS": "1"}):
        draw.main([])
        scan.main([])
    assert "60  faces in 60 train photos" in run(tmp_path)
    first = digest(tmp_path)
    run(tmp_path, jobs=3)
    assert digest(tmp_path) == first and not (tmp_path / ".cache/landmarks/none").exists()
    rows = contract.read(tmp_path / "manifests/built/landmarks.parquet")[0]
    found = contract.points(rows)
    assert found.shape == (60, 468, 3) and (rows["score"].to_numpy() == 1).all()
    assert np.abs(found[:, 4, :2].astype(float).mean(axis=0) - (0.5, 0.58)).max() < 0.1  # the tips of the noses
    (tmp_path / "datasets/raw/drawn/landmarks.npy").unlink()
    with pytest.raises(UserError, match=r"landmarks.npy: expected the drawn faces' points.*manifests.draw` again"):
        run(tmp_path)


def test_without_a_model_the_table_is_empty_and_a_missing_one_is_named(tmp_path: Path) -> None:
    made = project(tmp_path, train=4)
    text = (made.folder / "params.yaml").read_text().replace("layout: drawn", "layout: table")
    (made.folder / "params.yaml").write_text(text)
    assert "none: source.face_mesh names no model" in run(made.folder)
    assert contract.read(made.folder / "manifests/built/landmarks.parquet")[0].num_rows == 0
    (made.folder / "params.yaml").write_text(text.replace("root: raw", "root: raw, face_mesh: mesh.json"))
    with pytest.raises(UserError, match=r"source.face_mesh: expected a model's .json file. Received no file mesh.json"):
        run(made.folder)


@real
def test_a_photo_is_looked_at_once_and_by_its_content(tmp_path: Path) -> None:
    names = sorted(PHOTOS.glob("*.jpg"))[:3]
    pairs = [(sha256(path.read_bytes()).hexdigest()[:16], path.name) for path in names]
    models = faces.Models(MESH, None)
    found = faces.find(models, PHOTOS, [*pairs, ("0" * 16, "none.jpg")], 1 << 22, {})
    assert found["image_id"].to_pylist() == [image for image, _ in pairs]
    assert min(found["score"].to_pylist()) > 0.97 and found["person"].to_pylist() == [b""] * 3
    again = faces.find(models, PHOTOS, pairs[2:], 1 << 22, {})
    assert again.to_pylist() == found.slice(2).to_pylist()  # whoever it is asked for with
    own = tmp_path / cache.fingerprint(models)
    cache.write(own, pa.Table.from_batches([found]))
    assert cache.read(own, {pairs[1][0]})["image_id"].to_pylist() == [pairs[1][0]]
    (own / "0.parquet").write_bytes(b"half a part")
    assert cache.read(own, {"f" * 16}).num_rows == 0 and not (own / "0.parquet").exists()


@real
def test_the_model_finds_a_drawn_face_where_its_drawer_has_it(tmp_path: Path) -> None:
    person = tmp_path / "selfie.json"
    with mock.patch.object(faces, "outline", lambda *_: bytes([255]) * contract.PERSON**2):
        apart, inside = face_models.checked(MESH, person)
    assert apart < 0.04 and inside == 1
    elsewhere = mock.patch.object(face_models, "landmarks", lambda *_: points(0.3, 0.2, 0.2))
    everywhere = mock.patch.object(faces, "outline", lambda *_: bytes([255]) * contract.PERSON**2)
    with elsewhere, everywhere, pytest.raises(UserError, match=r"the points of a drawn face where its drawer has them"):
        face_models.checked(MESH, person)


def drawn(image: np.ndarray, one: np.ndarray, other: np.ndarray, width: int) -> None:
    cv2.line(image, *np.rint([one, other]).astype(int).tolist(), (10, 10, 10), width)


def test_lines_across_the_nose_and_around_the_eyes_are_a_pair_of_spectacles() -> None:
    own = points(0.6)
    plain = cv2.GaussianBlur(picture(3, 192), (0, 0), 6)
    eyes = np.array([own[list(eye), :2].mean(axis=0) for eye in EYES]) * 192
    (left, right), across = eyes, eyes[1] - eyes[0]
    apart = float(np.linalg.norm(across))
    frown, worn = plain.copy(), plain.copy()
    drawn(frown, left + across / 3, right - across / 3, 1)
    for eye in eyes:
        cv2.circle(worn, np.rint(eye).astype(int).tolist(), round(0.32 * apart), (10, 10, 10), 2)
    for one, other in ((left, right), (left - across, left), (right, right + across)):
        drawn(worn, one, other, 2)
    assert not spectacles(plain, own) and not spectacles(frown, own) and spectacles(worn, own)
    assert (lines(worn, own) > LINE).all() and lines(frown, own)[0] > LINE > lines(plain, own)[0]
    turned = cv2.rotate(worn, cv2.ROTATE_90_CLOCKWISE)
    moved = np.stack([1 - own[:, 1], own[:, 0], own[:, 2]], axis=1)
    assert spectacles(turned, moved)


def test_workers_find_each_face_and_nobody_elses(tmp_path: Path) -> None:
    ids = [f"{number:016x}" for number in (3, 1, 2, 9)]
    rows = table(ids)
    contract.write(rows, tmp_path / "landmarks.parquet", CELLS)
    prepare(tmp_path / "landmarks.parquet", tmp_path)
    known = Faces(tmp_path)
    for at, image_id in enumerate(sorted(ids)):
        face, digest_ = known.of(image_id)
        assert face is not None and face.person is not None and len(digest_) == 16
        np.testing.assert_array_equal(face.points, contract.points(rows)[at].astype(np.float32))
    assert known.of("f" * 16) == (None, "") and known.of("0" * 16) == (None, "")
    assert len({known.of(image_id)[1] for image_id in ids[:3]}) == 3
    contract.write(table(ids, score=0.2), tmp_path / "weak.parquet", CELLS)
    prepare(tmp_path / "weak.parquet", tmp_path)
    assert Faces(tmp_path).of(ids[0]) == (None, "")


def test_a_smaller_donor_is_the_same_photo(tmp_path: Path) -> None:
    content = codec.encode(picture(1, 224), 95)
    small = codec.decode(content, "RGBX", 56)
    assert small.shape == (56, 56, 4)
    full = cv2.resize(codec.decode(content, "RGBX"), (56, 56), interpolation=cv2.INTER_AREA)
    assert np.abs(small[..., :3].astype(int) - full[..., :3]).mean() < 3
    assert codec.decode(codec.encode(picture(1, 40), 95), "RGBX", 56).shape == (40, 40, 4)
