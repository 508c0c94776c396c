"""Rules about what tasks and architectures offer pruners and reports beside the loss."""

import math
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from harness.plugin.model import Model
from harness.sparse import masks as mask_algebra
from harness.testing._finding import SuggestionError, expect
from harness.types import Batch, Network, TaskData

_STEPS, _ROWS, _RATE = 200, 64, 3e-3
"""Steps, batch rows and rate of the training that has to beat the constant predictor."""


def constant(model: Model, data: TaskData, network: Network) -> str | None:
    """Check that a trained network can beat the constant predictor's loss."""
    found = model.task.constant_loss(data.train, data.validation)
    expect(
        isinstance(found, float | np.floating),
        f"`constant_loss` returns {found!r}: return a number, NaN if it is unknown.",
    )
    if math.isnan(found):
        return "unknown, so that reports cannot mark networks that have learnt nothing"
    expect(
        math.isfinite(found) and found > 0,
        f"`constant_loss` returns {found}: a loss on held-out rows is finite and positive.",
    )
    loss = _trained_loss(model, data, network)
    if loss >= found:
        raise SuggestionError(
            f"`constant_loss` is {found:.3g}, and a network trained for {_STEPS} steps of Adam has "
            f"{loss:.3g}: if longer training does not help, the constant is not that of `loss`."
        )
    return f"{found:.3g}; a network trained for {_STEPS} steps has {loss:.3g}"


def _trained_loss(model: Model, data: TaskData, network: Network) -> float:
    arrays, static = eqx.partition(network, eqx.is_inexact_array)
    train = Batch(*map(jnp.asarray, data.train))
    optimizer = optax.adam(_RATE)

    def loss(arrays: Any, batch: Batch) -> jax.Array:
        return model.loss(eqx.combine(arrays, static), batch)

    def step(carry: Any, number: jax.Array) -> Any:
        arrays, state = carry
        which = jax.random.randint(
            jax.random.fold_in(jax.random.key(0), number), (_ROWS,), 0, train.inputs.shape[0]
        )
        slope = jax.grad(loss)(arrays, Batch(*(part[which] for part in train)))
        updates, state = optimizer.update(slope, state)
        return (optax.apply_updates(arrays, updates), state), None

    begin = (arrays, optimizer.init(arrays))
    (arrays, _), _ = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(_STEPS)))(begin)
    return float(jax.jit(loss)(arrays, Batch(*map(jnp.asarray, data.validation))))


def examples(model: Model, network: Network, batch: Batch) -> None:
    """Check that the loss is a mean over rows, as pruners with per-row gradients assume."""
    arrays, static = eqx.partition(network, eqx.is_inexact_array)

    @partial(jax.jit, static_argnums=1)
    def slope(rows: Batch, single: bool) -> Any:
        gradient = jax.grad(lambda arrays, rows: model.loss(eqx.combine(arrays, static), rows))
        if not single:
            return gradient(arrays, rows)
        ones = Batch(*(part[:, None] for part in rows))
        each = jax.lax.map(lambda one: gradient(arrays, one), ones)
        return jax.tree.map(lambda leaf: leaf.mean(axis=0), each)

    whole, parts = (_flat(slope(batch, single)) for single in (False, True))
    expect(
        bool(np.linalg.norm(whole - parts) <= 1e-3 * np.linalg.norm(whole) + 1e-6),
        "the mean of the gradients of single rows is not the gradient of the batch: let the loss "
        "be a mean over the rows of the batch, each by itself.",
    )


def linear(model: Model, network: Network, batch: Batch) -> None:
    """Check that `linearised` keeps the weights, with outputs that are affine in the inputs."""
    other = model.linearised(network)
    for name, weights in mask_algebra.select(network, model.prunable(network)).items():
        found = mask_algebra.select(other, [name])[name]
        expect(
            np.array_equal(found, weights),
            f"`linearised` has another '{name}': it must keep every weight.",
        )
    one = jnp.asarray(batch.inputs, jnp.float32)
    two = jnp.roll(one, 1, axis=0)

    def outputs(rows: jax.Array) -> np.ndarray:
        return np.asarray(eqx.filter_jit(model.forward)(other, rows), np.float64)

    middle, mean = outputs((one + two) / 2), (outputs(one) + outputs(two)) / 2
    scale = np.abs(mean).max() + np.abs(outputs(jnp.zeros_like(one))).max()
    expect(
        bool(np.abs(middle - mean).max() <= 1e-3 * scale + 1e-6),
        "`linearised` is not linear: the output of the mean of two inputs is not the mean of "
        "their outputs.",
    )


def entering(model: Model, network: Network, batch: Batch) -> None:
    """Check that `activations` gives the inputs of each prunable weight, in the right shape."""
    found = model.activations(network, jnp.asarray(batch.inputs))
    rows = len(batch.inputs)
    for name, which in model.prunable(network).items():
        if which.ndim < 2:
            continue
        expect(name in found, f"`activations` lacks '{name}'.")
        shape = found[name].shape
        expect(
            len(shape) >= 2 and shape[0] == rows and shape[1] % which.shape[1] == 0,
            f"`activations` gives '{name}' as {shape}: for a weight of {which.shape} it is "
            f"({rows}, {which.shape[1]}{', places' if which.ndim > 2 else ''}), rows first.",
        )


def _flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in jax.tree.leaves(tree)])
