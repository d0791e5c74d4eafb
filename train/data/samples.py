"""Which images a stage trains on, and what it wants of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.sections.train import Recipe
from train.data.views import PLAIN, extra

NARROWEST = 1.0  # years; a few photos have raters who all agree
ROOT = 0.75  # raters' standard deviation over the root of the age: 1.7 years at 5, 4.1 at 30, 6.3 at 70


@dataclass(frozen=True)
class Items:
    """Index rows, each in one view.

    Attributes:
        table: rows of the index.
        views: a view's name a row.
    """

    table: pa.Table
    views: list[str]

    def __len__(self) -> int:
        return len(self.views)

    @property
    def keys(self) -> list[str]:
        """What names an item's pixels: the bytes' SHA-256 and the view."""
        return [f"{sha}/{view}" for sha, view in zip(self.table["sha256"].to_pylist(), self.views, strict=True)]

    @property
    def age(self) -> np.ndarray:
        """float64 (items,), years; NaN without a label."""
        return self.table["age"].cast(pa.float64()).fill_null(np.nan).to_numpy()


def train_items(index: pa.Table, images: str, augmentation: str, cells: Cells) -> Items:
    """The train split of a run: the originals or the balanced set, plus the recipe's views.

    Raises:
        UserError: there is no such image.
    """
    chosen = pc.field("copy") == 0 if images == "original" else pc.field("kept")
    table = index.filter((pc.field("split") == "train") & chosen).sort_by(
        [("image_id", "ascending"), ("copy", "ascending")]
    )
    if not len(table):
        raise UserError(
            "index.parquet", f"train photos of the {images} images", "none", "Look at quarantine.parquet and the plan"
        )
    return augmented(Items(table, [PLAIN] * len(table)), augmentation, cells)


def split_items(index: pa.Table, split: str) -> Items:
    """The valid or test photos, in order of their paths."""
    table = index.filter((pc.field("split") == split) & (pc.field("copy") == 0)).sort_by([("path", "ascending")])
    return Items(table, [PLAIN] * len(table))


def mirrored(items: Items) -> Items:
    """The same photos, seen in the mirror."""
    return Items(items.table, ["flip"] * len(items))


def labelled(items: Items) -> Items:
    """Those with an age."""
    has = ~np.isnan(items.age)
    return Items(items.table.filter(pa.array(has)), [v for v, keep in zip(items.views, has, strict=True) if keep])


def augmented(items: Items, augmentation: str, cells: Cells) -> Items:
    """The items and, after them, the further views of some."""
    if AGE in cells.names:
        axis = cells[AGE]
        group = np.array([axis.values.index(label) for label in items.table[axis.column].to_pylist()], np.int64)
    else:
        group = np.zeros(len(items), np.int64)
    tables, views = [items.table], list(items.views)
    for view, rows in extra(augmentation, items.age, group):
        tables.append(items.table.take(pa.array(rows)))
        views += [view] * len(rows)
    return Items(pa.concat_tables(tables), views)


def targets(items: Items, recipe: Recipe) -> np.ndarray:
    """float32 (items, 2): the age, and the standard deviation of its soft label, in years."""
    if recipe.spread == "raters":
        spread = items.table["age_std"].cast(pa.float64()).fill_null(np.nan).to_numpy()
        spread = np.where(np.isnan(spread), 3.0, np.maximum(spread, NARROWEST))
    elif recipe.spread == "age":
        spread = np.maximum(ROOT * np.sqrt(items.age), NARROWEST)
    else:
        spread = np.full(len(items), recipe.spread)
    return np.stack([items.age, spread], axis=1).astype(np.float32)
