"""`README.md` of the shards: the card whose front matter tells Hugging Face `datasets` how to load the folder.

Without it `load_dataset` takes the columns from five images of one split, so that what those lack, as the labels of
a hidden test split or PNGs beside JPEGs, is lost or an error. With it the splits, and `dropped` as a configuration
of its own, have the columns of the whole set (https://huggingface.co/docs/hub/datasets-manual-configuration).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from ruamel.yaml import YAML

from manifests.core.cells import Cells
from manifests.core.text import escaped, markdown
from manifests.sections.licences import OPEN
from manifests.tables.plan_report import PlanReport
from manifests.tables.tasks import JPEG, SUFFIXES, suffix

NAME = "README.md"
_SPLITS = {"train": "train", "validation": "valid", "test": "test"}  # Hugging Face's name: ours
_TYPES = {"copy": "int64", "cell": "int64", "attempt": "int64", "age": "float64", "age_std": "float64"}
_TYPES["severity"] = "float64"
_WORDS = ("task_id", "image_id", "policy", "seed", "donor", "replay")


class Content:
    """A hash of the index's rows, whole or part by part: it changes with any image and any label.

    Hugging Face `datasets` keeps what it has read under a hash of the front matter, and looks at no file. Without a
    word there that changes with the set, it would go on serving the images of an earlier plan.
    """

    def __init__(self, *tables: pa.Table) -> None:
        self._sha256 = sha256()
        for table in tables:
            self.add(table)

    def add(self, table: pa.Table) -> None:
        """Take the next rows."""
        words = [pc.fill_null(column.cast(pa.string()), "") for column in table.columns]
        rows = pc.binary_join_element_wise(*words, "\t").to_pylist()
        self._sha256.update("".join(f"{row}\n" for row in rows).encode())

    def __str__(self) -> str:
        return self._sha256.hexdigest()[:16]


def front_matter(cells: Cells, shards: Iterable[str], suffixes: Iterable[str], content: Content, **more: Any) -> str:
    """The card's YAML block: which files are which split, and the columns.

    Args:
        cells: the axes.
        shards: the tars' names.
        suffixes: the extensions of the images in them.
        content: of the index.
        more: further keys, which come first, such as `license`.
    """
    groups = {name.partition("-")[0] for name in shards}
    configs = [("default", {name: group for name, group in _SPLITS.items() if group in groups})]
    if "dropped" in groups:
        configs.append(("dropped", {"train": "dropped"}))
    features = _features(cells, sorted(set(suffixes), key=SUFFIXES.index))
    tree = {
        **more,
        "configs": [
            {
                "config_name": config,
                "description": f"images and labels {content}",
                "data_files": [{"split": split, "path": f"{group}-*.tar"} for split, group in files.items()],
            }
            for config, files in configs
        ],
        "dataset_info": [{"config_name": config, "features": features} for config, _ in configs],
    }
    yaml, out = YAML(), io.StringIO()
    yaml.representer.ignore_aliases = lambda _: True
    yaml.width = 120
    yaml.dump(tree, out)
    return f"---\n{out.getvalue()}---\n"


def text(cells: Cells, shards: Iterable[str], suffixes: Iterable[str], content: Content) -> str:
    """The card that lies beside the shards; `augment.publish` writes a longer one."""
    return front_matter(cells, shards, suffixes, content) + (
        "\nThe balanced set as WebDataset tars: per sample the image and `json`, its labels and how it was made.\n"
        "`index.parquet` has one row per image: its shard, offset, size and SHA-256, and the same labels.\n"
        "`train-*` is the balanced set; `dropped-*` are train photos that the plan leaves out.\n"
    )


def full(
    name: str,
    layout: str,
    cells: Cells,
    shards: Iterable[str],
    suffixes: Iterable[str],
    content: Content,
    plan: PlanReport,
    rai: Mapping[str, str],
) -> str:
    """The data card of a published set (Pushkarna et al. 2022, "Data cards"), with the same front matter.

    Args:
        name: of the set.
        layout: of the source photos.
        cells, shards, suffixes, content: as for `front_matter`.
        plan: the plan's report.
        rai: what `croissant.responsible` says.
    """
    licence = OPEN[layout][0] if layout in OPEN else "other"
    more = {
        "pretty_name": name,
        "license": licence,
        "task_categories": ["image-classification"],
        "tags": ["webdataset"],
    }
    rows = [
        (f"{axis}: {each.value}", f"{each.before_share:.1%}", f"{each.reached_share:.1%}", f"{each.reached:,}")
        for axis, values in plan.marginals.items()
        for each in values
    ]
    titles = {"dataCollection": "Source", "dataManipulationProtocol": "How it was made", "dataLimitations": "Limits"}
    titles["dataUseCases"] = "Use"
    return "\n".join(
        [
            front_matter(cells, shards, suffixes, content, **more),
            f"# {escaped(name)}",
            "",
            f"{plan.total:,} train images: {plan.keep:,} originals and {plan.augment:,} copies.",
            "",
            *(line for key, title in titles.items() for line in (f"## {title}", "", escaped(rai[key]), "")),
            "## Shares",
            "",
            *markdown(("value", "before", "balanced", "images"), rows),
            "",
            "## Files",
            "",
            "WebDataset tars, and `index.parquet` with one row per image. `croissant.json` has the SHA-256 of each.",
            "",
        ]
    )


def suffixes(index: pa.Table) -> set[str]:
    """The extensions of the images of an index."""
    originals = index.filter(pc.equal(index["replay"], "{}"))["path"].to_pylist()
    return set(map(suffix, originals)) | ({JPEG} if len(originals) < len(index) else set())


def _features(cells: Cells, suffixes: list[str]) -> list[dict[str, Any]]:
    labels = dict.fromkeys((*_WORDS, *cells.columns), "string") | _TYPES
    return [
        *({"name": suffix[1:], "dtype": "image"} for suffix in suffixes),
        {"name": "json", "struct": [{"name": name, "dtype": kind} for name, kind in sorted(labels.items())]},
        *({"name": name, "dtype": "string"} for name in ("__key__", "__url__")),
    ]
