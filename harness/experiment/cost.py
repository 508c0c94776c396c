"""The cost of a plan: seconds, memory and disk, from a short measurement of this machine."""

import math
import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from harness.experiment.plan import Plan
from harness.experiment.trial import Trial
from harness.sparse import masks

FLOPS_PER_WEIGHT = 6
"""Two for the forward product of a weight with one row, twice that for the two backward ones."""

OVERHEAD = 1.5
"""Time of a training step over that of its matrix products alone, as measured on two CPU cores."""

STEP_SECONDS = 5e-5
"""Time of a training step of a block beside its arithmetic, as measured on two CPU cores."""

COPIES = 6
"""Arrays of the size of the weights that a step holds: weights, two moments, gradient, two more."""


@dataclass(frozen=True)
class Cost:
    """The cost of training, without data, compilation and measuring."""

    network_steps: int
    seconds: float
    memory: int
    disk: int


def cost(plan: Plan) -> Cost:
    """Return the cost of training a plan, in seconds, bytes of memory and bytes on disk."""
    rate = product_rate()
    trials = [trial for trial in plan.trials if not trial.reason_to_skip]
    parts = [_trial_cost(trial, rate) for trial in trials]
    return Cost(
        network_steps=sum(part.network_steps for part in parts),
        seconds=math.fsum(part.seconds for part in parts),
        memory=max((part.memory for part in parts), default=0),
        disk=sum(part.disk for part in parts),
    )


def _trial_cost(trial: Trial, rate: float) -> Cost:
    schedule, model = trial.schedule.instance, trial.model
    size = model.size
    prunable = sum(masks.count(model.prunable(model.network(key=jax.random.key(0)))).values())
    steps = sum(trial.budgets)
    products = steps * trial.width * FLOPS_PER_WEIGHT * size * schedule.batch_size
    states = [level for level in trial.levels for _ in (None, *level.snapshots)]
    kept = sum(level.density for level in states) if trial.keep_weights else 0.0
    return Cost(
        network_steps=steps * trial.width,
        seconds=steps * STEP_SECONDS + products * OVERHEAD / rate,
        memory=trial.width * size * 4 * COPIES,
        disk=int(trial.width * prunable * (4 * kept + len(states) / 8)),
    )


def product_rate(seconds: float = 1.0) -> float:
    """Measure floating-point operations a second in batched products of layer size.

    For a second: on a busy machine a shorter time falls within or between the turns that this
    process gets.
    """
    width, rows, nodes = 8, 128, 400
    left, right = jnp.ones((width, rows, nodes)), jnp.ones((width, nodes, nodes))
    product = jax.jit(jnp.matmul)
    product(left, right).block_until_ready()
    start, times = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        product(left, right).block_until_ready()
        times += 1
    return times * 2 * width * rows * nodes**2 / (time.perf_counter() - start)
