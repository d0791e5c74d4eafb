"""CelebA, aligned and cropped.

    list_attr_celeba.txt       a count, the 40 attributes' names, then a name and 40 values of 1 or -1 per row
    img_align_celeba/000001.jpg
    list_eval_partition.txt    optional: a name and 0 (train), 1 (valid) or 2 (test) per row
    identity_CelebA.txt        optional: a name and the subject's number per row

Any attribute can be an axis by its name, with the values yes and no. `gender` comes from Male, and
`expression` from Smiling: smiling (or happy, where `cells` says that) and not smiling (or neutral).
There is no age. The count is ignored (smaller copies keep that of the whole set), and lines may end in CRLF.
Without `list_eval_partition.txt` photos are split by hash, a subject's together where they are known.

Liu et al. 2015, "Deep learning face attributes in the wild".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.sources.labelfile import photos, text, with_unnamed
from manifests.sources.rows import Quarantined, SourceRow
from manifests.tables.source import SPLITS

ATTRIBUTES = (
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
)
AXES = ("gender", "expression", *ATTRIBUTES)
FOLDER = "img_align_celeba"
_YES_NO = {"1": ("yes",), "-1": ("no",)}
_GENDER = {"1": ("male",), "-1": ("female",)}
_EXPRESSION = {"1": ("smiling", "happy"), "-1": ("not smiling", "neutral")}


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield one row for each photo of the attribute list."""
    yield from with_unnamed(_labelled(root), photos(root, FOLDER))


def _labelled(root: Path) -> Iterator[SourceRow | Quarantined]:
    labels = root / "list_attr_celeba.txt"
    lines = [line.split() for line in text(labels).splitlines()]
    first = 1 if lines and len(lines[0]) == 1 else 0  # the count
    names = lines[first] if len(lines) > first else []
    if sorted(names) != sorted(ATTRIBUTES):
        raise UserError(
            f"{labels}:{first + 1}",
            f"the names of CelebA's {len(ATTRIBUTES)} attributes",
            " ".join(names)[:80] or "an empty line",
            "Check source.layout and source.root in params.yaml",
        )
    partition, identity = _pairs(root / "list_eval_partition.txt"), _pairs(root / "identity_CelebA.txt")
    for number, fields in enumerate(lines[first + 1 :], first + 2):
        if not fields:
            continue
        if len(fields) != len(names) + 1 or not set(fields[1:]) <= _YES_NO.keys():
            yield Quarantined(f"{labels.name}:{number}", "malformed_row", "not a name and 40 values of 1 or -1")
            continue
        marks = dict(zip(names, fields[1:], strict=True))
        yield SourceRow(
            path=f"{FOLDER}/{fields[0]}",
            split=_split(partition, fields[0]),
            labels={
                "gender": _GENDER[marks["Male"]],
                "expression": _EXPRESSION[marks["Smiling"]],
                **{name: _YES_NO[mark] for name, mark in marks.items()},
            },
            subject=identity.get(fields[0]),
        )


def _pairs(path: Path) -> dict[str, str]:
    """A file of two words per line, as a map; empty where it is absent."""
    if not path.exists():
        return {}
    return dict(words for line in text(path).splitlines() if len(words := line.split()) == 2)


def _split(partition: dict[str, str], name: str) -> str | None:
    if not partition:
        return None
    number = partition.get(name, "none")
    return SPLITS[int(number)] if number in ("0", "1", "2") else number
