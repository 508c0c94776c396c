"""Overlaps of two copies of motif classes: the combinatorics behind second moments.

Nodes are in groups: group 2l holds the nodes of layer l, group 2l + 1 its bias unit, if bias units
count as nodes. Edges are in strata, numbered by the group that they leave.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import chain, combinations, permutations, product
from math import lcm
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from ._classes import MotifClass

Combination = tuple[tuple[MotifClass, int], ...]
"""An integer combination of copy counts of classes with equal nodes per layer."""

Sizes = tuple[int, ...]


class Placement(NamedTuple):
    """A class and the set of its nodes that lie on bias units."""

    motif: MotifClass
    on_bias: frozenset[int]

    def groups(self, start: int) -> list[int]:
        """Return the group of each node if the motif's first layer has number `start`."""
        layers = (layer for layer, n in enumerate(self.motif.layers, start) for _ in range(n))
        return [2 * layer + (node in self.on_bias) for node, layer in enumerate(layers)]


class Placed(NamedTuple):
    """The placements of a combination that have equal sizes; `number` is their weighted number."""

    nodes: Sizes
    edges: Sizes
    number: int


class Unions(NamedTuple):
    """The unions of two copies, merged by their sizes: one row for each size.

    `nodes` of the union are by group; edges of the `first` copy, of the `second`, and those that
    they share are by stratum; `number` is how often such a union arises, weighted by both.
    """

    nodes: Int64[np.ndarray, "unions groups"]
    first: Int64[np.ndarray, "unions strata"]
    second: Int64[np.ndarray, "unions strata"]
    shared: Int64[np.ndarray, "unions strata"]
    number: Int64[np.ndarray, " unions"]


def span(combination: Combination) -> int:
    """Return how many layers of edges each class of the combination covers."""
    return combination[0][0].span


def most_edges(combination: Combination) -> int:
    """Return the most edges that a copy has between two layers."""
    return max(max(motif.edges_per_layer) for motif, _ in combination)


def common_automorphisms(combination: Combination) -> int:
    """Return the factor by which `single` is too large, `unions` by the product of two of them."""
    return lcm(*(motif.automorphisms for motif, _ in combination))


@cache
def placements(combination: Combination, bias: bool) -> tuple[tuple[Placement, int], ...]:
    """Return all placements of a combination, with integer weights.

    With `bias`, one node of each layer that nothing enters may lie on the bias unit of the layer.
    """
    common = common_automorphisms(combination)
    found = []
    for motif, coefficient in combination:
        weight = coefficient * common // motif.automorphisms
        layers = _layers(motif)
        entered = {b for _, b in motif.edges}
        free = [[node for node in layer if node not in entered] if bias else [] for layer in layers]
        for chosen in product(*([None, *nodes] for nodes in free)):
            on_bias = frozenset(node for node in chosen if node is not None)
            found.append((Placement(motif, on_bias), weight))
    return tuple(found)


@cache
def single(combination: Combination, bias: bool) -> tuple[Placed, ...]:
    """Return the placements of one copy, merged by their sizes."""
    merged: Counter[tuple[Sizes, Sizes]] = Counter()
    groups = 2 * (span(combination) + 1)
    for placement, weight in placements(combination, bias):
        where = placement.groups(0)
        nodes = _tally(where, groups)
        merged[nodes, _tally((where[a] for a, _ in placement.motif.edges), groups)] += weight
    return tuple(Placed(nodes, edges, number) for (nodes, edges), number in merged.items())


@cache
def unions(first: Combination, second: Combination, offset: int, bias: bool) -> Unions:
    """Return the unions of two copies, the second `offset` layers further on, merged by size.

    Layers are numbered from the earlier of the two bases.
    """
    merged: Counter[tuple[Sizes, Sizes, Sizes, Sizes]] = Counter()
    groups = 2 * (1 + max(max(0, -offset) + span(first), max(0, offset) + span(second)))
    for placement, weight in placements(first, bias):
        for other, other_weight in placements(second, bias):
            for sizes, number in _overlaps(placement, other, offset, groups).items():
                merged[sizes] += weight * other_weight * number
    kept = {sizes: number for sizes, number in merged.items() if number}
    nodes, own, moved, shared = (
        np.array(part, np.int64).reshape(len(kept), -1) for part in zip(*kept, strict=True)
    )
    return Unions(nodes, own, moved, shared, np.array(list(kept.values()), np.int64))


def _overlaps(
    first: Placement, second: Placement, offset: int, groups: int
) -> Counter[tuple[Sizes, Sizes, Sizes, Sizes]]:
    """Count unions by their sizes, over all partial one-to-one maps of nodes in equal groups."""
    own_groups, moved_groups = first.groups(max(0, -offset)), second.groups(max(0, offset))
    own_edges = _tally((own_groups[a] for a, _ in first.motif.edges), groups)
    moved_edges = _tally((moved_groups[a] for a, _ in second.motif.edges), groups)
    own, moved = _by_group(own_groups, groups), _by_group(moved_groups, groups)
    by_sizes: Counter[tuple[Sizes, Sizes, Sizes, Sizes]] = Counter()
    for parts in product(*map(_partial_maps, moved, own)):
        identified = dict(chain.from_iterable(parts))
        shared = (
            moved_groups[a]
            for a, b in second.motif.edges
            if (identified.get(a), identified.get(b)) in first.motif.edges
        )
        nodes = (len(x) + len(y) - len(part) for x, y, part in zip(own, moved, parts, strict=True))
        by_sizes[tuple(nodes), own_edges, moved_edges, _tally(shared, groups)] += 1
    return by_sizes


def _layers(motif: MotifClass) -> list[list[int]]:
    nodes = iter(range(sum(motif.layers)))
    return [[next(nodes) for _ in range(number)] for number in motif.layers]


def _tally(where: Iterable[int], groups: int) -> Sizes:
    found = Counter(where)
    return tuple(found[group] for group in range(groups))


def _by_group(where: list[int], groups: int) -> list[list[int]]:
    return [[node for node, group in enumerate(where) if group == one] for one in range(groups)]


def _partial_maps(moved: list[int], own: list[int]) -> list[tuple[tuple[int, int], ...]]:
    """Return every way to identify some of `moved` with distinct ones of `own`."""
    return [
        tuple(zip(some, images, strict=True))
        for size in range(min(len(moved), len(own)) + 1)
        for some in combinations(moved, size)
        for images in permutations(own, size)
    ]
