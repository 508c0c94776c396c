"""Training of full-size networks: the harness, its rivals, and how near the machine's floor."""

import itertools
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from harness_benchmarks import roofline
from harness_benchmarks.architecture import BATCH, SIZES, WEIGHTS
from harness_benchmarks.timing import Timing, side_by_side

from harness import Model
from harness.bench import Measured
from harness.experiment.factors import pairs
from harness.experiment.plan import block_width
from harness.machine import memory
from harness.machine.compilation import Precision
from harness.plugin.loading import load
from harness.plugin.parameters import parse
from harness.training.loop import CHUNK
from harness.training.state import Ensemble
from harness.training.trainer import Trainer
from harness.types import Batch, Level

NETWORKS = 16
TASK = "moth[flights=20000]"
"""Enough rows that no batch is read twice in a call."""
OURS = "the harness"


def trainer(
    task: str = TASK,
    pruner: str = "magnitude",
    schedule: str = "published",
    precision: Precision = "float32",
) -> Trainer:
    """A trainer of these plugins, with its data made or read."""
    registry = load()
    ((one, architecture),) = pairs(registry, [task], [])
    model = Model(one.instance, architecture.instance)
    made = [
        registry.make(kind, parse(text)[0])
        for kind, text in (("pruner", pruner), ("schedule", schedule))
    ]
    data = model.task.data(seed=0)
    return Trainer(model, *made, data, seed=0, data_seed=0, precision=precision)


def blocks(ours: Trainer, networks: int, width: int) -> Callable[[], Any]:
    """A call that trains networks by CHUNK more steps, block after block, 85 % pruned."""
    states, all_keys = [], []
    for first in range(0, networks, width):
        keys = ours.keys(range(first, min(first + width, networks)))
        states.append(ours.prune(ours.start(keys), keys, 1, 0.15))
        all_keys.append(keys)
    level = Level(0.15, 10**6)
    steps = itertools.count(0, CHUNK)

    def call() -> list[Any]:
        losses, step = [], next(steps)
        for place, keys in enumerate(all_keys):
            states[place], loss, _ = ours.chunk(
                states[place], keys, 1, step, CHUNK,
                previous=level, current=level, first_batch=0,
            )  # fmt: skip
            losses.append(loss)
        return losses

    return call


def dispatched(ours: Trainer, networks: int, steps: int) -> Callable[[], Any]:
    """The same steps, each sent to the device by itself, one network after another.

    And, as in the published code, the loss on the training batch, on a validation batch and on a
    test batch is computed and fetched after each.
    """
    states = []
    for number in range(networks):
        keys = ours.keys([number])
        states.append(ours.prune(ours.start(keys), keys, 1, 0.15))
    rows = [Batch(*(part[place : place + BATCH] for part in ours.rows)) for place in (0, 128, 256)]

    def one_step(state: Ensemble, batch: Batch, drifts: jax.Array) -> tuple[Ensemble, jax.Array]:
        new, _, loss = ours.rules.train(state, ours.rules.effective(state), batch, drifts)
        return new, loss

    step = jax.jit(jax.vmap(one_step, (0, None, None)), donate_argnums=0)
    losses = jax.jit(
        lambda state, batch: jax.vmap(
            lambda one: ours.rules.model.loss(ours.rules.masked(one), batch)
        )(state)
    )

    def call() -> float:
        total = 0.0
        for place in range(networks):
            for _ in range(steps):
                states[place], _ = step(states[place], rows[0], jnp.asarray(False))
                total += sum(float(losses(states[place], batch)[0]) for batch in rows)
        return total

    return call


def figures() -> Iterator[Measured]:
    """Our training, rivals beside it in turn, and the floor."""
    ours = trainer()
    width = block_width(NETWORKS, ours.rules.model.size)
    calls: dict[str, Callable[[], Any]] = {OURS: blocks(ours, NETWORKS, width)}
    steps = {OURS: CHUNK * NETWORKS}
    fewer = 10
    calls["JAX, a dispatch a step and three losses"] = dispatched(ours, 2, fewer)
    steps["JAX, a dispatch a step and three losses"] = 2 * fewer
    if find_spec("torch"):
        from harness_benchmarks import torch_rivals

        rows = [np.asarray(part) for part in ours.rows]
        for name, make in torch_rivals.RIVALS.items():
            calls[name] = make(NETWORKS, fewer, *rows)
            steps[name] = NETWORKS * fewer
    loops = 20
    calls["products"] = roofline.products(SIZES, BATCH, width, loops)
    calls["traffic"], moved = roofline.traffic(WEIGHTS, width, loops)
    times = side_by_side(calls, repeats=7)
    mine = times[OURS].per(steps[OURS])
    yield Measured(
        f"training of {NETWORKS} networks of {WEIGHTS:,} weights in blocks of {width}, batch 128",
        mine.median * 1e3,
        "ms a network-step",
        note=f"{mine.told()}; compiled in {ours.compile_seconds:.1f} s",
    )
    for name in steps:
        if name != OURS:
            yield _rival(name, times[name].per(steps[name]), mine)
    if not find_spec("torch"):
        yield Measured("rival: PyTorch", None, note="torch is not installed")
    yield from _floor(times, mine, width * loops, moved)
    for which, peak in memory.peaks().items():
        yield Measured(f"peak memory of the {which}, all of the above", peak / 2**20, "MiB")


def _rival(name: str, rival: Timing, mine: Timing) -> Measured:
    ratio = rival.median / mine.median
    unit = "ms a network-step"
    return Measured(f"rival: {name}", rival.median * 1e3, unit, ratio, "the time", rival.told())


def _floor(times: dict[str, Timing], mine: Timing, steps: int, moved: int) -> Iterator[Measured]:
    """The least time of a step, of its two parts, and how near we come."""
    products = times["products"].per(steps).median
    bandwidth = moved / times["traffic"].median
    traffic = roofline.BYTES_A_WEIGHT * WEIGHTS / bandwidth
    yield Measured(
        "floor: matrix products of a step, alone",
        products * 1e3,
        "ms a network-step",
        note=times["products"].per(steps).told(),
    )
    yield Measured(
        f"floor: {roofline.BYTES_A_WEIGHT} bytes a weight at {bandwidth / 1e9:.1f} GB/s",
        traffic * 1e3,
        "ms a network-step",
        note=times["traffic"].told(),
    )
    floor = products + traffic
    yield Measured(
        "floor over our time", 100 * floor / mine.median, "%", note=f"{floor * 1e3:.3f} ms"
    )
