"""The contract of architectures."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.architecture import AbstractArchitecture
from harness.plugin.model import Model
from harness.sparse import masks as mask_algebra
from harness.sparse.graph import LayeredGraph, live_nodes
from harness.testing import _offers
from harness.testing._finding import Rule, expect
from harness.testing._subject import Subject, arrays
from harness.testing._surroundings import INDEPENDENT, drawn_before
from harness.testing._tiny import TinyTask

PROBES = {"vector": (5,), "sequence": (4, 3), "image": (2, 8, 8)}
"""The shape of one input, by kind, for trying architectures."""


def rules(architecture: AbstractArchitecture) -> Iterator[Rule]:
    """Yield the rules of architectures, for each kind of input that this one takes."""
    yield Rule("takes kinds of input that there are", partial(_takes, architecture), vital=True)
    for kind in sorted(architecture.takes & PROBES.keys()):
        yield from _rules(architecture, kind)


def _rules(architecture: AbstractArchitecture, kind: str) -> Iterator[Rule]:
    subject = Subject(Model(TinyTask(inputs=PROBES[kind]), architecture))
    of = f" ({kind} inputs)" if len(architecture.takes) > 1 else ""
    outputs = f"gives the task's number of outputs{of}"
    yield Rule(outputs, partial(_outputs, subject), vital=True)
    independent = f"is the same whatever else runs{of}"
    yield Rule(independent, partial(_independent, subject), vital=True)
    kept: list[tuple[str, Callable[[Subject], str | None]]] = [
        ("draws its networks from the key", _networks),
        ("has finite gradients", _loss),
        ("names prunable leaves of its network", _prunable),
        ("gives masked weights no effect", _masking),
        ("has graphs that follow the masks, under vmap", _graphs),
        ("trains under vmap as alone", _ensembles),
    ]
    if "linear" in architecture.offers:
        kept.append(("offers a linear network of the same weights", _linear))
    if "activations" in architecture.offers:
        kept.append(("offers what enters each weight", _entering))
    for text, attempt in kept:
        yield Rule(f"{text}{of}", partial(attempt, subject))


def _takes(architecture: AbstractArchitecture) -> None:
    unknown = architecture.takes - PROBES.keys()
    expect(
        bool(architecture.takes) and not unknown,
        f"`takes` is {sorted(architecture.takes)}: name some of {', '.join(PROBES)}.",
    )


def _outputs(subject: Subject) -> None:
    found = subject.model.forward(subject.network, jnp.asarray(subject.batch.inputs)).shape
    right = (len(subject.batch.inputs), subject.model.task.shape.outputs)
    expect(found == right, f"outputs of a batch have shape {found}, not {right}.")


def _graphs(subject: Subject) -> None:
    for view in subject.model.views:
        _graph(subject, view)


def _edges(graph: Any) -> int:
    wires = graph.adjacency if isinstance(graph, LayeredGraph) else [graph.adjacency]
    return sum(int(np.sum(part)) for part in wires)


def _outputs_reached(graph: Any) -> bool:
    live = live_nodes(graph)
    outputs = live[-1] if isinstance(graph, LayeredGraph) else live & np.asarray(graph.outputs)
    return bool(np.any(outputs))


def _linear(subject: Subject) -> None:
    _offers.linear(subject.model, subject.network, subject.batch)


def _entering(subject: Subject) -> None:
    _offers.entering(subject.model, subject.network, subject.batch)


def _networks(subject: Subject) -> None:
    made = [
        eqx.filter(subject.model.network(key=key), eqx.is_inexact_array)
        for key in (subject.keys[0], *subject.keys)
    ]
    leaves = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(one)]) for one in made]
    expect(np.array_equal(leaves[0], leaves[1]), "one key gives two different networks.")
    expect(not np.array_equal(leaves[1], leaves[2]), "two keys give the same network.")


def _loss(subject: Subject) -> None:
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(subject.model.loss))(
        subject.network, subject.batch
    )
    expect(value.shape == (), f"the loss has shape {value.shape}: return one number.")
    finite = all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
    expect(finite, "the loss of a new network has gradients that are not finite.")


def _prunable(subject: Subject) -> None:
    entries = subject.model.prunable(subject.network)
    expect(bool(entries), "nothing is prunable: name at least one leaf.")
    names = mask_algebra.leaf_names(subject.network)
    for name, which in entries.items():
        expect(name in names, f"prunable leaf '{name}' is none of {', '.join(names)}.")
        shape = mask_algebra.select(subject.network, [name])[name].shape
        expect(which.shape == shape, f"prunable '{name}' has shape {which.shape}, not {shape}.")


def _masking(subject: Subject) -> None:
    entries = subject.model.prunable(subject.network)
    nothing = {name: ~which for name, which in entries.items()}
    if not _outputs_reached(subject.model.graph(subject.network, nothing)):
        network = mask_algebra.masked(subject.network, nothing)
        rows = np.asarray(
            eqx.filter_jit(subject.model.forward)(network, jnp.asarray(subject.batch.inputs))
        )
        expect(
            np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)),
            "masked weights still act: with all weights masked, the graph has no path, but outputs "
            "depend on inputs. A weight of zero must be no connection.",
        )


def _graph(subject: Subject, view: str) -> None:
    entries = subject.model.prunable(subject.network)
    full = _edges(subject.model.graph(subject.network, jax.tree.map(jnp.ones_like, entries), view))
    none = _edges(subject.model.graph(subject.network, jax.tree.map(jnp.zeros_like, entries), view))
    half = {
        name: jax.random.bernoulli(subject.keys[2], 0.5, which.shape)
        for name, which in entries.items()
    }
    some = _edges(subject.model.graph(subject.network, half, view))
    # An edge that stands for several weights may outlive the loss of half of them.
    expect(
        full >= some > none,
        f"the graph `{view}` of full, half and no masks has {full}, {some} and {none} edges.",
    )
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), half)
    graph = jax.vmap(lambda masks: subject.model.graph(subject.network, masks, view))(stacked)
    expect(
        _edges(graph) == 2 * some, f"the graph `{view}` under vmap differs from the graph alone."
    )


def _ensembles(subject: Subject) -> None:
    stacked = jax.vmap(
        lambda key: eqx.filter(subject.model.network(key=key), eqx.is_inexact_array)
    )(subject.keys)
    static = eqx.filter(subject.network, eqx.is_inexact_array, inverse=True)
    losses = jax.jit(
        jax.vmap(lambda arrays: subject.model.loss(eqx.combine(arrays, static), subject.batch))
    )(stacked)
    loss = eqx.filter_jit(subject.model.loss)
    alone = [float(loss(subject.model.network(key=key), subject.batch)) for key in subject.keys]
    expect(
        np.allclose(losses, alone, rtol=1e-4, atol=1e-6),
        "the loss of networks under vmap differs from that of each alone.",
    )


def _independent(subject: Subject) -> None:
    advice = INDEPENDENT.format(source="`key`")
    with drawn_before(0):
        before = subject.model.loss(subject.network, subject.batch)
    with drawn_before(1):
        subject.model.loss(subject.model.network(key=subject.keys[1]), subject.batch)
        network = subject.model.network(key=subject.keys[0])
        after = subject.model.loss(network, subject.batch)
    leaves = zip(arrays(subject.network), arrays(network), strict=True)
    expect(all(np.array_equal(a, b) for a, b in leaves), f"of its networks: {advice}")
    expect(bool(jnp.array_equal(before, after, equal_nan=True)), f"of its outputs: {advice}")
