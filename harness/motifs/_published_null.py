"""Draws from the null of Zahn, Daniel and Kutz (2024), which is not uniform given the edge counts.

It follows the description of their code, with its special cases for sparse layers; choices that the
description leaves open are stated below. It serves only to compare with their tables: the null
`layered` asks the same question and is uniform.
"""

import numpy as np
from jaxtyping import Bool

from harness.sparse.graph import LayeredGraph, strip_published

from ._placing import placed

Wires = Bool[np.ndarray, "sources targets"]


def published_draws(graph: LayeredGraph, number: int, rng: np.random.Generator) -> LayeredGraph:
    """Draw random networks as published, for one network, with bias edges if it has any.

    First ghost and dead nodes are cut off. The nodes of a draw are those that an edge leaves, and
    all outputs. A layer with E weight edges from a sources to b targets gets:

    - if E > a + b: E - a - b edges uniformly, then one more in every row and in every column, each
      at a random empty place; a full row or column adds its edge at any random empty place;
    - else, in the last layer: an identity of size min(a, b), one random edge for each further row
      or column, the rest of E uniformly, rows shuffled. The result can exceed E;
    - else, in the layer before the last: min(a + b - E, E - a) edges uniformly (none if that is
      negative), one more in every row, the rest of E uniformly. The result can exceed E;
    - else no edges, as published; this does not happen with the published networks.

    Bias edges are placed uniformly over the targets.

    **Arguments:** `graph` without a batch axis.

    **Returns:** a graph with a leading axis of `number` draws, over the live nodes only.
    """
    stripped = strip_published(graph)
    layers = [np.asarray(wires) for wires in stripped.adjacency]
    outputs = layers[-1].shape[1]
    nodes = [int(wires.any(1).sum()) for wires in layers] + [outputs]
    edges = [int(wires.sum()) for wires in layers]
    drawn = []
    for place, (a, b, m) in enumerate(zip(nodes, nodes[1:], edges, strict=False)):
        left = len(layers) - 1 - place
        drawn.append(np.stack([_layer(a, b, m, left, rng) for _ in range(number)]))
    if stripped.bias is None:
        return LayeredGraph(tuple(drawn))
    reached = [int(np.asarray(unit).sum()) for unit in stripped.bias]
    bias = [
        np.stack([placed((b,), min(n, b), rng) for _ in range(number)])
        for b, n in zip(nodes[1:], reached, strict=True)
    ]
    return LayeredGraph(tuple(drawn), tuple(bias))


def _layer(a: int, b: int, edges: int, left: int, rng: np.random.Generator) -> Wires:
    """Draw one layer; `left` layers follow it."""
    if edges > a + b:
        wires = placed((a, b), edges - a - b, rng)
        _one_more_in_every_row(wires, rng)
        _one_more_in_every_row(wires.T, rng)
        return wires
    if left == 0:
        return _last(a, b, edges, rng)
    if left == 1:
        first = max(0, min(a + b - edges, edges - a))
        wires = placed((a, b), first, rng)
        _one_more_in_every_row(wires, rng)
        _fill(wires, edges - int(wires.sum()), rng)
        return wires
    return np.zeros((a, b), bool)


def _last(a: int, b: int, edges: int, rng: np.random.Generator) -> Wires:
    wires = np.eye(a, b, dtype=bool)
    for row in range(b, a):
        wires[row, rng.integers(b)] = True
    for column in range(a, b):
        wires[rng.integers(a), column] = True
    _fill(wires, edges - int(wires.sum()), rng)
    return wires[rng.permutation(a)]


def _one_more_in_every_row(wires: Wires, rng: np.random.Generator) -> None:
    """Add an edge to each row, or elsewhere if it is full, at a random empty place; in place."""
    full = wires.all(1)
    rows = np.flatnonzero(~full)
    while len(rows):
        columns = rng.integers(wires.shape[1], size=len(rows))
        empty = ~wires[rows, columns]
        wires[rows[empty], columns[empty]] = True
        rows = rows[~empty]
    _fill(wires, int(full.sum()), rng)


def _fill(wires: Wires, number: int, rng: np.random.Generator) -> None:
    """Add edges at random empty places, as long as there are any; in place."""
    if number <= 0:
        return
    empty = np.argwhere(~wires)
    taken = empty[rng.choice(len(empty), min(number, len(empty)), replace=False)]
    wires[taken[:, 0], taken[:, 1]] = True
