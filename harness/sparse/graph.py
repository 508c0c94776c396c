"""Masks as graphs: layered graphs, general digraphs, and their live nodes.

Graphs are stored source x target. Everything but the two containers, `layered` and `recurrent` runs
in NumPy on the host, batched over leading axes: one call serves a whole ensemble.
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
    (*batch, n_(l+1)), says which nodes of layer l+1 the bias unit of that layer reaches; None if
    biases are not part of the wiring. Leaves are JAX arrays, tracers or NumPy arrays.

    `places` says which weight each place holds; None if each holds its own, as in dense layers.
    `every_node` is False if nodes without an edge may be missing, as in an edge list. Both are
    static for JAX: the same for the whole batch.
    """

    adjacency: tuple[Wires, ...]
    bias: tuple[NodeSet, ...] | None = None
    places: Places | None = eqx.field(static=True, default=None)
    every_node: bool = eqx.field(static=True, default=True)


class Digraph(eqx.Module):
    """A directed graph without layers, for recurrent or skipping wirings.

    `adjacency` has shape (*batch, n, n), source x target; `inputs` and `outputs`, shape (n,) if
    they are the same for the whole batch, else (*batch, n), mark where signals enter and leave.
    `places` is as in a `LayeredGraph`. If it is None and every node is both an input and an output,
    each place off the diagonal holds its own weight; else it is unknown which places hold weights.
    """

    adjacency: Bool[Array | np.ndarray, "*batch n n"]
    inputs: Bool[Array | np.ndarray, "... n"]
    outputs: Bool[Array | np.ndarray, "... n"]
    places: Places | None = eqx.field(static=True, default=None)


def layered(masks: Sequence[WeightMask], bias: Sequence[NodeSet] | None = None) -> LayeredGraph:
    """Return the graph of a stack of dense layers. Only here does out x in become in x out.

    **Arguments:** `masks`, one per dense layer, (*batch, out, in) as Equinox stores weights;
    `bias`, one per dense layer, (*batch, out), or None to leave biases out of the wiring.

    **Errors:** ValueError if consecutive masks do not fit, or `bias` does not fit the masks.
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
    """Return the digraph of one recurrent network: inputs, units and outputs, in this order.

    **Arguments:** the masks of weights from inputs to units, between units, and from units to
    outputs, each (out, in) as `layered` takes them.

    **Errors:** ValueError if they do not fit.
    """
    (units, inputs), outputs = into.shape, len(out)
    if within.shape != (units, units) or out.shape != (outputs, units):
        raise ValueError(f"masks {into.shape}, {within.shape}, {out.shape} do not fit as (out, in)")
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
    """Return the nodes that lie on a path from an input to an output, biases ignored.

    **Returns:** for a LayeredGraph one boolean array (*batch, n_l) per layer, inputs and outputs
    included; for a Digraph one of (*batch, n), in which a node that is both input and output is
    always live.
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
    """Return the graph with only the edges between `nodes`, and the bias edges that reach them.

    With `live_nodes(graph)` the effective edges remain. Arrays keep their shapes.

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
    """Return the graph without ghost and then dead nodes, as in Zahn, Daniel and Kutz (2024).

    From the inputs forward, a hidden node that no edge enters (a ghost; bias edges count) loses its
    outgoing edges. Then, from the outputs backward, a hidden node that no edge leaves (dead) loses
    its incoming edges, its bias edge included. Without biases this is
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
    """Return the graph with each bias unit as one more, last, node of the layer before its targets.

    Layers 0..L-1 grow by one node that nothing enters. Copy counts of the result are the published
    ones, "bias units included". A graph without biases is returned unchanged; one with biases loses
    its `places`.
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
    """Return the nodes in each layer of the architecture, n_0..n_L; equal for the whole batch."""
    return (graph.adjacency[0].shape[-2], *(wires.shape[-1] for wires in graph.adjacency))


def edge_counts(graph: LayeredGraph) -> Int[np.ndarray, "*batch layers"]:
    """Count the edges between each layer and the next, without biases; the last axis is layers."""
    return np.stack([wires.sum((-2, -1), dtype=np.int64) for wires in _host(graph.adjacency)], -1)


def effective_density(graph: LayeredGraph | Digraph) -> Float[np.ndarray, "*batch"]:
    """Return the share of the prunable weights that lie on a path from an input to an output.

    If `places` is None, each edge is one weight. An edge that stands for several weights counts as
    one; biases do not count.
    """
    live = restrict(graph, live_nodes(graph))  # type: ignore[arg-type]
    wires = live.adjacency if isinstance(live, LayeredGraph) else (live.adjacency,)
    if graph.places is not None:
        return np.asarray(graph.places.weights_of(_host(wires)) / graph.places.weights)
    edges = np.sum([np.asarray(layer).sum((-2, -1), dtype=np.int64) for layer in wires], axis=0)
    return np.asarray(edges / sum(layer.shape[-2] * layer.shape[-1] for layer in wires))


def why_uncalibrated(graph: LayeredGraph | Digraph, null: str) -> str | None:
    """Return why z under a null is not calibrated on all nodes of a graph, or None if it is.

    Missing bare nodes matter to a null that places edges anew, not to one that keeps degrees.
    Places that can hold no edge do not matter to `switched`, which leaves them empty.
    """
    held = graph.places
    if held is not None and held.shared:
        return "edges share weights"
    if held is not None and held.forbidden and null != "switched":
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
    """Return the targets that some edge enters."""
    return np.logical_or.reduce(wires, axis=-2)


def _left(wires: np.ndarray) -> np.ndarray:
    """Return the sources that some edge leaves."""
    return np.logical_or.reduce(wires, axis=-1)


def _reachable(wires: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the nodes that `wires` (source x target) reach from `start`, `start` included."""
    reached = np.broadcast_to(start, wires.shape[:-1])
    while True:
        further = reached | _entered(wires & reached[..., :, None])
        if (further == reached).all():
            return further
        reached = further
