"""Masks as wiring diagrams: layered graphs, general digraphs, and the nodes that act in them.

Graphs are stored source x target. All but the two containers, `layered` and `recurrent` runs in
NumPy on the host and is batched over leading axes, so that one call serves a whole ensemble.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import overload

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from harness.sparse.places import Places

# A leading underscore keeps jaxtyping from binding a size: layers differ in width.
Wires = Bool[Array | np.ndarray, "*batch _sources _targets"]
WeightMask = Bool[Array | np.ndarray, "*batch _out _in"]
NodeSet = Bool[Array | np.ndarray, "*batch _nodes"]
HostNodeSet = Bool[np.ndarray, "*batch _nodes"]


class LayeredGraph(eqx.Module):
    """Nodes in layers 0..L, edges only from each layer to the next.

    `adjacency[l]` has shape (*batch, n_l, n_(l+1)), source x target. `bias[l]`, shape
    (*batch, n_(l+1)), says which nodes of layer l+1 the bias unit of that layer reaches; None where
    biases are not part of the wiring. Leaves are JAX arrays, tracers or NumPy arrays.

    `places` says which weight each place holds; None where each holds one of its own, as in dense
    layers. `every_node` is False where nodes without an edge may be missing, as from an edge list.
    Neither is an array for JAX: both are the same for the whole batch.
    """

    adjacency: tuple[Wires, ...]
    bias: tuple[NodeSet, ...] | None = None
    places: Places | None = eqx.field(static=True, default=None)
    every_node: bool = eqx.field(static=True, default=True)


class Digraph(eqx.Module):
    """A directed graph without layers, for recurrent or skipping wirings.

    `adjacency` has shape (*batch, n, n), source x target; `inputs` and `outputs`, shape (n,) where
    they are the same for the whole batch, else (*batch, n), mark where signals enter and leave.
    `places` as in a `LayeredGraph`; None where every place off the diagonal holds a weight of its
    own if every node is an input and an output, else where that is not known.
    """

    adjacency: Bool[Array | np.ndarray, "*batch n n"]
    inputs: Bool[Array | np.ndarray, "... n"]
    outputs: Bool[Array | np.ndarray, "... n"]
    places: Places | None = eqx.field(static=True, default=None)


def layered(masks: Sequence[WeightMask], bias: Sequence[NodeSet] | None = None) -> LayeredGraph:
    """The wiring of a stack of dense layers. The one place where out x in becomes in x out.

    **Arguments:** `masks`, one per dense layer, (*batch, out, in) as Equinox stores weights;
    `bias`, one per dense layer, (*batch, out), or None to leave biases out of the wiring.

    **Errors:** ValueError where consecutive masks do not fit, or `bias` does not fit the masks.
    """
    adjacency = tuple(mask.swapaxes(-1, -2) for mask in masks)
    if not adjacency:
        raise ValueError("a layered graph needs at least one mask")
    for index, (left, right) in enumerate(itertools.pairwise(adjacency)):
        if left.shape[-1] != right.shape[-2]:
            raise ValueError(
                f"mask {index} has {left.shape[-1]} outputs but mask {index + 1} takes "
                f"{right.shape[-2]} inputs; masks are out x in"
            )
    if bias is not None:
        bias = tuple(bias)
        widths = [wires.shape[-1] for wires in adjacency]
        if [unit.shape[-1] for unit in bias] != widths:
            raise ValueError(
                f"bias masks have {[unit.shape[-1] for unit in bias]} entries, layers {widths}"
            )
    return LayeredGraph(adjacency, bias)


def recurrent(into: WeightMask, within: WeightMask, out: WeightMask) -> Digraph:
    """The wiring of one recurrent network: its inputs, its units, its outputs, in this order.

    **Arguments:** the masks of weights from inputs to units, between units, and from units to
    outputs, each (out, in) as `layered` takes them.

    **Errors:** ValueError where they do not fit.
    """
    (units, inputs), outputs = into.shape, len(out)
    if within.shape != (units, units) or out.shape != (outputs, units):
        raise ValueError(f"masks of {into.shape}, {within.shape} and {out.shape} do not fit")
    place = np.arange(inputs + units + outputs)
    wires = jnp.zeros((len(place), len(place)), bool)
    entered = wires.at[:inputs, inputs : inputs + units].set(into.T)
    linked = entered.at[inputs : inputs + units, inputs : inputs + units].set(within.T)
    left = linked.at[inputs : inputs + units, inputs + units :].set(out.T)
    return Digraph(left, place < inputs, place >= inputs + units)


@overload
def live_nodes(graph: LayeredGraph) -> tuple[HostNodeSet, ...]: ...
@overload
def live_nodes(graph: Digraph) -> HostNodeSet: ...
def live_nodes(graph: LayeredGraph | Digraph) -> tuple[HostNodeSet, ...] | HostNodeSet:
    """The nodes that lie on a path from an input to an output, biases ignored.

    **Returns:** for a LayeredGraph one boolean array (*batch, n_l) per layer, inputs and outputs
    included; for a Digraph one of (*batch, n), where a node that is both input and output lives by
    itself.
    """
    if isinstance(graph, Digraph):
        wires = np.asarray(graph.adjacency)
        below_inputs = _reachable(wires, np.asarray(graph.inputs))
        return below_inputs & _reachable(wires.swapaxes(-1, -2), np.asarray(graph.outputs))
    layers = _host(graph.adjacency)
    forward = [np.ones(layers[0].shape[:-1], bool)]
    for wires in layers:
        forward.append(_entered(wires & forward[-1][..., :, None]))
    backward = [np.ones(layers[-1].shape[:-2] + layers[-1].shape[-1:], bool)]
    for wires in reversed(layers):
        backward.append(_left(wires & backward[-1][..., None, :]))
    return tuple(f & b for f, b in zip(forward, reversed(backward), strict=True))


@overload
def restrict(graph: LayeredGraph, nodes: Sequence[NodeSet]) -> LayeredGraph: ...
@overload
def restrict(graph: Digraph, nodes: NodeSet) -> Digraph: ...
def restrict(
    graph: LayeredGraph | Digraph, nodes: Sequence[NodeSet] | NodeSet
) -> LayeredGraph | Digraph:
    """Only the edges whose ends are both in `nodes`; of bias edges, those whose target is.

    With `live_nodes(graph)` what remains are the effective edges. Arrays keep their shapes.

    **Arguments:** `nodes` as `live_nodes` returns it for this graph.
    """
    if isinstance(graph, Digraph):
        ends = np.asarray(nodes)
        wires = graph.adjacency & ends[..., :, None] & ends[..., None, :]
        return replace(graph, adjacency=np.asarray(wires))
    layers, kept = _host(graph.adjacency), _host(tuple(nodes))
    if len(kept) != len(layers) + 1:
        raise ValueError(f"{len(layers) + 1} layers of nodes, but {len(kept)} node sets")
    adjacency = tuple(
        wires & sources[..., :, None] & targets[..., None, :]
        for wires, sources, targets in zip(layers, kept, kept[1:], strict=False)
    )
    if graph.bias is None:
        return replace(graph, adjacency=adjacency)
    bias = zip(_host(graph.bias), kept[1:], strict=True)
    units = tuple(unit & targets for unit, targets in bias)
    return replace(graph, adjacency=adjacency, bias=units)


def strip_published(graph: LayeredGraph) -> LayeredGraph:
    """Cuts ghost and then dead nodes off, the rule of Zahn, Daniel and Kutz (2024).

    From the inputs on, a hidden node that nothing enters (a ghost; a bias edge counts as something)
    loses its outgoing edges; then, from the outputs back, a hidden node that nothing leaves (dead)
    loses its incoming edges, its bias edge among them. Without biases this is
    `restrict(graph, live_nodes(graph))`.
    """
    layers = list(_host(graph.adjacency))
    bias = None if graph.bias is None else list(_host(graph.bias))
    for index in range(1, len(layers)):
        entered = _entered(layers[index - 1])
        if bias is not None:
            entered = entered | bias[index - 1]
        layers[index] = layers[index] & entered[..., :, None]
    for index in range(len(layers) - 2, -1, -1):
        left = _left(layers[index + 1])
        layers[index] = layers[index] & left[..., None, :]
        if bias is not None:
            bias[index] = bias[index] & left
    return replace(graph, adjacency=tuple(layers), bias=None if bias is None else tuple(bias))


def bias_as_nodes(graph: LayeredGraph) -> LayeredGraph:
    """The bias unit of each target layer as one more, last, node of the layer before it.

    Layers 0..L-1 grow by one node that nothing enters. Copy counts of the result are the published
    ones, "bias units included". A graph without biases comes back as it is; of one with them, what
    its places hold is left out.
    """
    if graph.bias is None:
        return graph
    grown = []
    for index, (wires, unit) in enumerate(
        zip(_host(graph.adjacency), _host(graph.bias), strict=True)
    ):
        wires = np.concatenate([wires, unit[..., None, :]], axis=-2)
        if index + 1 < len(graph.adjacency):
            wires = np.concatenate([wires, np.zeros_like(wires[..., :1])], axis=-1)
        grown.append(wires)
    return LayeredGraph(tuple(grown))


def node_counts(graph: LayeredGraph) -> tuple[int, ...]:
    """Nodes in each layer of the architecture, n_0..n_L; the same for the whole batch."""
    return (graph.adjacency[0].shape[-2], *(wires.shape[-1] for wires in graph.adjacency))


def edge_counts(graph: LayeredGraph) -> Int[np.ndarray, "*batch layers"]:
    """Edges between each layer and the next, biases not counted; last axis the layer."""
    return np.stack([wires.sum((-2, -1), dtype=np.int64) for wires in _host(graph.adjacency)], -1)


def effective_density(graph: LayeredGraph | Digraph) -> Float[np.ndarray, "*batch"]:
    """The weights on a path from an input to an output, over all that can be pruned.

    Where `places` is None an edge is a weight. An edge that stands for several weights counts as
    one; biases do not count.
    """
    live = restrict(graph, live_nodes(graph))  # type: ignore[arg-type]
    wires = live.adjacency if isinstance(live, LayeredGraph) else (live.adjacency,)
    if graph.places is not None:
        return np.asarray(graph.places.weights_of(_host(wires)) / graph.places.weights)
    edges = np.sum([np.asarray(layer).sum((-2, -1), dtype=np.int64) for layer in wires], axis=0)
    return np.asarray(edges / sum(layer.shape[-2] * layer.shape[-1] for layer in wires))


def why_uncalibrated(graph: LayeredGraph | Digraph, null: str) -> str | None:
    """Why z under a null is not calibrated on all nodes of a graph, or None where it is.

    Nodes without an edge matter where the null places edges anew, not where it keeps degrees.
    """
    held = graph.places
    if held is not None and held.shared:
        return "edges share weights"
    if held is not None and held.forbidden:
        return "some places can hold no edge"
    if isinstance(graph, Digraph):
        everywhere = bool(np.all(graph.inputs) and np.all(graph.outputs))
        return (
            None if held is not None or everywhere else "which places can hold an edge is unknown"
        )
    if not graph.every_node and null != "degree":
        return "nodes without an edge are not in the file"
    return None


def _host(arrays: tuple[Array | np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(array) for array in arrays)


def _entered(wires: np.ndarray) -> np.ndarray:
    """The targets that some edge enters."""
    return np.logical_or.reduce(wires, axis=-2)


def _left(wires: np.ndarray) -> np.ndarray:
    """The sources that some edge leaves."""
    return np.logical_or.reduce(wires, axis=-1)


def _reachable(wires: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Nodes that can be reached from `start` along source x target `wires`, `start` included."""
    reached = np.broadcast_to(start, wires.shape[:-1])
    while True:
        further = reached | _entered(wires & reached[..., :, None])
        if (further == reached).all():
            return further
        reached = further
