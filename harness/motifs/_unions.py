"""How two copies of motif classes can overlap: the combinatorics behind second moments."""

from collections import Counter
from functools import cache
from itertools import chain, combinations, permutations, product
from math import lcm

from ._classes import MotifClass

Combination = tuple[tuple[MotifClass, int], ...]
"""An integer combination of copy counts of classes with equal nodes per layer."""

Overlap = tuple[tuple[int, ...], tuple[int, ...], int]
"""Of one union of two copies: nodes per layer, edges per layer, how often it arises."""

UnionSize = tuple[tuple[int, ...], tuple[int, ...]]
"""Nodes per layer, edges per layer."""


def most_edges(combination: Combination) -> int:
    """The most edges that a copy has between two layers."""
    return max(max(motif.edges_per_layer) for motif, _ in combination)


def common_automorphisms(combination: Combination) -> int:
    """The least number by which `single` is too large, and `unions` its square."""
    return lcm(*(motif.automorphisms for motif, _ in combination))


def _weighted(combination: Combination) -> list[tuple[MotifClass, int]]:
    """The same combination in terms of placements (|Aut| times the copies), scaled to integers."""
    common = common_automorphisms(combination)
    return [(motif, c * common // motif.automorphisms) for motif, c in combination]


@cache
def single(combination: Combination) -> tuple[Overlap, ...]:
    """One copy of each class of the combination, as the placements that make up its mean."""
    return tuple((m.layers, m.edges_per_layer, weight) for m, weight in _weighted(combination))


@cache
def unions(first: Combination, second: Combination, offset: int) -> tuple[Overlap, ...]:
    """The unions of two copies, the second `offset` layers further on, merged by their sizes.

    Layers are numbered from the earlier of the two bases.
    """
    merged: Counter[UnionSize] = Counter()
    for motif, weight in _weighted(first):
        for other, other_weight in _weighted(second):
            for size, number in _overlaps(motif, other, offset).items():
                merged[size] += weight * other_weight * number
    return tuple((nodes, edges, number) for (nodes, edges), number in merged.items() if number)


@cache
def _overlaps(first: MotifClass, second: MotifClass, offset: int) -> Counter[UnionSize]:
    """Over all partial one-to-one maps of nodes in equal layers: sizes of the union, by number."""
    start, other_start = max(0, -offset), max(0, offset)
    length = max(start + first.span, other_start + second.span) + 1
    own = _by_layer(first, start, length)
    moved = _by_layer(second, other_start, length)
    layer_of = {node: layer for layer, nodes in enumerate(moved) for node in nodes}
    own_edges = [0] * start + list(first.edges_per_layer)
    own_edges += [0] * (length - 1 - len(own_edges))
    found: Counter[UnionSize] = Counter()
    for parts in product(*map(_partial_maps, moved, own)):
        identified = dict(chain.from_iterable(parts))
        edges = own_edges.copy()
        for a, b in second.edges:
            if (identified.get(a), identified.get(b)) not in first.edges:
                edges[layer_of[a]] += 1
        nodes = (len(x) + len(y) - len(part) for x, y, part in zip(own, moved, parts, strict=True))
        found[tuple(nodes), tuple(edges)] += 1
    return found


def _by_layer(motif: MotifClass, start: int, length: int) -> list[list[int]]:
    """The motif's nodes in each of `length` layers, its own first layer being number `start`."""
    nodes = iter(range(sum(motif.layers)))
    layers: list[list[int]] = [[] for _ in range(length)]
    for layer, number in zip(layers[start:], motif.layers, strict=False):
        layer += [next(nodes) for _ in range(number)]
    return layers


def _partial_maps(moved: list[int], own: list[int]) -> list[tuple[tuple[int, int], ...]]:
    """Every way to identify some of `moved` with distinct ones of `own`."""
    return [
        tuple(zip(some, images, strict=True))
        for size in range(min(len(moved), len(own)) + 1)
        for some in combinations(moved, size)
        for images in permutations(own, size)
    ]
