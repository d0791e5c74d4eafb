"""The network: the `train` section gives that of every run, and a run may name its own."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from manifests.core.params import Section
from manifests.sections.methods import Name


class Network(Section):
    """A backbone, its weights, and what it sees of a photo.

    Attributes:
        backbone: `small_cnn`, `levi_hassner`, or a name in `keras.applications`.
        weights: of the backbone: `none`, `imagenet` (Keras downloads them), or a file's path or address.
        preprocessing: what the weights expect of the pixels: `caffe` (BGR less its mean), `tf` (-1 to 1),
            `torch` (ImageNet's mean and deviation), `unit` (0 to 1), `none` (0 to 255), or `auto`: what
            the backbone's family in `keras.applications` expects.
        size: the input's width and height in pixels; other photos are resized.
        crops: what the backbone sees of a photo, as shares of its sides: 1, the whole photo, and then central parts of
            it, enlarged; their features are joined.
        pooling: how the last maps of a backbone of `keras.applications` become features: their mean (`avg`), their
            maximum (`max`), or all positions side by side (`flatten`).
        batch_norm: with pretrained weights, whether BatchNorm stays in inference mode where its layers learn
            (`inference`), or takes the statistics of the batch (`training`).
        frozen: never train the backbone: the features of each image are computed once, and a stage that would train
            all layers trains all of the head.
    """

    key: ClassVar[str] = "network"
    backbone: Name = "small_cnn"
    weights: str = "none"
    preprocessing: Literal["auto", "caffe", "tf", "torch", "unit", "none"] = "auto"
    size: int = Field(default=96, ge=32, le=1024)
    crops: tuple[float, ...] = (1,)
    pooling: Literal["avg", "max", "flatten"] = "avg"
    batch_norm: Literal["inference", "training"] = "inference"
    frozen: bool = False

    @property
    def keeps_statistics(self) -> bool:
        """Whether BatchNorm never learns: that of pretrained weights, unless `batch_norm` says otherwise."""
        return self.weights != "none" and self.batch_norm == "inference"

    @field_validator("crops")
    @classmethod
    def _nested(cls, crops: tuple[float, ...]) -> tuple[float, ...]:
        if crops[:1] != (1,) or list(crops) != sorted(set(crops), reverse=True) or crops[-1] < 0.2:
            raise ValueError("1 and then smaller shares down to 0.2, the largest first, such as [1, 0.8]")
        return crops

    @model_validator(mode="after")
    def _pretrained(self) -> Network:
        if self.frozen and self.weights == "none":
            raise ValueError("pretrained `weights` where frozen is true")
        return self
