"""Recipes: every row of the studies is there as defined, and a user's own is a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.core import params
from manifests.core.errors import UserError, located
from manifests.sections.recipe import Recipe
from manifests.sections.train import Train
from train.recipes import RECIPES, STUDIES, recipe_of
from train.sample_weights import SCHEMES
from train.studies import KIT

ROWS = [
    *("A-baseline", "A-augmented", "A-weighted", "B-M1", "B-M2", "B-M3", "B-M4", "B-M5"),
    *("C-M1", "C-M2", "C-M3", "C-M4", "C-M5", "C-M4-48", "C-M5-48"),
    *("D-0", "D-T1-extreme", "D-T1-mean", "D-1a", "D-1b", "D-2a", "D-2b", "D-3", "D-E2"),
    *("D-E3", "D-E3-gender", "D-E3-ethnicity", "D-E3-expression", "D-E3-age", "D-E4"),
]
STUDY = {"A": "Starting kit", "B": "Augmentation study", "C": "Sample-weight study", "D": "Custom-loss study"}


def recipe(tmp_path: Path, text: str, name: str = "a") -> Recipe:
    path = tmp_path / "params.yaml"
    path.write_text(f"train:\n{text}")
    with located(f"{path}: train"):
        return recipe_of(params.section(path, Train), name)


def test_every_row_is_there_and_says_so() -> None:
    assert list(STUDIES) == ROWS
    for name in ROWS:
        kind, *row = name.split("-", 1)
        assert RECIPES[name].about.startswith(f"{STUDY[kind]}, ")
        assert "row" in RECIPES[name].about or "variant" in RECIPES[name].about, row


def test_the_documentation_lists_every_recipe_as_it_describes_itself() -> None:
    text = (Path(__file__).parents[1] / "docs/recipes.md").read_text()
    assert [name for name, recipe in RECIPES.items() if f"| `{name}` | {recipe.about} |" not in text] == []


def test_ones_own_is_checked_together_with_its_base(tmp_path: Path) -> None:
    made = recipe(tmp_path, "  recipes: {m: {base: distribution, loss: mean_variance}}\n  runs: {a: {recipe: m}}\n")
    assert (made.output, made.loss) == ("distribution", "mean_variance")


def test_weights_belong_to_stages() -> None:
    assert [stage.weights for stage in RECIPES["C-M3"].stages] == ["none", "age_group"]
    assert [stage.weights for stage in RECIPES["C-M4"].stages] == ["ten_groups", "ten_groups"]
    assert [stage.weights for stage in RECIPES["D-1b"].stages] == ["product", "product"]
    assert [stage.weights for stage in RECIPES["D-E4"].stages] == ["none", "none", "product"]
    assert [stage.epochs for stage in RECIPES["D-E4"].stages] == [20, 30, 10]


def test_definitions_of_the_rows() -> None:
    assert RECIPES["C-M5"].head == RECIPES["C-M4"].head == (512, 0.1, 256, 0.1, 128, 0.05, 64, 0.05, 32)
    assert not any(stage.from_scratch for stage in RECIPES["C-M4"].stages)
    assert [n for n in RECIPES["B-M5"].head if n >= 1] == [512, 256, 128, 64, 32]
    assert {n for n in RECIPES["B-M5"].head if n < 1} == {0.2}
    assert RECIPES["B-M5"].augment_valid and RECIPES["B-M5"].schedule == "plateau"
    assert [stage.augment for stage in RECIPES["B-M5"].stages] == [False, True]
    assert all(RECIPES[f"B-M{n}"].augmentation == "none" for n in (1, 2, 3, 4))
    assert all(stage.layers == "head" for name in ("B-M1", "C-M2", "C-M4") for stage in RECIPES[name].stages)
    assert RECIPES["D-E3"].experts and RECIPES["D-E3"].stages[0].layers == "experts"
    assert all(RECIPES[name].output == "sigmoid" for name in ROWS)
    assert all(RECIPES[name].patience == 20 for name in ROWS)
    assert {stage.rate for name in ROWS for stage in RECIPES[name].stages} == {1e-5}


def test_the_custom_loss_study_works_in_the_kits_frame() -> None:
    for name in ROWS[ROWS.index("D-0") :]:
        assert (RECIPES[name].loss, RECIPES[name].head, RECIPES[name].monitor) == ("mse", KIT.head, "loss"), name


def test_a_runs_weights_take_the_place_of_the_last_stages(tmp_path: Path) -> None:
    made = recipe(tmp_path, "  runs: {a: {recipe: C-M4, weights: cell}}\n")
    assert [stage.weights for stage in made.stages] == [SCHEMES["ten_groups"], SCHEMES["cell"]]
    made = recipe(tmp_path, "  runs: {a: {weights: {axes: [age], exponent: 0.5}}}\n")
    assert made.stages[0].weights.exponent == 0.5


def test_a_runs_images_take_the_place_of_the_recipes(tmp_path: Path) -> None:
    assert recipe(tmp_path, "  runs: {a: {recipe: D-E4}}\n").images == "balanced"
    assert recipe(tmp_path, "  runs: {a: {recipe: D-E4, images: original}}\n").images == "original"


def test_a_recipe_of_ones_own_is_a_few_lines(tmp_path: Path) -> None:
    made = recipe(
        tmp_path,
        "  recipes:\n    mine: {base: distribution, spread: 4, head: [0.5, 32]}\n  runs: {a: {recipe: mine}}\n",
    )
    assert (made.spread, made.head, made.loss) == (4, (0.5, 32), "soft_labels")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  runs: {a: {recipe: D-9}}\n", "train.runs.a.recipe: expected one of the recipes default, .* Received 'D-9'"),
        ("  runs: {a: {weights: cel}}\n", "train.runs.a.weights: expected one of none, age_group.* Received 'cel'"),
        (
            "  recipes: {m: {base: none}}\n  runs: {a: {recipe: m}}\n",
            "train.recipes.m.base: expected one of the recipes m, default",
        ),
        (
            "  recipes: {m: {output: linear}}\n  runs: {a: {recipe: m}}\n",
            "train.recipes.m: expected output distribution with loss",
        ),
        (
            "  recipes: {m: {head: [1.5]}}\n  runs: {a: {recipe: m}}\n",
            "train.recipes.m.head: expected dropout rates from 0 to below 1, or whole numbers",
        ),
        (
            "  max_epochs: null\n  runs: {a: {}}\n",
            "train.max_epochs: expected `max_steps` in its place: a ceiling on gr",
        ),
        ("  runs: {}\n", "train.runs: expected dictionary should have at least 1 item"),
        ("  frozen: true\n  runs: {a: {}}\n", "train: expected pretrained `weights` where frozen is true"),
        ("  runs: {a/b: {}}\n", "train.runs: expected run names of letters"),
        (
            "  runs: {a: {sedes: 2}}\n",
            "train.runs.a.sedes: expected a key that exists. Received 'sedes'",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipe(tmp_path, text)


def test_an_unknown_run_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        recipe(tmp_path, "  runs: {one: {}, two: {}}\n", "three")
    assert str(caught.value) == (
        f"{tmp_path}/params.yaml: train.runs: expected one of the runs one, two. Received 'three'. "
        "Name one of them with --run."
    )


def test_a_run_may_have_a_network_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(
        "train:\n  size: 64\n  runs:\n    a: {}\n"
        "    b: {network: {backbone: MobileNetV2, weights: imagenet, frozen: true, crops: [1, 0.8]}}\n"
    )
    train = params.section(path, Train)
    assert train.of("a") == train
    other = train.of("b")
    assert (other.backbone, other.size, other.frozen, other.crops) == ("MobileNetV2", 64, True, (1, 0.8))
    path.write_text("train:\n  runs: {b: {network: {frozen: true}}}\n")
    with pytest.raises(
        UserError, match=r"train: expected pretrained `weights` where frozen is true, in runs.b.network"
    ):
        params.section(path, Train)
    path.write_text("train:\n  runs: {b: {network: {sizes: 64}}}\n")
    with pytest.raises(UserError, match=r"runs.b.network: expected sizes: Extra inputs .* Received {.sizes.: 64}"):
        params.section(path, Train)


def test_optimisers_take_their_settings() -> None:
    from train.fitting.optimisers import optimiser_of

    sgd = optimiser_of(Recipe(optimiser="sgd", momentum=0.5), 0.1).get_config()
    assert (sgd["momentum"], sgd["nesterov"]) == (0.5, True)
    adam = optimiser_of(Recipe(betas=(0.8, 0.95), epsilon=1e-4), 0.1).get_config()
    assert (adam["beta_1"], adam["beta_2"], adam["epsilon"]) == (0.8, 0.95, 1e-4)


def test_l2_is_a_penalty_on_the_kernels_of_the_head() -> None:
    from manifests.sections.network import Network
    from train.model import backbones, heads

    network = heads.assemble(backbones.build(Network(size=32)), Recipe(head=(4,), l2=0.5), ("age",))
    kernels = [layer.kernel.numpy() for layer in network.head.layers if hasattr(layer, "kernel")]
    assert len(kernels) == 2
    assert float(sum(network.head.losses)) == pytest.approx(0.5 * sum(float((k**2).sum()) for k in kernels), rel=1e-5)
