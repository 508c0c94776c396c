"""Would training of pruned networks be faster without the nodes that no longer act?

A weight that is pruned is multiplied by zero, at the cost of any other. A step can be made smaller
only by leaving out whole nodes, and exactly only those without effect on loss and gradients. How
many these are is counted here in networks trained for it under `quick`; what a step of that size
takes is timed on networks that have no more nodes. Left out is what else compaction would cost:
gathering weights, moments and masks of the nodes left, and scattering them back, at each level; the
momentum that goes on moving the weights of the others; a compilation for each size, which is timed
by itself. So with the nodes counted every saving below is an upper bound.
"""

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from harness_benchmarks import sparse_product, training
from harness_benchmarks.architecture import SIZES
from harness_benchmarks.timing import Timing, side_by_side

from harness.bench import Measured
from harness.experiment.plan import block_width
from harness.plugin.loading import load
from harness.plugin.parameters import parse
from harness.sparse.graph import LayeredGraph, strip_published
from harness.training.loop import CHUNK
from harness.types import Level

Hidden = tuple[int, ...]
"""Nodes in each hidden layer."""

FULL: Hidden = SIZES[1:-1]
JOBS = {
    "default": (training.TASK, "magnitude"),
    "as published": ("moth[flights=20000, prune_biases=true]", "zahn2022"),
}
NETWORKS = 2
"""That are trained for their masks."""
SHOWN = 0.25
"""The density from which on each level is a row of its own."""
TIMED = (0.15, 0.10, 0.07, 0.02)
"""Those at which steps are timed."""
TILE = 16
"""Nodes are rounded up to a multiple of this: vectors of the processor are filled then, and blocks
of other networks have the same shape more often."""
IN_TURN = 4
"""Networks that are timed: the default block of two cores."""


def acting_nodes(graph: LayeredGraph) -> tuple[np.ndarray, ...]:
    """The hidden nodes that a step needs, (*batch, nodes) for each hidden layer.

    Not needed are nodes without a path to an output: no gradient reaches their weights. Where
    biases are pruned too, nor are those that neither an input nor a bias reaches, if the activation
    maps 0 to 0: they are silent, and the weights that leave them get no gradient. Otherwise such a
    node is a bias that its targets share, and learns. Weights of the nodes left have the same
    gradients without the others.
    """
    free = [np.ones(np.delete(wires.shape, -2), bool) for wires in graph.adjacency]
    bias = tuple(free) if graph.bias is None else graph.bias
    stripped = strip_published(LayeredGraph(graph.adjacency, bias))
    # Silent nodes have lost what left them, those without a path to an output never led anywhere.
    return tuple(np.asarray(wires).any(axis=-1) for wires in stripped.adjacency[1:])


def common_size(acting: Sequence[np.ndarray]) -> Hidden:
    """The hidden layers that hold each network of a block, (networks, nodes) by layer."""
    most = [max(int(nodes.sum(axis=-1).max()), 1) for nodes in acting]
    wholes = [-(-number // TILE) * TILE for number in most]
    return tuple(min(whole, nodes.shape[-1]) for whole, nodes in zip(wholes, acting, strict=True))


def multiplications(hidden: Hidden) -> int:
    """Those of a step for each row: forward, and backward for weights and (not inputs) signals."""
    layers = [a * b for a, b in itertools.pairwise((SIZES[0], *hidden, SIZES[-1]))]
    return 3 * sum(layers) - layers[0]


def share(hidden: Hidden) -> float:
    """The multiplications of a step, over those of one with all nodes."""
    return multiplications(hidden) / multiplications(FULL)


def saved(levels: Sequence[Level], ratios: Sequence[float]) -> float:
    """The share of the time of all steps that goes, each level's steps taking `ratios` of it."""
    steps = [level.steps for level in levels]
    left = sum(number * ratio for number, ratio in zip(steps, ratios, strict=True))
    return 1 - left / sum(steps)


@dataclass(frozen=True)
class Left:
    """What is left at a level: hidden nodes of each network, (networks, layers), and their size."""

    level: Level
    nodes: np.ndarray
    size: Hidden


def left_by_level(task: str, pruner: str, schedule: str = "quick") -> Iterator[Left]:
    """Train a few networks through all levels, and see at each what is left."""
    ours = training.trainer(task, pruner, schedule)
    keys = ours.keys(range(NETWORKS))
    state, done = ours.start(keys), 0
    before = ours.schedule.levels()[0]
    for number, level in enumerate(ours.schedule.levels()):
        if level.density < 1:
            state = ours.prune(state, keys, number, level.density)
        acting = acting_nodes(ours.rules.model.graph(state.network, state.masks))
        yield Left(level, np.stack([n.sum(axis=-1) for n in acting], axis=-1), common_size(acting))
        for step in range(0, level.steps, CHUNK):
            state, _, _ = ours.chunk(
                state, keys, number, step, min(CHUNK, level.steps - step),
                previous=before, current=level,
                first_batch=0 if ours.schedule.rewind_data else done,
            )  # fmt: skip
        before, done = level, done + level.steps


def steps_of(hidden: Hidden) -> tuple[Callable[[], Any], float]:
    """A call that trains networks of this size, and the seconds that its compilation took."""
    ours = training.trainer(f"moth[flights=20000, sizes={list(hidden)}]")
    call = training.blocks(ours, IN_TURN, block_width(IN_TURN, ours.rules.model.size))
    before = ours.compile_seconds  # a start and a pruning, which compaction would not compile anew
    jax.block_until_ready(call())
    return call, ours.compile_seconds - before


def figures() -> Iterator[Measured]:
    """What is left by level, the time of a step of that size, and what that could save in all."""
    left = {job: list(left_by_level(*plugins)) for job, plugins in JOBS.items()}
    shown = [one for levels in left.values() for one in levels if one.level.density <= SHOWN]
    sizes = {FULL} | {one.size for one in shown if one.level.density in TIMED}
    made = {size: steps_of(size) for size in sorted(sizes, reverse=True)}
    timed = side_by_side({str(size): call for size, (call, _) in made.items()}, repeats=7)
    times = {size: timed[str(size)].per(CHUNK * IN_TURN) for size in made}
    full = times[FULL]
    yield Measured(
        f"a step of all nodes, {_told(FULL)} in the hidden layers",
        full.median * 1e3,
        "ms a network-step",
        note=full.told(),
    )
    ratios = {size: time.median / full.median for size, time in times.items()}
    for job, levels in left.items():
        for one in levels:
            if one.level.density <= SHOWN:
                yield _row(job, one, ratios.get(one.size), times.get(one.size))
        for schedule in ("published", "quick"):
            yield _in_all(job, schedule, levels, ratios)
    yield Measured(
        "compilation of a step of one more size",
        statistics.median(seconds for size, (_, seconds) in made.items() if size != FULL),
        "s",
        note="now all levels share one; with compaction each other size above needs its own",
    )
    yield from sparse_product.figures()


def _told(hidden: Sequence[int]) -> str:
    return "-".join(map(str, hidden))


def _row(job: str, one: Left, ratio: float | None, time: Timing | None) -> Measured:
    needed = " and ".join(_told(nodes) for nodes in one.nodes)
    timed = f"; {time.median * 1e3:.3g} ms a network-step, {time.told()}" if time else ""
    return Measured(
        f"{job}, {100 * (1 - one.level.density):.0f} % pruned: {_told(one.size)} nodes",
        100 * share(one.size),
        "% of the multiplications",
        ratio,
        "the time of all nodes" if time else "",
        f"needed {needed}{timed}",
    )


def _in_all(job: str, schedule: str, left: Sequence[Left], ratios: dict[Hidden, float]) -> Measured:
    """The most that can be saved of a schedule whose levels leave these nodes.

    Where the time was not taken, it is thought to shrink as multiplications do; and where a smaller
    step took longer, it would be left as it is.
    """
    levels = load().make("schedule", parse(schedule)[0]).levels()
    shares = [share(one.size) for one in left]
    parts = [min(ratios.get(one.size, fewer), 1) for one, fewer in zip(left, shares, strict=True)]
    return Measured(
        f"{job}: time of all steps of `{schedule}` that could be saved at most",
        100 * saved(levels, parts),
        "%",
        note=f"nodes left under `quick`; {100 * saved(levels, shares):.3g} % of multiplications",
    )
