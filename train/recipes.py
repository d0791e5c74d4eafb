"""The named recipes, ours and the studies'; and the recipe of each run of `train.runs`, with all names looked up.

Each is one frozen object; `about` is its docstring. A weights scheme belongs to a stage: a run's `weights` takes the
place of that of the last stage. Soft labels are a normal of 3 years around the label, unless `spread` says otherwise.
"""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from manifests.core import places
from manifests.core.errors import UserError, located
from manifests.sections.methods import Correct, GroupDro, Mixup
from manifests.sections.recipe import OwnRecipe, Recipe, Stage
from manifests.sections.train import Train
from train.sample_weights import named
from train.studies import STUDIES
from train.studies_gender import GENDER_STUDY

HEAD: Final = "head"
ALL: Final = "all"

OWN: dict[str, Recipe] = {
    "default": Recipe(
        about="Ours: one stage, all layers, a small dense head, soft labels of 3 years (Gao et al. 2017); 520 steps "
        "for any set of images, a cosine schedule, the last epoch for any result on valid.",
        stages=(Stage(steps=520, rate=2e-3),),
        head=(0.2, 64),
        output="distribution",
        loss="soft_labels",
        schedule="cosine",
        monitor="last",
    ),
    "linear": Recipe(
        about="Ours: dropout and two dense layers (256, 64) on the backbone, linear output, MAE.",
        stages=(Stage(layers=HEAD, epochs=100),),
        schedule="plateau",
    ),
    "distribution": Recipe(
        about="Ours: a distribution over 0 to 100 years by soft labels of 3 years (Gao et al. 2017).",
        stages=(Stage(layers=HEAD, epochs=100),),
        output="distribution",
        loss="soft_labels",
        schedule="plateau",
    ),
    "raters": Recipe(
        about="Ours: the same, with soft labels as wide as the label's own raters disagree.",
        stages=(Stage(layers=HEAD, epochs=100),),
        output="distribution",
        loss="soft_labels",
        spread="raters",
        schedule="plateau",
    ),
    "mean_variance": Recipe(
        about="Ours: soft labels plus the mean's squared error and the variance (Pan et al. 2018).",
        stages=(Stage(layers=HEAD, epochs=100),),
        output="distribution",
        loss="mean_variance",
        schedule="plateau",
        monitor="mae_plus_bias",
    ),
    "two_stages": Recipe(
        about="Ours: the head first, then all layers at a lower rate with a cosine schedule.",
        stages=(Stage(layers=HEAD, epochs=40), Stage(layers=ALL, epochs=20, rate=1e-5)),
        schedule="cosine",
    ),
    "steady": Recipe(
        about="Ours: the distribution from a head of four layers, soft labels as wide as raters disagree at "
        "that age, 800 steps of 128 images for any set of images, a cosine schedule, the last epoch for any "
        "result on valid; predicts the mean of a photo and its mirror image.",
        stages=(Stage(layers=HEAD, steps=800),),
        head=(0.3, 512, 0.3, 128, 0.3, 64, 0.3, 64, 0.3),
        output="distribution",
        loss="soft_labels",
        spread="age",
        schedule="cosine",
        monitor="last",
        mirror=True,
        batch=128,
    ),
}
OWN["adjusted"] = OWN["steady"].like(
    "Ours: as steady, with a head of two layers (256, 64) and 1600 steps; the loss compensates for how frequent each "
    "age is in training, with strength 0.3 (logit adjustment, Menon et al. 2021).",
    stages=(Stage(layers=HEAD, steps=1600),),
    head=(0.3, 256, 0.3, 64, 0.3),
    adjust=0.3,
)
OWN["classes"] = OWN["steady"].like(
    "Ours, for classes: as steady, with a head of two layers (256, 64) and cross-entropy, a twentieth of the wanted "
    "probability spread over all classes (Szegedy et al. 2016).",
    head=(0.3, 256, 0.3, 64, 0.3),
    output="classes",
    loss="cross_entropy",
    smoothing=0.05,
)
STEADY = OWN["steady"]
OWN["lds"] = STEADY.like(
    "As steady, with the weights of label distribution smoothing: one over the smoothed density of the ages "
    "(Yang et al. 2021).",
    stages=(Stage(layers=HEAD, steps=800, weights="lds"),),
)
OWN["balanced_mse"] = STEADY.like(
    "As steady, with a linear output and Balanced MSE, which treats all ages as equally frequent (Ren et al. 2022).",
    output="linear",
    loss="balanced_mse",
)
OWN["last_layer"] = STEADY.like(
    "As steady, in two stages: 600 steps on the run's images, then 200 of the last layer alone, drawn anew, on the "
    "plan's set (DFR, Kirichenko et al. 2023).",
    stages=(
        Stage(layers=HEAD, steps=600),
        Stage(layers="last", steps=200, images="balanced", from_scratch=True),
    ),
)
OWN["group_dro"] = STEADY.like(
    "As steady, with weights of the age groups that grow with their losses (group DRO, Sagawa et al. 2020).",
    dro=GroupDro(axes=("age",)),
)
OWN["c_mixup"] = STEADY.like(
    "As steady, on mixtures of the features of two images of similar age (C-Mixup, Yao et al. 2022).",
    mixup=Mixup(),
)
OWN["corrected"] = STEADY.like(
    "As steady, and the predicted ages are corrected by a monotone map that is learnt on train photos which the "
    "network has not seen (after Clapes et al. 2018).",
    correct=Correct(),
)

RECIPES: dict[str, Recipe] = {**OWN, **STUDIES, **GENDER_STUDY}


def recipe_of(train: Train, name: str) -> Recipe:
    """Look up the recipe of a run, the user's own recipes first, and put in the run's images, adjust and weights.

    The weights take the place of those of the last stage.

    Args:
        train: the section.
        name: the run's name.
    Returns:
        a recipe whose stages hold weights schemes spelt out.
    Raises:
        UserError: no run, recipe or scheme of a name; the key is relative to the section.
    """
    if name not in train.runs:
        known = ", ".join(train.runs)
        raise UserError(".runs", f"one of the runs {known}", repr(name), "Name one of them with --run")
    run = train.runs[name]
    own = train.recipes.get(run.recipe)
    recipe = None if own is None else _own(train, run.recipe, own)
    with located(f".runs.{name}.recipe"):
        recipe = recipe or _registered(train, run.recipe)
        stages = [stage.model_copy(update={"weights": named(stage.weights)}) for stage in recipe.stages]
    if run.weights is not None:
        with located(f".runs.{name}.weights"):
            stages[-1] = stages[-1].model_copy(update={"weights": named(run.weights)})
    if run.adjust is not None and recipe.output not in ("distribution", "classes"):
        raise UserError(
            f".runs.{name}.adjust",
            "a recipe whose output is a distribution, or classes",
            f"{run.recipe}, whose output is {recipe.output}",
            "Choose another recipe, or remove adjust",
        )
    if recipe.mixup and not train.of(name).frozen and any(stage.layers == "all" for stage in stages):
        raise UserError(
            f".runs.{name}.recipe",
            "stages on features with mixup (frozen: true, or no stage of all layers)",
            f"{run.recipe}, which trains all layers",
            "Freeze the backbone, or choose another recipe",
        )
    own_choice = {"images": run.images or recipe.images, "adjust": recipe.adjust if run.adjust is None else run.adjust}
    return recipe.model_copy(update={"stages": tuple(stages), **own_choice})


def chain_of(train: Train, name: str) -> dict[str, Recipe]:
    """The recipes of a run and of those that it starts from, the earliest first.

    Raises:
        UserError: as `recipe_of`; the first one starts from a file that is missing; or a corrected run starts from
            any, whose train photos would be no news to it. The key is relative to the section.
    """
    chain = {name: recipe_of(train, name)}
    while (before := train.start_of(next(iter(chain)))) is not None:
        chain = {before: recipe_of(train, before)} | chain
    first = train.runs[next(iter(chain))].start
    where = f".runs.{next(iter(chain))}.start"
    if first is not None and not places.local(first).is_file():
        runs = ", ".join(train.runs)
        raise UserError(where, f"a run ({runs}) or a file of weights", repr(first), "Correct the name or the path")
    if chain[name].correct is not None and train.runs[name].start is not None:
        remedy = "Remove the start or the correction"
        raise UserError(f".runs.{name}.start", "none where the recipe has `correct`", train.runs[name].start, remedy)
    return chain


def twins(train: Train, name: str) -> list[str]:
    """The other runs that ask for the same training: what one of them has trained serves the others."""
    wanted = _asked(train, name)
    return [other for other in train.runs if wanted and other != name and _asked(train, other) == wanted]


def _asked(train: Train, name: str) -> list[tuple[str, str]]:
    """What the training of a run depends on beside the images and the seed; empty where that is a mistake."""
    chain, start = [name], train.runs[name].start
    while start in train.runs:
        chain, start = [*chain, start], train.runs[start].start
    try:
        recipes = [recipe_of(train, each).model_dump_json(exclude={"about"}) for each in chain]
    except UserError:  # that run's own command will tell
        return []
    networks = [train.of(each).model_dump_json(exclude={"runs", "recipes"}) for each in chain]
    return [*zip(recipes, networks, strict=True), ("start", str(start))]


def _own(train: Train, name: str, own: OwnRecipe) -> Recipe:
    """Lay a recipe of the user's over its base, and check both together."""
    with located(f".recipes.{name}.base"):
        base = _registered(train, own.base)
    given = {field: getattr(own, field) for field in own.model_fields_set if field != "base"}
    try:
        return base.like(given.pop("about", f"The user's {name}, after {own.base}."), **given)
    except ValidationError as error:
        rule = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(f".recipes.{name}", rule, f"{given} over {own.base}", "Correct the recipe") from error


def _registered(train: Train, name: str) -> Recipe:
    if name not in RECIPES:
        known = ", ".join([*train.recipes, *RECIPES])
        raise UserError("", f"one of the recipes {known}", repr(name), "Correct the name")
    return RECIPES[name]
