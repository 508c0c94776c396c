"""Layered networks from edge lists: layer and name identify a node."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import UserError

from ._edges import Lines
from ._names import natural, quoted, some
from ._nodes import NodeList

if TYPE_CHECKING:
    from harness.sparse.graph import LayeredGraph

_Nodes = dict[int, dict[str, int]]


def layered(
    lines: Lines, threshold: float, largest: int, listed: NodeList | None
) -> tuple["LayeredGraph", tuple[int, ...], tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Return the graph, as one network; the layers of edges; names of the nodes by layer; notes.

    The weights of repeated edges are added; a sum of at most `threshold`, signs aside, is no edge,
    but its line names nodes. Without a list of nodes, only those named by a line exist.

    **Errors:** UserError for layers with a gap, that do not chain, or have no edge; for a node that
    is not in the list; for too many pairs of nodes.
    """
    where, notes = lines.where, list(lines.notes)
    if lines.layer is None:
        assert listed is not None
        lines = _in_layers(lines, listed)
    elif listed is not None and not listed.layered:
        raise UserError(f"{listed.where} has no column layer, but {where} has layers. Add it.")
    assert lines.layer is not None
    layers = sorted(set(lines.layer))
    for before, layer in pairwise(layers):
        if layer != before + 1:
            raise UserError(
                f"{where}: no edge has layer {before + 1}, between {before} and {layer}. "
                "Number the layers of the sources without gaps."
            )
    nodes = _named(lines, layers) if listed is None else _listed(lines, listed)
    shapes = [(len(nodes[layer]), len(nodes[layer + 1])) for layer in layers]
    if sum(map(prod, shapes)) > largest:
        raise UserError(
            f"{where} has layers of {shapes} nodes, over {largest:,} pairs. Give a smaller network."
        )
    wires, merged = _wires(lines, nodes, threshold)
    for layer in layers:
        if not wires[layer].any():
            raise UserError(
                f"{where}, layer {layer} has no edge: every |weight| is at most {threshold:g}. "
                "Leave its lines out, or give a lower --threshold."
            )
    if merged:
        notes.append(f"{some(merged, 'repeated edge')} merged, weights added before the threshold")
    if listed is None:
        notes.append(
            "only nodes named by a line are known, so null layered is not calibrated: list all "
            "with --nodes"
        )
    from harness.sparse.graph import LayeredGraph  # imports JAX: errors need not wait for it

    graph = LayeredGraph(tuple(wires[n][None] for n in layers), every_node=listed is not None)
    names = tuple(tuple(nodes[layer]) for layer in (*layers, layers[-1] + 1))
    return graph, tuple(layers), names, tuple(notes)


def weights(
    lines: Lines,
    layers: Sequence[Sequence[str]],
    first: int,
    graph: "LayeredGraph",
    listed: NodeList | None,
) -> tuple[np.ndarray, ...]:
    """Return the sums of the weights of a graph by `layered`, (1, sources, targets), by layer."""
    if lines.layer is None:
        assert listed is not None
        lines = _in_layers(lines, listed)
    assert lines.layer is not None
    nodes = {
        first + at: {name: n for n, name in enumerate(names)} for at, names in enumerate(layers)
    }
    found = [np.zeros(layer.shape) for layer in graph.adjacency]
    ends = zip(lines.layer, lines.source, lines.target, lines.weight.tolist(), strict=True)
    for layer, source, target, weight in ends:
        found[layer - first][0, nodes[layer][source], nodes[layer + 1][target]] += weight
    return tuple(np.where(there, one, 0) for one, there in zip(found, graph.adjacency, strict=True))


def _in_layers(lines: Lines, listed: NodeList) -> Lines:
    """Return the edges with the layers of their sources in the list of nodes."""
    layers = []
    for number, *ends in zip(lines.line, lines.source, lines.target, strict=True):
        place = f"{lines.where}, line {number}"
        source, target = (listed.layer_of(name, place) for name in ends)
        if target != source + 1:
            raise UserError(
                f"{place}: the edge runs from layer {source} to layer {target}, not to the next. "
                "Leave it out, or list nodes without layers, to read the network as a digraph."
            )
        layers.append(source)
    return lines._replace(layer=layers)


def _named(lines: Lines, layers: list[int]) -> _Nodes:
    """Return the number of each node, by layer and name."""
    assert lines.layer is not None
    sources: dict[int, set[str]] = {layer: set() for layer in [*layers, layers[-1] + 1]}
    targets: dict[int, set[str]] = {layer: set() for layer in sources}
    for layer, source, target in zip(lines.layer, lines.source, lines.target, strict=True):
        sources[layer].add(source)
        targets[layer + 1].add(target)
    for layer in layers[1:]:
        if not sources[layer] & targets[layer]:
            raise UserError(
                f"{lines.where}: no target of layer {layer - 1} is a source of layer {layer}, so "
                "the layers do not chain. Give a node one name as a source and as a target."
            )
    return {
        layer: {
            name: n for n, name in enumerate(sorted(sources[layer] | targets[layer], key=natural))
        }
        for layer in sources
    }


def _listed(lines: Lines, listed: NodeList) -> _Nodes:
    """Return the number of each listed node, by layer and name. Edges may have no other nodes."""
    assert lines.layer is not None
    nodes = {layer: {name: n for n, name in enumerate(of)} for layer, of in listed.layers.items()}
    for source_layer, *ends in zip(lines.layer, lines.source, lines.target, strict=True):
        for layer, name in zip((source_layer, source_layer + 1), ends, strict=True):
            if name not in nodes.get(layer, {}):
                raise UserError(
                    f"{listed.where} has no node {quoted(name)} in layer {layer}, but an edge of "
                    f"{lines.where} has. Add it there."
                )
    return nodes


def _wires(lines: Lines, nodes: _Nodes, threshold: float) -> tuple[dict[int, np.ndarray], int]:
    """Return which pairs of each layer are edges, and how many lines repeat an edge."""
    assert lines.layer is not None
    sums: dict[tuple[int, int, int], float] = {}
    ends = zip(lines.layer, lines.source, lines.target, lines.weight.tolist(), strict=True)
    for layer, source, target, weight in ends:
        edge = (layer, nodes[layer][source], nodes[layer + 1][target])
        sums[edge] = sums.get(edge, 0.0) + weight
    wires = {n: np.zeros((len(nodes[n]), len(nodes[n + 1])), bool) for n in set(lines.layer)}
    for (layer, *place), weight in sums.items():
        wires[layer][tuple(place)] = abs(weight) > threshold
    return wires, len(lines.line) - len(sums)
