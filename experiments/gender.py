"""The gender study on the photos that are here: runs four projects and writes docs/gender.md.

    python -m experiments.gender

What is there from an earlier call is not made again. The photos and weights are where the parameter files say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments import projects
from experiments.report import environment
from manifests.core import command, params, text
from manifests.core.errors import UserError
from manifests.core.files import write_text
from manifests.core.text import escaped, figure
from manifests.tables import comparison
from manifests.tables.comparison import Comparison, Figure, System
from train.scoring.published import GENDER_ROWS


@dataclass(frozen=True)
class Part:
    """One project: its parameter file, the heading, what to know, and whether the study's rows stand beside it."""

    params: str
    title: str
    about: str
    published: bool = False


PARTS = (
    Part(
        "params.utkface_gender.yaml",
        "Gender on UTKFace",
        "Features of a MobileNet trained on faces, and five heads, whose mean predicts: the originals; the photos of a "
        "plan that makes the gender independent of age and ethnicity, repeated and rendered; the plan's shares as "
        "weights; and logit adjustment.",
    ),
    Part(
        "experiments/gender/pretraining.yaml",
        "Pretraining",
        "A small network on UTKFace, from nothing: the start of the next part.",
    ),
    Part(
        "experiments/gender/finetuning.yaml",
        "Finetuning on APPA-REAL",
        "All layers at 1e-5 from the network pretrained on UTKFace, as the study finetunes CelebA's on Adience; as it "
        "is, without any finetuning; and from nothing.",
    ),
    Part(
        "experiments/gender/rows.yaml",
        "The study's rows",
        "On UTKFace at 112 pixels, ImageNet's frozen MobileNet in place of ResNet50 and MobileNetV2; the copies of "
        "E-augmented are drawn once, so that features are computed once. Levi and Hassner's network, all of which "
        "learns, has 64 pixels. Published figures are of Adience, 224 pixels.",
        published=True,
    ),
)


def main() -> None:
    """Run each project and write the page."""
    parser = command.parser(__doc__, output="docs/gender.md", work=".cache/experiments/gender", cache=".cache")
    options = parser.parse_args()
    made = []
    with command.progress(len(PARTS), "gender", "project") as bar:
        for part in PARTS:
            path = Path(part.params)
            folder = projects.run(_content(path), options.work / path.stem, options.cache)
            made.append((part, comparison.read(folder / "datasets/comparison.json")))
            bar.update(1)
    write_text(options.output, page(made, environment()))
    print(f"{options.output}: {len(made)} parts")


def _content(path: Path) -> dict[str, object]:
    content = params.read(path)
    root = content["source"]["root"]
    if not Path(root).is_dir():
        raise UserError(f"{path}: source.root", "a folder with photos", repr(root), "Put or link the photos there")
    return content


def page(parts: Sequence[tuple[Part, Comparison]], made_with: str) -> str:
    """The report in Markdown; `made_with` is what it was made with."""
    lines = [
        "# Gender as the target",
        "",
        "Written by `python -m experiments.gender`; do not edit. Errors and biases in % of the photos, lower is",
        "better; accuracy, AUC and log loss as shares. In brackets 95% bootstrap intervals; differences are paired.",
        "The bias of an axis is the mean pairwise gap in error rate; that of the classes is not in the average.",
        "",
        f"Made with {made_with}.",
        "",
    ]
    for part, compared in parts:
        lines += _part(part, compared)
    return "\n".join(lines)


def _part(part: Part, compared: Comparison) -> list[str]:
    table = compared.splits[compared.split]
    runs = [row for row in table.rows if row.kind == "run"]
    lines = [f"## {part.title}", "", part.about, ""]
    if table.verdict:
        lines += [f"**{escaped(table.verdict)}**", ""]
    head = ["run", "steps", "parameters", "balanced accuracy", "accuracy", "AUC", "log loss", compared.words.error]
    head += [*table.axes, "average bias"]
    published = GENDER_ROWS if part.published else ()
    rows = [_row(row, table.axes) for row in runs]
    for row in published:
        loss = "" if row.loss is None else figure(row.loss, digits=4)
        blank = [""] * (len(table.axes) + 1)
        shown = [figure(row.accuracy, digits=4), "", loss, figure(100 * (1 - row.accuracy))]
        rows.append([f"{row.name} (published)", "", "", "", *shown, *blank])
    lines += [f"{table.n} photos of {compared.split}. Parameters: `{part.params}`.", ""]
    lines += [*text.markdown(head, rows), ""]
    first = [pair for pair in table.pairs if pair.first == runs[0].name]
    if first:
        compare = ([f"{p.first} - {p.second}", *map(text.difference, (p.error, p.average_bias))] for p in first)
        lines += [*text.markdown(("difference", compared.words.error, "average bias"), compare), ""]
    return lines


def _row(row: System, axes: Sequence[str]) -> list[str]:
    more = [_share(row.more.get(name)) for name in ("balanced accuracy", "accuracy", "AUC", "log loss")]
    figures = [row.error, *(row.bias[axis] for axis in axes), row.average_bias]
    biases = ["" if each is None else figure(each.value, each.low, each.high) for each in figures]
    steps = "" if row.steps is None else text.count(row.steps)
    return [row.name, steps, "" if row.parameters is None else text.count(row.parameters), *more, *biases]


def _share(each: Figure | None) -> str:
    return "" if each is None else figure(each.value, each.low, each.high, digits=3)


if __name__ == "__main__":
    command.run(main)
