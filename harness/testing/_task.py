"""The contract of tasks."""

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.task import AbstractTask
from harness.sparse import masks as mask_algebra
from harness.sparse.graph import LayeredGraph, live_nodes
from harness.testing import _offers
from harness.testing._finding import Rule, expect
from harness.testing._surroundings import INDEPENDENT, compiling_as_ever, drawn_before
from harness.testing._tiny import TinyTask
from harness.types import Batch, Network, TaskData


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
        self.keys = jax.random.split(jax.random.key(0), 3)

    @cached_property
    def drawn(self) -> tuple[TaskData, TaskData, TaskData]:
        """The data of seed 0: once, at once again, and after others were at work.

        The task may keep them for runs to come, so they are computed as in a run.
        """
        with compiling_as_ever():
            with drawn_before(0):
                data = self.task.data(seed=0)
            with drawn_before(0):
                again = self.task.data(seed=0)
            with drawn_before(1):
                TinyTask().data(seed=1)
                return data, again, self.task.data(seed=0)

    @property
    def data(self) -> TaskData:
        """The data of seed 0."""
        return self.drawn[0]

    @cached_property
    def network(self) -> Network:
        """Of the first key."""
        with drawn_before(0):
            return self.task.network(key=self.keys[0])

    @cached_property
    def batch(self) -> Batch:
        """Some training rows."""
        return Batch(*(jnp.asarray(part[:32]) for part in self.data.train))


def rules(task: AbstractTask) -> Iterator[Rule]:
    """The rules that a task must keep, each with the trial of it."""
    trial = _Trial(task)
    yield Rule(
        "has finite splits in rows, the same for the same seed", partial(_splits, trial), vital=True
    )
    kept: list[tuple[str, Callable[[_Trial], str | None]]] = [
        ("draws its networks from the key", _networks),
        ("has a scalar loss with finite gradients", _loss),
        ("names prunable leaves of its network", _prunable),
        ("gives masked weights no effect", _masking),
        ("evaluates to the figures whose units it lists, under jit", _evaluation),
        ("has a wiring that follows the masks, under vmap", _wiring),
        ("trains under vmap as alone", _ensembles),
    ]
    for text, attempt in kept:
        yield Rule(text, partial(attempt, trial))
    yield Rule("is the same whatever else runs", partial(_independent, trial), vital=True)
    offered: list[tuple[str, Callable[[_Trial], str | None]]] = [
        ("has a loss that is a mean over rows", _examples),
        ("knows the loss of its best constant predictor, if it says so", _constant),
    ]
    if "linear" in task.offers:
        offered.append(("offers a linear network of the same weights", _linear))
    if "activations" in task.offers:
        offered.append(("offers what enters each weight", _entering))
    for text, attempt in offered:
        yield Rule(text, partial(attempt, trial))


def _examples(trial: _Trial) -> None:
    _offers.examples(trial.task, trial.network, trial.batch)


def _constant(trial: _Trial) -> str | None:
    return _offers.constant(trial.task, trial.data, trial.network)


def _linear(trial: _Trial) -> None:
    _offers.linear(trial.task, trial.network, trial.batch)


def _entering(trial: _Trial) -> None:
    _offers.entering(trial.task, trial.network, trial.batch)


def _splits(trial: _Trial) -> None:
    for name in ("train", "validation", "test"):
        rows: Batch = getattr(trial.data, name)
        expect(len(rows.inputs) == len(rows.targets) > 0, f"the split '{name}' is not in rows.")
        for part in rows:
            expect(bool(np.isfinite(part).all()), f"the split '{name}' has non-finite values.")
    same = _same(trial.data, trial.drawn[1])
    expect(same, "the same data seed gives other data: draw everything from `seed`.")


def _same(one: TaskData, other: TaskData) -> bool:
    pairs = zip(
        (*one.train, *one.validation, *one.test),
        (*other.train, *other.validation, *other.test),
        strict=True,
    )
    return all(np.array_equal(a, b) for a, b in pairs)


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


def _independent(trial: _Trial) -> None:
    advice = INDEPENDENT.format(source="`seed` and `key`")
    expect(_same(trial.data, trial.drawn[2]), f"of its data: {advice}")
    with drawn_before(0):
        before = trial.task.loss(trial.network, trial.batch)
    with drawn_before(1):
        trial.task.loss(trial.task.network(key=trial.keys[1]), trial.batch)
        network = trial.task.network(key=trial.keys[0])
        after = trial.task.loss(network, trial.batch)
    leaves = zip(_arrays(trial.network), _arrays(network), strict=True)
    expect(all(np.array_equal(a, b) for a, b in leaves), f"of its networks: {advice}")
    expect(bool(jnp.array_equal(before, after, equal_nan=True)), f"of its loss: {advice}")


def _arrays(network: Network) -> list[Any]:
    return jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))
