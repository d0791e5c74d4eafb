"""Invented data sets as users bring them: drawn faces under other names, axes, formats and label files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.support.render_fixtures import picture

SIDE = 72


def _photos(folder: Path, count: int, suffixes: tuple[str, ...]) -> list[str]:
    folder.mkdir(parents=True)
    names = []
    for number in range(count):
        names.append(f"p{number:04d}.{suffixes[number % len(suffixes)]}")
        kind = "PNG" if names[-1].lower().endswith("png") else "JPEG"
        Image.fromarray(picture(number, SIDE)).save(folder / names[-1], kind)
    return names


def lamps(root: Path, count: int = 240) -> Path:
    """A CSV with odd column names, photos in a folder below, PNG and JPEG mixed, a split of its own."""
    names, rng = _photos(root / "images", count, ("png", "JPG", "jpeg")), np.random.default_rng(1)
    with (root / "labels.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["File Name", "Subset", "Real Age", "lighting", "skin tone", "remarks"])
        for number, name in enumerate(names):
            split = ("training", "training", "training", "val", "test")[number % 5]
            light, tone = (
                rng.choice(["day", "lamp", "flash"], p=[0.6, 0.3, 0.1]),
                rng.choice(["I-II", "III-IV", "V-VI"]),
            )
            write.writerow([name, split, rng.integers(3, 80), light, tone, f"note {number}"])
    return root


def days(root: Path, count: int = 240) -> Path:
    """Labels in Parquet, an axis of 7 values, ages as numbers, no split but a person."""
    names, rng = _photos(root, count, ("jpg",)), np.random.default_rng(2)
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    table = {
        "image": names,
        "age": rng.integers(10, 70, count).astype(np.int64),
        "weekday": rng.choice(week, count),
        "glasses": rng.random(count) < 0.3,
        "person": [f"s{number // 2}" for number in range(count)],
    }
    pq.write_table(pa.table(table), root / "meta.parquet")
    return root / "meta.parquet"


def rooms(root: Path, count: int = 240) -> Path:
    """A TSV of age ranges, an axis of numbers, and some rows without a label."""
    names, rng = _photos(root / "faces", count, ("png",)), np.random.default_rng(3)
    with (root / "people.tsv").open("w", newline="") as file:
        write = csv.writer(file, delimiter="\t")
        write.writerow(["path", "age", "room", "camera"])
        for number, name in enumerate(names):
            age = rng.choice(["0-9", "10-19", "20-29", "30-44", "45-59", "60-80"])
            room = "" if number % 40 == 0 else rng.choice(["kitchen", "Living-Room", "garden"])
            write.writerow([f"faces/{name}", age, room, rng.integers(1, 4)])
    return root


def albums(root: Path, count: int = 240) -> Path:
    """A spreadsheet's CSV in German: umlauts and spaces in paths, `.JPG`, some ages missing, no valid."""
    rng, rows = np.random.default_rng(4), []
    for number in range(count):
        folder = f"Fotos 2023/{('Größe Eins', 'Müller & Söhne', 'Ordner (alt)')[number % 3]}"
        (root / folder).mkdir(parents=True, exist_ok=True)
        name = f"{folder}/Bild {number} – Käthe.JPG"
        Image.fromarray(picture(number, SIDE)).save(root / name, "JPEG")
        age = "" if number % 12 == 5 else str(rng.integers(3, 80))
        rows.append([name, age, rng.choice(["männlich", "weiblich"]), "Train" if number % 4 else "Test"])
    with (root / "Liste der Fotos.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";").writerows([["Datei", "Alter", "Geschlecht", "Set"], *rows])
    return root


SETS: dict[str, Callable[[Path], Path]] = {"lamps": lamps, "days": days, "rooms": rooms, "albums": albums}
