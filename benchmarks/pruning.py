"""What each pruner adds to the training that it serves, at full size under `quick`."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from harness_benchmarks import training
from harness_benchmarks.timing import side_by_side

from harness.bench import Measured
from harness.experiment.trial import levels_of
from harness.plugin.loading import load
from harness.training.loop import CHUNK
from harness.training.trainer import Trainer
from harness.types import Level

WIDTH = 2


def figures() -> Iterator[Measured]:
    """Seconds of prunings, and of steps beyond those of `magnitude`, over those of training."""
    plain = _chunks(training.trainer(schedule="quick"))
    for plugin in load().of("pruner"):
        yield _share(training.trainer(pruner=plugin.name, schedule="quick"), plain)


def _share(ours: Trainer, plain: Callable[[], Any]) -> Measured:
    """The figure of one pruner, its steps in turn with plain ones."""
    pruner = ours.pruner
    calls = {"plain": plain, "steps": _chunks(ours)}
    if pruner.when != "during":
        calls["prune"] = _prunings(ours)
    times = side_by_side(calls, repeats=5)
    step = times["plain"].per(CHUNK).median
    more = times["steps"].per(CHUNK).median - step
    once = times["prune"].median if "prune" in times else 0.0
    steps = sum(levels_of(ours.schedule, pruner))
    prunings = len(ours.schedule.levels()) - 1
    share = (more * steps + once * prunings) / (step * steps)
    note = (
        f"{once / WIDTH * 1e3:.3g} ms a pruning and network, {prunings} of them; "
        f"steps {more / WIDTH * 1e3:+.3f} ms longer, {steps:,} of them"
    )
    return Measured(f"`{pruner.name}` over the training it serves", 100 * share, "%", note=note)


def _chunks(ours: Trainer) -> Callable[[], Any]:
    """A call that trains a block by some steps, from one density to another, always anew.

    The state is used up, so that a copy is trained, little beside it.
    """
    keys = ours.keys(range(WIDTH))
    start = ours.start(keys)

    def call() -> Any:
        _, losses, _ = ours.chunk(
            jax.tree.map(lambda leaf: leaf.copy(), start),
            keys,
            1,
            0,
            CHUNK,
            previous=Level(0.25, CHUNK),
            current=Level(0.15, CHUNK),
            first_batch=0,
        )
        return losses

    return call


def _prunings(ours: Trainer) -> Callable[[], Any]:
    """A call that prunes a block; its state is used up, so that a copy is, little beside it."""
    keys = ours.keys(range(WIDTH))
    start = ours.start(keys)

    def call() -> Any:
        copied = jax.tree.map(lambda leaf: leaf.copy(), start)
        return ours.prune(copied, keys, 1, 0.15)

    return call
