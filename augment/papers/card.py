"""`README.md` of the shards: the card whose front matter tells Hugging Face `datasets` how to load the folder.

Without it `load_dataset` takes the columns from five images of one split, so that what those lack, as the labels of
a hidden test split or PNGs beside JPEGs, is lost or an error. With it the splits, and `dropped` as a configuration
of its own, have the columns of the whole set (https://huggingface.co/docs/hub/datasets-manual-configuration).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML

from manifests.core.cells import Cells
from manifests.tables.tasks import SUFFIXES

NAME = "README.md"
_SPLITS = {"train": "train", "validation": "valid", "test": "test"}  # Hugging Face's name: ours
_TYPES = {"copy": "int64", "cell": "int64", "attempt": "int64", "age": "float64", "age_std": "float64"}
_TYPES["severity"] = "float64"
_WORDS = ("task_id", "image_id", "policy", "seed", "donor", "replay")


def front_matter(cells: Cells, shards: Iterable[str], suffixes: Iterable[str], **more: Any) -> str:
    """The card's YAML block: which files are which split, and the columns.

    Args:
        cells: the axes.
        shards: the tars' names.
        suffixes: the extensions of the images in them.
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


def text(cells: Cells, shards: Iterable[str], suffixes: Iterable[str]) -> str:
    """The card that lies beside the shards; `augment.publish` writes a longer one."""
    return front_matter(cells, shards, suffixes) + (
        "\nThe balanced set as WebDataset tars: per sample the image and `json`, its labels and how it was made.\n"
        "`index.parquet` has one row per image: its shard, offset, size and SHA-256, and the same labels.\n"
        "`train-*` is the balanced set; `dropped-*` are train photos that the plan leaves out.\n"
    )


def _features(cells: Cells, suffixes: list[str]) -> list[dict[str, Any]]:
    labels = dict.fromkeys((*_WORDS, *cells.columns), "string") | _TYPES
    return [
        *({"name": suffix[1:], "dtype": "image"} for suffix in suffixes),
        {"name": "json", "struct": [{"name": name, "dtype": kind} for name, kind in sorted(labels.items())]},
        *({"name": name, "dtype": "string"} for name in ("__key__", "__url__")),
    ]
