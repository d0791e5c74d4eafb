"""The recipes of the gender study (2020), row by row; each is of classes, so that `task.target` is an axis.

The network of a row (backbone, weights, pixels) is a run's `network`; params.adience.yaml and params.celeba.yaml have
the runs. Readings, where the study is silent:
- The base stays as it is ("ImageNet base", "frozen base"), but where the row says that all layers learn.
- 20 epochs, where none are given, and the last epoch counts; Levi and Hassner's network has the rate and the batch of
  the rows beside it.
- The sweeps vary the row "Tuned"; weight decay is a penalty on the kernels of the head.
"""

from __future__ import annotations

from typing import Any, Final

from manifests.sections.recipe import Recipe, Stage

HEAD: Final = "head"
ALL: Final = "all"


def _row(about: str, head: tuple[float, ...], rate: float, batch: int, epochs: int = 20, **more: Any) -> Recipe:
    layers = more.pop("layers", HEAD)
    stages = (Stage(layers=layers, epochs=epochs, rate=rate),)
    return Recipe(
        about=f"Gender study, {about}",
        stages=stages,
        head=head,
        output="classes",
        loss="cross_entropy",
        monitor="last",
        batch=batch,
        **more,
    )


GENDER_STUDY: dict[str, Recipe] = {
    "E-0": _row(
        "row 0, the first model: ResNet50, ImageNet, dense 2048 and 1024, 1e-3, batch 128 (our reading: 20 epochs, the "
        "base frozen).",
        (2048, 1024), 1e-3, 128,
    ),
    "E-hassner": _row(
        "the Levi-Hassner CNN: three convolutions, two dense layers of 512 with dropout .5, from scratch (our reading: "
        "1e-3, batch 64, 20 epochs, as the rows beside it).",
        (512, 0.5, 512, 0.5), 1e-3, 64, layers=ALL,
    ),
    "E-resnet50": _row(
        "ResNet50: ImageNet, dense 1024, 512, 256, 1e-3, batch 64, 20 epochs (our reading: the base frozen).",
        (1024, 512, 256), 1e-3, 64,
    ),
    "E-mobilenetv2": _row(
        "MobileNetV2: ImageNet, dense 1024, 512, 256, 1e-3, batch 64, 20 epochs (our reading: the base frozen).",
        (1024, 512, 256), 1e-3, 64,
    ),
    "E-augmented": _row(
        "with augmentation: flip, rotation up to 90 degrees, brightness .5 to 1.5; dense 1024, 512, 512, 1e-5, "
        "batch 128, 50 epochs (our reading: the policy gender_study, drawn anew in each epoch; printed as -.5 to 1.5).",
        (1024, 512, 512), 1e-5, 128, 50, images="online",
    ),
    "E-plain": _row(
        "the same without augmentation: dense 1024, 512, 512, 1e-5, batch 128, 50 epochs.",
        (1024, 512, 512), 1e-5, 128, 50,
    ),
    "E-tuned": _row("tuned: dense 512, 512, 512, 5e-4, batch 64, 20 epochs.", (512, 512, 512), 5e-4, 64),
    "E-dropout": _row(
        "the best of the dropout sweep: tuned, with dropout .5 after the first two dense layers.",
        (512, 0.5, 512, 0.5, 512), 5e-4, 64,
    ),
    "E-pretrained-none": _row(
        "pretraining on CelebA from nothing: 20 epochs (our reading: all layers learn, with the tuned head and rate).",
        (512, 512, 512), 5e-4, 64, layers=ALL,
    ),
    "E-pretrained": _row(
        "pretraining on CelebA from ImageNet: 20 epochs, the base frozen (our reading: the tuned head and rate).",
        (512, 512, 512), 5e-4, 64,
    ),
    "E-finetuned": _row(
        "pretrained on CelebA, then all layers at 1e-5, 50 epochs; a run starts from the pretrained one (`start`).",
        (512, 512, 512), 1e-5, 64, 50, layers=ALL,
    ),
    "E-continued": _row(
        "the same, stopped and continued for 20 epochs more (`start` from E-finetuned).",
        (512, 512, 512), 1e-5, 64, 20, layers=ALL,
    ),
    "E-tuned-pretrained": _row(
        "tuned and pretrained: 1e-5, 50 epochs (our reading: all layers learn).",
        (512, 512, 512), 1e-5, 64, 50, layers=ALL,
    ),
}  # fmt: skip
