"""A gallery of drawn faces, open in a browser: fixtures of the tests of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from augment import gallery
from manifests.tables import index, plan, rejects
from tests.support import pages_samples
from tests.support.browser import Reader, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def make(folder: Path, images: int, **more: Any) -> Path:
    sample = pages_samples.make(folder, images, **more)
    table, cells = index.read(sample.index)
    (folder / "gallery").mkdir()
    planned = plan.read(sample.plan)[0]
    gallery.write(folder / "gallery", sample.index.parent, table, cells, planned, rejects.read(sample.rejects), {})
    return folder / "gallery"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("small"), 160)


@pytest.fixture(scope="module")
def table(small: Path) -> Any:
    return index.read(small.parent / "shards" / "index.parquet")[0]


@pytest.fixture
def reader(browser: Any, small: Path) -> Iterator[Any]:
    opened: list[Reader] = []

    def start(hash_: str = "", **more: Any) -> Reader:
        opened.append(Reader(browser, small, hash_, **more))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def first_copy(table: Any) -> dict[str, Any]:
    return table.filter(pc.greater(table["copy"], 1)).slice(0, 1).to_pylist()[0]
