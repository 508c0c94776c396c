"""Motif classes of layered graphs, enumerated up to isomorphism."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, combinations, pairwise, permutations, product

Edge = tuple[int, int]

# Nodes per layer and edges per layer identify each class of order 2 or 3.
_NAMES = {
    ((1, 2), (2,)): "diverge2",
    ((2, 1), (2,)): "converge2",
    ((1, 1, 1), (1, 1)): "chain2",
    ((1, 3), (3,)): "diverge3",
    ((3, 1), (3,)): "converge3",
    ((1, 1, 1, 1), (1, 1, 1)): "chain3",
    ((2, 2), (4,)): "bifan",
    ((1, 2, 1), (2, 2)): "biparallel",
    ((2, 2), (3,)): "zigzag",
    ((1, 1, 2), (1, 2)): "chain_diverge",
    ((2, 1, 1), (2, 1)): "converge_chain",
    ((1, 2, 1), (2, 1)): "fork_tail",
    ((1, 2, 1), (1, 2)): "merge_tail",
}


@dataclass(frozen=True)
class MotifClass:
    """One isomorphism class of small, weakly connected graphs between consecutive layers.

    `layers` holds the nodes per layer, first layer first; nodes are numbered from 0 through the
    layers; `edges` is the canonical (least) edge list; `automorphisms` counts the relabelings that
    keep it. A motif of order k has k+1 nodes.
    """

    name: str
    order: int
    layers: tuple[int, ...]
    edges: tuple[Edge, ...]
    automorphisms: int

    @property
    def span(self) -> int:
        """The layers of edges that it covers: one less than its layers of nodes."""
        return len(self.layers) - 1

    @cached_property
    def edges_per_layer(self) -> tuple[int, ...]:
        """The number of edges from each layer to the next, `span` numbers."""
        return _edges_per_layer(self.layers, self.edges)


@cache
def classes(order: int) -> tuple[MotifClass, ...]:
    """Return all classes of one order: 3, 10, 42 for orders 2, 3, 4.

    Sorted by layers spanned, then edges, then nodes per layer. Classes of orders 2 and 3 have
    names; others are named by nodes per layer and edges, as in `1-2-2:01.02.13.24`.

    **Errors:** ValueError for an order below 1.
    """
    if order < 1:
        raise ValueError(f"a motif has order 1 or more (order k has k+1 nodes), not {order}")
    found = []
    for layers in _compositions(order + 1):
        known = relabelings(layers)
        canonical = {}
        for edges in _edge_sets(layers):
            if weakly_connected(order + 1, edges):
                images = [image(edges, relabeling) for relabeling in known]
                least = min(images)
                canonical[least] = images.count(least)
        found += [
            MotifClass(_name(layers, edges), order, layers, edges, automorphisms)
            for edges, automorphisms in canonical.items()
        ]
    return tuple(sorted(found, key=lambda c: (c.span, len(c.edges), c.layers, c.edges)))


@cache
def induced_combination(motif: MotifClass) -> tuple[tuple[MotifClass, int], ...]:
    """Return the integer combination of copy counts that equals the induced count of `motif`.

    A set of nodes whose induced graph is H' holds as many copies of H as H' has spanning subgraphs
    of class H. Solving this triangular system from the fullest class down gives the coefficients;
    `motif` itself comes first, with coefficient 1.
    """
    fuller = [c for c in classes(motif.order) if c.layers == motif.layers]
    fuller = [c for c in fuller if len(c.edges) > len(motif.edges)]
    coefficients = {motif: 1}
    for host in fuller:
        copies = _spanning_copies(motif, host)
        for class_, coefficient in induced_combination(host) if copies else ():
            coefficients[class_] = coefficients.get(class_, 0) - copies * coefficient
    return tuple((class_, c) for class_, c in coefficients.items() if c)


def _spanning_copies(motif: MotifClass, host: MotifClass) -> int:
    wanted = set(host.edges)
    images = (image(motif.edges, relabeling) for relabeling in relabelings(motif.layers))
    return sum(wanted.issuperset(image) for image in images) // motif.automorphisms


def _compositions(total: int) -> Iterator[tuple[int, ...]]:
    """Return the ordered ways to spread `total` nodes over two or more non-empty layers."""
    for parts in range(2, total + 1):
        for cuts in combinations(range(1, total), parts - 1):
            edges = (0, *cuts, total)
            yield tuple(b - a for a, b in pairwise(edges))


def _node_ranges(layers: tuple[int, ...]) -> list[range]:
    starts = [sum(layers[:index]) for index in range(len(layers) + 1)]
    return [range(a, b) for a, b in pairwise(starts)]


def _edge_sets(layers: tuple[int, ...]) -> Iterator[tuple[Edge, ...]]:
    """Return the sets of edges between consecutive layers with at least as many as a tree."""
    ranges = _node_ranges(layers)
    places = list(chain.from_iterable(map(product, ranges, ranges[1:])))
    for size in range(sum(layers) - 1, len(places) + 1):
        yield from combinations(places, size)


@cache
def relabelings(layers: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return all renumberings of the nodes that keep every node in its layer."""
    within = [list(permutations(nodes)) for nodes in _node_ranges(layers)]
    return [tuple(chain.from_iterable(parts)) for parts in product(*within)]


def image(edges: tuple[Edge, ...], relabeling: tuple[int, ...]) -> tuple[Edge, ...]:
    return tuple(sorted((relabeling[a], relabeling[b]) for a, b in edges))


def weakly_connected(size: int, edges: tuple[Edge, ...]) -> bool:
    """Return whether edges, their direction ignored, connect all nodes."""
    component = list(range(size))
    for a, b in edges:
        old, new = component[a], component[b]
        component = [new if label == old else label for label in component]
    return len(set(component)) == 1


def _edges_per_layer(layers: tuple[int, ...], edges: tuple[Edge, ...]) -> tuple[int, ...]:
    ranges = _node_ranges(layers)[:-1]
    return tuple(sum(a in nodes for a, _ in edges) for nodes in ranges)


def _name(layers: tuple[int, ...], edges: tuple[Edge, ...]) -> str:
    code = "-".join(map(str, layers)) + ":" + ".".join(f"{a}{b}" for a, b in edges)
    return _NAMES.get((layers, _edges_per_layer(layers, edges)), code)
