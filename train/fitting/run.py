"""Train a run: its repeats, stage by stage; a stopped repeat continues from its last checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from manifests.core import command
from manifests.sections.recipe import Block, Stage
from train.data import features, samples
from train.data.readers import ArrayRows, Images
from train.data.samples import Samples
from train.fitting import adjust, checkpoint, loop, stage_data, start
from train.fitting.checkpoint import Checkpoint, Counters
from train.fitting.context import RunContext, StageContext
from train.fitting.timing import Clock
from train.fitting.validation import validator
from train.model import backbones, blocks, heads
from train.model.blocks import Cut
from train.model.runtime import seed_all

AT_ONCE = 4 * features.BATCH  # photos whose maps are held: 115 MiB of them before MobileNet's last two blocks


@dataclass(frozen=True)
class Repeat:
    """One trained repeat of a run: its network, the records of its epochs, and how long they took."""

    network: heads.Network
    history: list[dict[str, float]]
    clock: Clock

    @property
    def steps(self) -> int:
        """Gradient steps taken, over all stages."""
        return round(sum(record["steps"] for record in self.history))


def steps_taken(repeats: Sequence[Repeat]) -> int:
    """The mean over the repeats, which differ where early stopping ends some of them sooner."""
    return round(sum(repeat.steps for repeat in repeats) / len(repeats))


Report = Callable[[int, list[dict[str, float]]], None]


def train_repeats(run: RunContext, report: Report) -> list[Repeat]:
    """Train every repeat.

    Args:
        run: the run.
        report: called after each epoch with the repeat's number and its records so far.
    """
    with run.devices.strategy.scope():
        seed_all(run.seed)
        shared = backbones.build(run.train) if run.train.weights != "none" else None
    begin = start.beginning(run, _networks)
    repeats = []
    for number in range(run.seeds):
        with run.devices.strategy.scope():
            seed_all(run.seed + number)
            own = shared if shared is not None and start.shares_backbone(run) else backbones.build(run.train)
            network = heads.assemble(own, run.recipe, run.cells.names, run.target)
            if begin is not None:
                begin(number, network)
        repeats.append(_RepeatTraining(run, number, network, report).train())
    return repeats


def _networks(run: RunContext) -> list[heads.Network]:
    return [repeat.network for repeat in train_repeats(run, lambda repeat, history: None)]


class _RepeatTraining:
    """One repeat of a run while it trains."""

    def __init__(self, run: RunContext, number: int, network: heads.Network, report: Report) -> None:
        self.run, self.number, self.network, self.report = run, number, network, report
        self.path, self.clock = run.checkpoints / f"repeat-{number}.npz", Clock()

    def train(self) -> Repeat:
        current = checkpoint.load(self.path) or Checkpoint(Counters(), {})
        stages = self.run.recipe.stages
        if "network" in current.arrays:
            checkpoint.assign(self._context(stages[0]).variables, current.arrays["network"])
            self.report(self.number, current.counters.history)
        while current.counters.stage < len(stages):
            current = self._stage(self._context(stages[current.counters.stage]), current)
            checkpoint.save(self.path, current)
        adjust.after_training(self._context(stages[-1]))
        return Repeat(self.network, current.counters.history, self.clock)

    def _context(self, stage: Stage) -> StageContext:
        return StageContext(self.run, stage, self.network, self.run.seed + self.number)

    def _stage(self, at: StageContext, current: Checkpoint) -> Checkpoint:
        if at.stage.from_scratch and current.counters.epoch == 0:
            seed_all(at.seed * 1000 + current.counters.stage)
            heads.redraw(self.network.last if at.stage.layers == "last" else self.network.head)
        at.set_trainable()
        data, validate = stage_data.training_data(at), validator(at)
        label = f"{self.run.name} {self.number + 1}/{self.run.seeds} stage {current.counters.stage + 1}"
        epochs = loop.Epochs.of(at.stage, self.run.batch, len(data.inputs), self.run.train.max_steps)
        with command.progress(epochs.count, label, "epoch") as bar:
            bar.update(current.counters.epoch)

            def note(reached: Checkpoint) -> None:
                checkpoint.save(self.path, reached)
                self.report(self.number, reached.counters.history)
                last = reached.counters.history[-1]
                bar.set_postfix(
                    {k: round(v, 3) for k, v in last.items() if k in ("loss", self.run.error)}, refresh=False
                )
                bar.update(1)

            return loop.train_stage(at, data, validate, current, note, self.clock)


def predict(run: RunContext, repeats: list[Repeat], chosen: Samples) -> list[np.ndarray]:
    """Each repeat's output, float32 (photos, outputs); with `mirror` the mean with that for the mirror image."""
    seen = [chosen, samples.mirrored(chosen)] if run.recipe.mirror else [chosen]
    outputs = [_outputs(run, repeats, each) for each in seen]
    return [np.asarray(np.mean(views, axis=0), np.float32) for views in zip(*outputs, strict=True)]


def _outputs(run: RunContext, repeats: list[Repeat], chosen: Samples) -> list[np.ndarray]:
    images = Images(run.shards, chosen.table, chosen.views, run.train.size)
    every, made = np.arange(len(chosen)), []
    if not run.train.frozen:
        cuts = _cuts(run, repeats)
        if cuts:
            return _above_a_cut(cuts, images, every)
        return [features.forward(repeat.network.full, features.BATCH)(images, every) for repeat in repeats]
    known: dict[int, ArrayRows] = {}  # by backbone: repeats on one frozen backbone share its features
    for network in (repeat.network for repeat in repeats):
        key = id(network.backbone)
        if key not in known:
            known[key] = ArrayRows(stage_data.features_of(run, network.backbone, images, chosen))
        made.append(features.forward(network.head, 256)(known[key], every))
    return made


def _cuts(run: RunContext, repeats: list[Repeat]) -> list[Cut]:
    """Each repeat's network, cut where all are equal below; none where there is no such place, or one repeat."""
    firsts = {stage.layers.first for stage in run.recipe.stages if isinstance(stage.layers, Block)}
    if len(repeats) == 1 or len(firsts) != 1 or any(stage.layers == "all" for stage in run.recipe.stages):
        return []
    (first,) = firsts
    networks = [repeat.network for repeat in repeats]
    cuts = [blocks.cut(network.backbone, network.head, first, "float32") for network in networks]
    weights = [each.below.get_weights() for each in cuts]
    same = all(all(map(np.array_equal, weights[0], other)) for other in weights[1:])  # not where each has its own start
    return cuts if same else []


def _above_a_cut(cuts: list[Cut], images: Images, rows: np.ndarray) -> list[np.ndarray]:
    """Each network's output; what all have below the cut is computed once."""
    below = features.forward(cuts[0].below, features.BATCH)
    above = [features.forward(each.above, features.BATCH) for each in cuts]
    parts: list[list[np.ndarray]] = [[] for _ in cuts]
    for first in range(0, max(1, len(rows)), AT_ONCE):
        maps = ArrayRows(below(images, rows[first : first + AT_ONCE]))
        for outputs, part in zip(above, parts, strict=True):
            part.append(outputs(maps, np.arange(len(maps))))
    return [np.concatenate(part) for part in parts]
