"""The contract of tasks."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from harness import masks as mask_algebra
from harness.abstract import AbstractTask
from harness.graph import LayeredGraph, live_nodes
from harness.testing._finding import expect
from harness.types import Batch


def _edges(graph: Any) -> int:
    wires = graph.adjacency if isinstance(graph, LayeredGraph) else [graph.adjacency]
    return sum(int(np.sum(part)) for part in wires)


def _outputs_reached(graph: Any) -> bool:
    live = live_nodes(graph)
    outputs = live[-1] if isinstance(graph, LayeredGraph) else live & np.asarray(graph.outputs)
    return bool(np.any(outputs))


class _Trial:
    """A task with its data, a network and a batch, everything made once."""

    def __init__(self, task: AbstractTask) -> None:
        self.task = task
        self.data = task.data(seed=0)
        self.keys = jax.random.split(jax.random.key(0), 3)
        self.network = task.network(key=self.keys[0])
        self.batch = Batch(*(jnp.asarray(part[:32]) for part in self.data.train))


def rules(task: AbstractTask) -> Iterator[tuple[str, Callable[[], None]]]:
    """The rules that a task must keep, each with the trial of it."""
    trial = _Trial(task)
    kept = [
        ("has finite splits in rows, the same for the same seed", _splits),
        ("draws its networks from the key", _networks),
        ("has a scalar loss with finite gradients", _loss),
        ("names prunable leaves of its network", _prunable),
        ("gives masked weights no effect", _masking),
        ("evaluates to the figures whose units it lists, under jit", _evaluation),
        ("has a wiring that follows the masks, under vmap", _wiring),
        ("trains under vmap as alone", _ensembles),
    ]
    for rule, attempt in kept:
        yield rule, partial(attempt, trial)


def _splits(trial: _Trial) -> None:
    for name in ("train", "validation", "test"):
        rows: Batch = getattr(trial.data, name)
        expect(len(rows.inputs) == len(rows.targets) > 0, f"the split '{name}' is not in rows.")
        for part in rows:
            expect(bool(np.isfinite(part).all()), f"the split '{name}' has non-finite values.")
    again = trial.task.data(seed=0)
    same = all(map(np.array_equal, trial.data.train, again.train))
    expect(same, "the same data seed gives other data: draw everything from `seed`.")


def _networks(trial: _Trial) -> None:
    made = [
        eqx.filter(trial.task.network(key=key), eqx.is_inexact_array)
        for key in (trial.keys[0], *trial.keys)
    ]
    leaves = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(one)]) for one in made]
    expect(np.array_equal(leaves[0], leaves[1]), "one key gives two different networks.")
    expect(not np.array_equal(leaves[1], leaves[2]), "two keys give the same network.")


def _loss(trial: _Trial) -> None:
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(trial.task.loss))(
        trial.network, trial.batch
    )
    expect(value.shape == (), f"the loss has shape {value.shape}: return one number.")
    finite = all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
    expect(finite, "the loss of a new network has gradients that are not finite.")


def _prunable(trial: _Trial) -> None:
    entries = trial.task.prunable(trial.network)
    expect(bool(entries), "nothing is prunable: name at least one leaf.")
    names = mask_algebra.leaf_names(trial.network)
    for name, which in entries.items():
        expect(name in names, f"prunable leaf '{name}' is none of {', '.join(names)}.")
        shape = mask_algebra.select(trial.network, [name])[name].shape
        expect(which.shape == shape, f"prunable '{name}' has shape {which.shape}, not {shape}.")


def _masking(trial: _Trial) -> None:
    entries = trial.task.prunable(trial.network)
    nothing = {name: ~which for name, which in entries.items()}
    if not _outputs_reached(trial.task.wiring(trial.network, nothing)):
        network = mask_algebra.masked(trial.network, nothing)
        rows = np.asarray(
            eqx.filter_jit(trial.task.forward)(network, jnp.asarray(trial.batch.inputs))
        )
        expect(
            np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)),
            "masked weights still act on the outputs: with all of them masked and no path left in "
            "the wiring, outputs depend on inputs. A weight of zero must be no connection.",
        )


def _evaluation(trial: _Trial) -> None:
    def evaluate(network: Any) -> dict[str, Any]:
        return trial.task.evaluate(network, trial.batch, trial.data)

    figures = eqx.filter_jit(evaluate)(trial.network)
    expect(
        set(figures) == set(trial.task.units),
        f"`evaluate` returns {sorted(figures)}, but `units` has {sorted(trial.task.units)}.",
    )
    expect(
        all(value.shape == () for value in figures.values()),
        "`evaluate` must return one number for each figure.",
    )


def _wiring(trial: _Trial) -> None:
    entries = trial.task.prunable(trial.network)
    full = _edges(trial.task.wiring(trial.network, jax.tree.map(jnp.ones_like, entries)))
    none = _edges(trial.task.wiring(trial.network, jax.tree.map(jnp.zeros_like, entries)))
    half = {
        name: jax.random.bernoulli(trial.keys[2], 0.5, which.shape)
        for name, which in entries.items()
    }
    some = _edges(trial.task.wiring(trial.network, half))
    told = f"wiring of full, half and no masks has {full}, {some} and {none} edges."
    expect(full > some > none, told)
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), half)
    graph = jax.vmap(lambda masks: trial.task.wiring(trial.network, masks))(stacked)
    expect(_edges(graph) == 2 * some, "wiring under vmap differs from wiring alone.")


def _ensembles(trial: _Trial) -> None:
    stacked = jax.vmap(lambda key: eqx.filter(trial.task.network(key=key), eqx.is_inexact_array))(
        trial.keys
    )
    static = eqx.filter(trial.network, eqx.is_inexact_array, inverse=True)
    losses = jax.jit(
        jax.vmap(lambda arrays: trial.task.loss(eqx.combine(arrays, static), trial.batch))
    )(stacked)
    loss = eqx.filter_jit(trial.task.loss)
    alone = [float(loss(trial.task.network(key=key), trial.batch)) for key in trial.keys]
    expect(
        np.allclose(losses, alone, rtol=1e-4, atol=1e-6),
        "the loss of networks under vmap differs from that of each alone.",
    )
