"""Moments of independent edges as sums of weighted homomorphism counts, for any network.

A homomorphism may send several nodes to one. Copies need distinct nodes, within each of two copies
only; constraints are removed one at a time by deletion and contraction, N(u and v differ) =
N(no constraint) - N(u and v merged), and merged edges multiply their weights.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations, permutations
from typing import NamedTuple

from ._classes import Edge, MotifClass
from ._homomorphisms import Pattern

Powers = tuple[int, int]
"""An edge's weight p^a v^b, where v = p (1 - p), as (a, b)."""
_P, _V = (1, 0), (0, 1)


class Weighted(NamedTuple):
    """A pattern of weighted edges: the layer of each node, edges by node numbers, and open nodes.

    Its count is a sum over all places of its nodes but the open ones, so a matrix if two are open.
    """

    layers: tuple[int, ...]
    edges: tuple[tuple[Edge, Powers], ...]
    open: tuple[int, ...]


Plan = tuple[tuple[Weighted, int], ...]
"""Patterns and the integers that multiply their counts."""


class _Constrained(NamedTuple):
    """A pattern and the pairs of its nodes that must be distinct."""

    pattern: Weighted
    apart: tuple[Edge, ...]


@cache
def slopes(motif: MotifClass) -> tuple[Plan, ...]:
    """Return, by layer, the derivatives of |Aut| times the mean count by that layer's edges."""
    layer = _layer_of(motif)
    start: list[Counter[_Constrained]] = [Counter() for _ in range(motif.span)]
    for edge in motif.edges:
        others = {other: _P for other in motif.edges if other != edge}
        pattern = _numbered(dict(enumerate(layer)), others, edge, _pairs(layer, range(len(layer))))
        start[layer[edge[0]]][pattern] += 1
    return tuple(map(_unconstrained, start))


@cache
def shared_edges(first: MotifClass, second: MotifClass, offset: int) -> Plan:
    """Return the terms of two or more shared edges of a covariance, times both |Aut|.

    The second copy starts `offset` layers after the first; layers are numbered from the earlier.
    """
    own = [layer + max(0, -offset) for layer in _layer_of(first)]
    moved = [layer + max(0, offset) for layer in _layer_of(second)]
    start: Counter[_Constrained] = Counter()
    for shared, images in _identifications(first, second, own, moved):
        number = [images.get(node, len(own) + node) for node in range(len(moved))]
        layer = dict(enumerate(own)) | dict(zip(number, moved, strict=True))
        edges = {edge: _V if edge in shared else _P for edge in first.edges}
        for a, b in second.edges:
            edge = number[a], number[b]
            if edge not in shared:
                edges[edge] = _product(edges.get(edge, (0, 0)), _P)
        apart = _pairs(own, range(len(own))) | _pairs(moved, number)
        start[_numbered(layer, edges, (), apart)] += 1
    return _unconstrained(start)


def _identifications(
    first: MotifClass, second: MotifClass, own: list[int], moved: list[int]
) -> Iterator[tuple[set[Edge], dict[int, int]]]:
    """Return the ways to share two or more edges: those of the first, and the second's nodes."""
    for size in range(2, min(len(first.edges), len(second.edges)) + 1):
        for shared in combinations(first.edges, size):
            for others in permutations(second.edges, size):
                images: dict[int, int] = {}
                same = all(
                    moved[b] == own[a] and images.setdefault(b, a) == a
                    for edge, other in zip(shared, others, strict=True)
                    for a, b in zip(edge, other, strict=True)
                )
                if same and len(set(images.values())) == len(images):
                    yield set(shared), images


def _layer_of(motif: MotifClass) -> tuple[int, ...]:
    return Pattern(motif.layers, motif.edges).layer_of


def _pairs(layer: Iterable[int], number: Iterable[int]) -> set[Edge]:
    """Return the pairs of nodes in equal layers."""
    nodes = zip(layer, number, strict=True)
    return {(min(a, b), max(a, b)) for (k, a), (m, b) in combinations(nodes, 2) if k == m}


def _product(one: Powers, other: Powers) -> Powers:
    return one[0] + other[0], one[1] + other[1]


def _unconstrained(start: Mapping[_Constrained, int]) -> Plan:
    plan: Counter[Weighted] = Counter()
    while start:
        following: Counter[_Constrained] = Counter()
        for (pattern, apart), number in start.items():
            if not apart:
                plan[pattern] += number
                continue
            layer = dict(enumerate(pattern.layers))
            free = _numbered(layer, dict(pattern.edges), pattern.open, set(apart[1:]))
            following[free] += number
            following[_merged(pattern, apart)] -= number
        start = {pattern: number for pattern, number in following.items() if number}
    return tuple((pattern, number) for pattern, number in plan.items() if number)


def _merged(pattern: Weighted, apart: tuple[Edge, ...]) -> _Constrained:
    """Return the pattern with the first pair of nodes merged, and the other constraints."""
    kept, gone = sorted(apart[0], key=lambda node: node not in pattern.open)
    new = {node: kept if node == gone else node for node in range(len(pattern.layers))}
    edges: dict[Edge, Powers] = {}
    for (a, b), powers in pattern.edges:
        edge = new[a], new[b]
        edges[edge] = _product(edges.get(edge, (0, 0)), powers)
    others = {(min(new[a], new[b]), max(new[a], new[b])) for a, b in apart[1:]}
    layer = {node: pattern.layers[node] for node in new.values()}
    return _numbered(layer, edges, pattern.open, others)


def _numbered(
    layer: Mapping[int, int], edges: Mapping[Edge, Powers], open_: tuple[int, ...], apart: set[Edge]
) -> _Constrained:
    """Return the pattern with nodes numbered by colour refinement, so that most equal ones merge.

    Equal patterns that keep different numbers are counted twice, which is correct.
    """
    place = {node: open_.index(node) if node in open_ else -1 for node in layer}
    colour = _ranks({node: (layer[node], place[node]) for node in layer})
    while True:
        near: defaultdict[int, list[tuple[int, Powers, int]]] = defaultdict(list)
        for (a, b), powers in edges.items():
            near[a].append((0, powers, colour[b]))
            near[b].append((1, powers, colour[a]))
        for a, b in apart:
            near[a].append((2, _P, colour[b]))
            near[b].append((2, _P, colour[a]))
        finer = _ranks({node: (colour[node], sorted(near[node])) for node in layer})
        if finer == colour:
            break
        colour = finer
    order = sorted(layer, key=lambda node: (colour[node], node))
    new = {node: number for number, node in enumerate(order)}
    pattern = Weighted(
        tuple(layer[node] for node in order),
        tuple(sorted(((new[a], new[b]), powers) for (a, b), powers in edges.items())),
        tuple(new[node] for node in open_),
    )
    pairs = ((min(new[a], new[b]), max(new[a], new[b])) for a, b in apart)
    return _Constrained(pattern, tuple(sorted(pairs)))


def _ranks(signatures: Mapping[int, tuple]) -> dict[int, int]:
    """Return the rank of each node's signature among the distinct ones."""
    ordered: list[tuple] = []
    for signature in sorted(signatures.values()):
        if not ordered or signature != ordered[-1]:
            ordered.append(signature)
    return {node: ordered.index(signature) for node, signature in signatures.items()}
