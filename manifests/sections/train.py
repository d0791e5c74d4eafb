"""The `train` section: the network that the runs share, the user's own recipes, and the runs."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from pydantic import Field, ValidationError, field_validator, model_validator

from manifests.core.params import Section
from manifests.sections.methods import Adjust, Name, Scheme, Strength
from manifests.sections.network import Network
from manifests.sections.recipe import ImageSet, OwnRecipe


class Run(Section):
    """A recipe trained on a set of images.

    Attributes:
        images: the `original` train photos; the plan's photos `repeated`, that is, each copy replaced by its
            original; the `balanced` set, whose copies are rendered; or the same drawn anew in each epoch, `online`,
            which writes nothing and costs a pass through the backbone per image and epoch. None: what the recipe is
            meant for.
        recipe: its name.
        weights: takes the place of the weights scheme of the recipe's last stage.
        adjust: takes the place of the recipe's.
        seeds: how often it is repeated; predictions are the mean, each is kept.
        start: another run, by its name, whose trained networks it starts from; or a file of weights, here or at an
            address, such as the `network.weights.h5` of a run of another `params.yaml`.
        network: what differs from the section's network: `backbone`, `weights` (the backbone's), `preprocessing`,
            `size`, `crops`, `pooling`, `frozen`.
    """

    key: ClassVar[str] = "runs"
    images: ImageSet | None = None
    recipe: Name = "default"
    weights: Name | Scheme | None = None
    adjust: Strength | Adjust | None = None
    seeds: int = Field(default=1, ge=1, le=100)
    start: str | None = None
    network: dict[Name, Any] = {}

    @field_validator("network")
    @classmethod
    def _keys(cls, network: dict[Name, Any]) -> dict[Name, Any]:
        try:
            Network.model_validate_json(json.dumps({"weights": "imagenet"} | network))  # the section's may be others
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        return network


class Train(Network):
    """What every run shares, and the runs.

    Attributes:
        backbone, weights, preprocessing, size, crops, pooling, frozen: the network of every run that names no other.
        batch: images per step.
        max_steps: a ceiling on the gradient steps of every stage, the same for all runs; for a quick look.
        recipes: the user's own, by name.
        runs: name -> run.
    """

    key: ClassVar[str] = "train"
    batch: int = Field(default=64, ge=1, le=4096)
    max_steps: int | None = Field(default=None, ge=1)
    max_epochs: None = Field(default=None, exclude=True)
    recipes: dict[Name, OwnRecipe] = {}
    runs: dict[Name, Run] = Field(min_length=1)

    @field_validator("max_epochs", mode="wrap")
    @classmethod
    def _renamed(cls, received: object, check: object) -> None:
        raise ValueError("`max_steps` in its place: a ceiling on gradient steps, the same for all runs")

    @field_validator("runs")
    @classmethod
    def _names(cls, runs: dict[Name, Run]) -> dict[Name, Run]:
        for name in runs:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"run names of letters, digits, - and _, so not {name!r}")
        return runs

    @model_validator(mode="after")
    def _networks(self) -> Train:
        for name, run in self.runs.items():
            weights, frozen = (run.network.get(key, getattr(self, key)) for key in ("weights", "frozen"))
            if frozen and weights == "none":
                raise ValueError(f"pretrained `weights` where frozen is true, in runs.{name}.network")
        return self

    @model_validator(mode="after")
    def _starts(self) -> Train:
        for name in self.runs:
            passed, at = [name], self.start_of(name)
            while at is not None:
                passed.append(at)
                if at in passed[:-1]:
                    raise ValueError(f"runs that start from earlier ones, not in a circle as {' -> '.join(passed)}")
                at = self.start_of(at)
        return self

    def start_of(self, run: str) -> str | None:
        """The run that a run starts from; None where it starts from none, or from a file."""
        start = self.runs[run].start
        return start if start in self.runs else None

    def of(self, run: str) -> Train:
        """The section with the network of one of its runs.

        Raises:
            KeyError: no such run.
        """
        changed = self.runs[run].network
        own = {name: getattr(self, name) for name in Network.model_fields} | changed
        network = Network.model_validate_json(json.dumps(own))
        return self.model_copy(update={name: getattr(network, name) for name in Network.model_fields})
