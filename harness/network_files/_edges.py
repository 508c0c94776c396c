"""Edge lists: one edge per line; in a layered network, with the layer of its source."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import isfinite, prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.errors import UserError
from harness.sparse.graph import Digraph, LayeredGraph

from ._formats import decoding
from ._names import natural, printable, quoted
from ._nodes import NodeList

_COLUMNS = ("source", "target", "layer", "weight")
_REQUIRED = _COLUMNS[:2]
_FEWER = "Give a smaller network."


class _Edge(NamedTuple):
    line: int
    source: str
    target: str
    layer: int
    weight: float


def read(
    path: Path, threshold: float, largest: int, listed: NodeList | None = None
) -> tuple[LayeredGraph | Digraph, tuple[str, ...], None, tuple[str, ...]]:
    """Return the graph of an edge list, as one network; names of its layers of edges; notes.

    Layer and name identify a node. A line whose |weight| is at most `threshold` is no edge, but
    names nodes. Without a list of nodes, only those named by a line exist.
    """
    edges, notes, layered = _edges(path)
    where = f"'{printable(path)}'"
    if not edges:
        raise UserError(f"{where} has no edges below its first line. Write one edge per line.")
    if listed is not None and listed.layered and not layered:
        edges, layered = [_in_layers(where, edge, listed) for edge in edges], True
    if not layered:
        graph = _digraph(where, edges, threshold, largest, listed)
        return graph, ("edges",), None, tuple(notes)
    if listed is not None and not listed.layered:
        raise UserError(f"{listed.where} has no column layer, but {where} has layers. Add it.")
    layers = sorted({edge.layer for edge in edges})
    for before, layer in pairwise(layers):
        if layer != before + 1:
            raise UserError(
                f"{where}: no edge has layer {before + 1}, between {before} and {layer}. "
                "Number the layers of the sources without gaps."
            )
    nodes = _nodes(where, edges, layers) if listed is None else _listed(where, edges, listed)
    shapes = [(len(nodes[layer]), len(nodes[layer + 1])) for layer in layers]
    if sum(map(prod, shapes)) > largest:
        raise UserError(f"{where} has layers of {shapes} nodes, over {largest:,} pairs. {_FEWER}")
    wires = {
        layer: np.zeros((1, *shape), bool) for layer, shape in zip(layers, shapes, strict=True)
    }
    for edge in edges:
        if abs(edge.weight) > threshold:
            source, target = nodes[edge.layer][edge.source], nodes[edge.layer + 1][edge.target]
            wires[edge.layer][0, source, target] = True
    for layer in layers:
        if not wires[layer].any():
            raise UserError(
                f"{where}, layer {layer} has no edge: every |weight| is at most {threshold:g}. "
                "Leave its lines out, or give a lower --threshold."
            )
    if listed is None:
        notes.append(
            "only nodes named by a line are known, so null layered is not calibrated: list all "
            "with --nodes"
        )
    names = tuple(f"layer {layer}" for layer in layers)
    adjacency = tuple(wires[layer] for layer in layers)
    return LayeredGraph(adjacency, every_node=listed is not None), names, None, tuple(notes)


def _in_layers(where: str, edge: _Edge, listed: NodeList) -> _Edge:
    """Return the edge with its source's layer in the list of nodes."""
    place = f"{where}, line {edge.line}"
    source, target = (listed.layer_of(name, place) for name in (edge.source, edge.target))
    if target != source + 1:
        raise UserError(
            f"{place}: the edge runs from layer {source} to layer {target}, not to the next. Leave "
            "it out, or list nodes without layers, to read the network as a digraph."
        )
    return edge._replace(layer=source)


def _listed(where: str, edges: list[_Edge], listed: NodeList) -> dict[int, dict[str, int]]:
    """Return the number of each listed node, by layer and name. Edges may have no other nodes."""
    nodes = {layer: {name: n for n, name in enumerate(of)} for layer, of in listed.layers.items()}
    for _, layer, name in _ends(_lines_of_edges(where, edges)):
        if name not in nodes.get(layer, {}):
            raise UserError(f"{listed.where} has no node {quoted(name)} in layer {layer}, but an "
                            f"edge of {where} has. Add it there.")  # fmt: skip
    return nodes


def _ends(edges: Iterable[tuple[int, str, str]]) -> Iterator[tuple[int, int, str]]:
    """Return both ends of each edge: 0 or 1, layer, name."""
    for layer, source, target in edges:
        yield 0, layer, source
        yield 1, layer + 1, target


def _digraph(
    where: str, edges: list[_Edge], threshold: float, largest: int, listed: NodeList | None
) -> Digraph:
    """Return a digraph in which every node is an input and an output."""
    seen = _lines_of_edges(where, edges)
    named = sorted({end for _, *ends in seen for end in ends}, key=natural)
    if listed is not None:
        (names,) = listed.layers.values()
        if absent := set(named) - set(names):
            raise UserError(f"{listed.where} has no node {quoted(min(absent))}, but an edge of "
                            f"{where} has. Add it there.")  # fmt: skip
        named = list(names)
    if len(named) ** 2 > largest:
        raise UserError(f"{where} has {len(named):,} nodes, more than {largest:,} pairs. {_FEWER}")
    number = {name: place for place, name in enumerate(named)}
    wires = np.zeros((1, len(named), len(named)), bool)
    for edge in edges:
        if abs(edge.weight) > threshold:
            wires[0, number[edge.source], number[edge.target]] = True
    if not wires.any():
        raise UserError(
            f"{where} has no edge: every |weight| is at most {threshold:g}. Give a lower "
            "--threshold."
        )
    every = np.ones(len(named), bool)
    return Digraph(wires, every, every)


def _lines_of_edges(where: str, edges: list[_Edge]) -> dict[tuple[int, str, str], int]:
    """Return the line of each edge. Raises `UserError` if an edge is there twice."""
    seen: dict[tuple[int, str, str], int] = {}
    for edge in edges:
        place = (edge.layer, edge.source, edge.target)
        if place in seen:
            raise UserError(
                f"{where}, line {edge.line} repeats the edge of line {seen[place]}, "
                f"{quoted(edge.source)} to {quoted(edge.target)}. Keep one of them."
            )
        seen[place] = edge.line
    return seen


def _nodes(where: str, edges: list[_Edge], layers: list[int]) -> dict[int, dict[str, int]]:
    """Return the number of each node, by layer and name."""
    sources: dict[int, set[str]] = {layer: set() for layer in [*layers, layers[-1] + 1]}
    targets: dict[int, set[str]] = {layer: set() for layer in sources}
    _lines_of_edges(where, edges)
    for edge in edges:
        sources[edge.layer].add(edge.source)
        targets[edge.layer + 1].add(edge.target)
    for layer in layers[1:]:
        if not sources[layer] & targets[layer]:
            raise UserError(
                f"{where}: no target of layer {layer - 1} is a source of layer {layer}, so the "
                "layers do not chain. Give a node one name as a source and as a target."
            )
    return {
        layer: {
            name: n for n, name in enumerate(sorted(sources[layer] | targets[layer], key=natural))
        }
        for layer in sources
    }


def _edges(path: Path) -> tuple[list[_Edge], list[str], bool]:
    """Return the edges, notes, and whether the edges have layers."""
    with decoding(path), path.open(encoding="utf-8-sig", newline="") as file:
        lines = ((n, row) for n, row in _rows(csv.reader(file, strict=True)) if any(row))
        _, first = next(lines, (0, []))
        header = [name.strip().lower() for name in first]
        _refuse_header(path, header)
        edges = [_edge(path, number, dict(zip(header, row, strict=False)), len(row) - len(header))
                 for number, row in lines]  # fmt: skip
    others = [quoted(name) for name in header if name not in _COLUMNS]
    notes = [f"left out, unknown columns: {', '.join(others)}"] if others else []
    return edges, notes, "layer" in header


def _rows(reader: "Iterator[list[str]]") -> Iterator[tuple[int, list[str]]]:
    for row in reader:
        yield reader.line_num, [cell.strip() for cell in row]  # type: ignore[attr-defined]


def _refuse_header(path: Path, header: list[str]) -> None:
    where = f"'{printable(path)}'"
    shown = printable(", ".join(header))[:200]
    if not set(_REQUIRED) <= set(header) or len(set(header)) < len(header):
        raise UserError(
            f"{where} has the first line '{shown}'. It must name the columns source,target,layer "
            "(no layer for a digraph; weight is optional), once each, separated by commas."
        )


def _edge(path: Path, number: int, row: dict[str, str], surplus: int) -> _Edge:
    where = f"'{printable(path)}', line {number}"
    if surplus:
        raise UserError(f"{where} has {abs(surplus)} columns {'more' if surplus > 0 else 'fewer'} "
                        "than the first line. Correct that line.")  # fmt: skip
    for column in _REQUIRED:
        if not row[column]:
            raise UserError(f"{where} names no {column}. Name it, or leave the line out.")
    layer = row.get("layer", "0")
    if not re.fullmatch(r"-?[0-9]{1,9}", layer):
        raise UserError(f"{where}: layer {quoted(layer)} is not a whole number. Write one.")
    try:
        weight = float(row.get("weight", 1))
    except ValueError:
        weight = float("nan")
    if not isfinite(weight):
        raise UserError(f"{where}: weight {quoted(row['weight'])} is no finite number. Write one.")
    return _Edge(number, row["source"], row["target"], int(layer), weight)
