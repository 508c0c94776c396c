"""Copies of any class as an integer combination of homomorphisms, and steps to count these.

A placement of a class sends its nodes to distinct nodes of equal layers; a homomorphism may send
several to one. Over the partitions t of the nodes within layers, by Möbius inversion of the
partition lattice,

    placements(H) = sum_t prod_(blocks B of t) (-1)^(|B|-1) (|B|-1)! * homomorphisms(H/t)

(Curticapean, Dell and Marx 2017, "Homomorphisms are a good basis for counting small subgraphs").
Homomorphisms are counted by eliminating one node after the other. Each elimination is a product of
small tensors: of vectors and matrices for all classes of order 4 or less.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise, product
from math import factorial, prod

from ._classes import Edge, MotifClass, image, relabelings


@dataclass(frozen=True)
class Pattern:
    """A small graph between consecutive layers: nodes per layer, edges between node numbers.

    `root` is no node, one, or the ends of an edge; homomorphisms are counted by its image.
    """

    layers: tuple[int, ...]
    edges: tuple[Edge, ...]
    root: tuple[int, ...] = ()

    @property
    def layer_of(self) -> tuple[int, ...]:
        """The layer of each node."""
        return tuple(chain.from_iterable([layer] * n for layer, n in enumerate(self.layers)))


@dataclass(frozen=True)
class Elimination:
    """One step of counting: which tensors to multiply and which node to sum over.

    Tensors are named by the nodes on their axes. `operands` are replaced by `result`, which is a
    number if it has no nodes.
    """

    operands: tuple[tuple[int, ...], ...]
    result: tuple[int, ...]

    @property
    def subscripts(self) -> str:
        """The subscripts of the step for `einsum`, batch axes first."""
        letters = {node: chr(ord("a") + node) for node in chain(*self.operands)}
        parts = ("".join(letters[node] for node in operand) for operand in self.operands)
        return (
            ",".join(f"...{part}" for part in parts)
            + "->..."
            + "".join(letters[node] for node in self.result)
        )


@cache
def combination(motif: MotifClass, root: tuple[int, ...] = ()) -> tuple[tuple[Pattern, int], ...]:
    """Return the homomorphism counts, with coefficients, that sum to the placements of `motif`.

    With a `root`, which is a node or the ends of an edge, they sum to the placements by its image.
    """
    coefficients: Counter[Pattern] = Counter()
    nodes = _nodes_by_layer(motif.layers)
    for choice in product(*map(_partitions, nodes)):
        blocks = [block for layer in choice for block in layer]
        sign = prod((-1) ** (len(b) - 1) * factorial(len(b) - 1) for b in blocks)
        merged = {node: number for number, block in enumerate(blocks) for node in block}
        edges = {(merged[a], merged[b]) for a, b in motif.edges}
        kept = tuple(merged[node] for node in root)
        coefficients[_canonical(tuple(map(len, choice)), edges, kept)] += sign
    return tuple((pattern, number) for pattern, number in coefficients.items() if number)


def _canonical(layers: tuple[int, ...], edges: set[Edge], root: tuple[int, ...]) -> Pattern:
    """Return the same pattern for all that differ only in the numbering of nodes."""
    least = min(
        (image(tuple(edges), relabeling), tuple(relabeling[node] for node in root))
        for relabeling in relabelings(layers)
    )
    return Pattern(layers, *least)


@cache
def eliminations(pattern: Pattern, nodes: tuple[int, ...]) -> tuple[Elimination, ...]:
    """Return the steps that count a pattern in layers of `nodes` nodes, the cheapest step next.

    A step costs the product of the layers' sizes over the node and its neighbours.
    """
    size = [nodes[layer] for layer in pattern.layer_of]
    tensors: list[tuple[int, ...]] = list(pattern.edges)
    left = set(range(len(size))) - set(pattern.root)
    steps = []
    while left:
        around = {node: _around(node, tensors) for node in left}
        node = min(left, key=lambda one: (prod(size[n] for n in {one} | around[one]), one))
        operands = tuple(tensor for tensor in tensors if node in tensor)
        result = tuple(sorted(around[node]))
        steps.append(Elimination(operands, result))
        tensors = [tensor for tensor in tensors if node not in tensor]
        if result:
            tensors.append(result)
        left.remove(node)
    return tuple(steps)


def _around(node: int, tensors: Sequence[tuple[int, ...]]) -> set[int]:
    return set(chain.from_iterable(t for t in tensors if node in t)) - {node}


def _nodes_by_layer(layers: tuple[int, ...]) -> list[tuple[int, ...]]:
    starts = [sum(layers[:index]) for index in range(len(layers) + 1)]
    return [tuple(range(a, b)) for a, b in pairwise(starts)]


def _partitions(items: tuple[int, ...]) -> list[list[tuple[int, ...]]]:
    """Return all ways to partition a few items into blocks."""
    return list(_parted(items))


def _parted(items: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for partition in _parted(rest):
        yield [(first,), *partition]
        for place, block in enumerate(partition):
            yield [*partition[:place], (first, *block), *partition[place + 1 :]]
