"""Draw the embedded default: faces for every split, their labels, and where each has its eyes, nose and mouth.

Where `source.layout` is another one there is nothing to draw: the folder then holds a label file
without rows, since DVC requires the stage's output to exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from manifests import faces
from manifests.core import command, costs, params, pool
from manifests.core.codec import encode
from manifests.core.face_mesh import POINTS
from manifests.core.files import publish_folder
from manifests.core.seeds import generator
from manifests.core.text import csv_table
from manifests.faces.landmarks import landmarks
from manifests.faces.people import SHARES, Person, people
from manifests.sections.source import Source

QUALITY = 92
COLUMNS = ("path", "split", "age", "age_std", "gender", "ethnicity", "expression")
BATCH = 50  # faces per joblib task
_NOBODY = np.zeros((0, POINTS, 3), np.float16)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read `source` and `seed`, draw, publish the folder."""
    options = command.parser(__doc__, root="datasets/raw/drawn").parse_args(arguments)
    source, seed = params.section(options.params, Source), params.seed(options.params)
    everyone = people(source.drawn, seed) if source.layout == "drawn" else []
    with publish_folder(options.root, "manifests.draw") as folder:
        for split in SHARES if everyone else ():
            (folder / split).mkdir()
        batches = [everyone[start : start + BATCH] for start in range(0, len(everyone), BATCH)]
        calls = ((number, batch, folder.resolve()) for number, batch in enumerate(batches))
        points = [_NOBODY] * len(batches)
        with (
            command.progress(len(everyone), "draw", "face") as bar,
            closing(pool.each(command.jobs(), draw, calls, "draw", (folder.resolve(),))) as done,
        ):
            for number, found in done:
                points[number] = found
                bar.update(len(found))
        (folder / "labels.csv").write_bytes(labels(everyone).encode())
        if everyone:
            np.save(folder / "landmarks.npy", np.concatenate(points))
    print(
        f"drawn         {len(everyone):>9,}  faces"
        if everyone
        else f"drawn         nothing, since the layout is {source.layout}"
    )
    costs.say("draw", len(everyone), options.root)


def draw(number: int, batch: list[Person], folder: Path) -> tuple[int, np.ndarray]:
    """Draw some people into `<folder>/<split>/<name>.jpg`.

    Returns:
        the batch's number, and float16 (people, 468, 3), where each has the face mesh's points.
    """
    cv2.setNumThreads(0)  # OpenCV's own threads would fight the workers
    points = [_NOBODY]
    for person in batch:
        drawn = faces.person(person.age, person.gender, person.ethnicity, person.expression, generator(person.seed))
        (folder / person.split / f"{person.name}.jpg").write_bytes(encode(faces.render(*drawn), QUALITY))
        points.append(landmarks(*drawn)[None])
    return number, np.concatenate(points)


def labels(everyone: Sequence[Person]) -> str:
    """The label file, one row per face."""
    return csv_table(
        COLUMNS,
        [
            (f"{p.split}/{p.name}.jpg", p.split, p.perceived, p.spread, p.gender, p.ethnicity, p.expression)
            for p in everyone
        ],
    )


if __name__ == "__main__":
    command.run(main)
