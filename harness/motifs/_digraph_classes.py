"""Names and numbers of the weakly connected digraphs of three and four nodes."""

from collections.abc import Sequence
from functools import cache
from itertools import permutations, product

from ._classes import Edge, image
from ._sketch import TRIADS, named

TRIAD_NAMES = tuple(sorted(TRIADS, key=lambda name: (-int(name[2]), name)))
"""The 13 connected triads, those with few edges first."""


def class_name(size: int, edges: Sequence[Edge]) -> str:
    """Return the name of the digraph of three or four nodes with these edges."""
    mutual = [edge for edge in edges if edge[::-1] in edges]
    single = [edge for edge in edges if edge[::-1] not in edges]
    pairs = (len(mutual) // 2, len(single))
    code = f"{pairs[0]}{pairs[1]}{size * (size - 1) // 2 - sum(pairs)}"
    if size == 3:
        return code + _letter(code, single, mutual)
    least = min(image(tuple(edges), relabeling) for relabeling in permutations(range(size)))
    return f"{code}:" + ".".join(f"{a}{b}" for a, b in least)


def _letter(code: str, single: Sequence[Edge], mutual: Sequence[Edge]) -> str:
    """Return down, up, cyclic or transitive, to distinguish triads of the same numbers of pairs."""
    sources, targets = ({edge[end] for edge in single} for end in (0, 1))
    if code == "030":
        return "C" if len(sources) == 3 else "T"
    if code == "111":
        return "U" if sources <= {node for edge in mutual for node in edge} else "D"
    if code in ("021", "120"):
        return "D" if len(sources) == 1 else "U" if len(targets) == 1 else "C"
    return ""


@cache
def mfinder_id(name: str) -> int | None:
    """Return the number that mfinder gives a class, layered or not, by its name.

    It is the smallest number, over all orders of the nodes, whose binary digits are the entries of
    the adjacency matrix, row by row, the first entry the lowest digit (Kashtan, Itzkovitz, Milo and
    Alon 2002, mfinder's guide): 38 is the feed-forward loop. None for a name of no class.
    """
    pattern = named(name)
    if pattern is None:
        return None
    size = sum(pattern.layers)
    return min(
        sum(1 << order[a] * size + order[b] for a, b in pattern.edges)
        for order in permutations(range(size))
    )


@cache
def triangles() -> dict[tuple[int, int, int], str]:
    """Return the class of each triangle of nodes 0, 1, 2 by its pairs (0, 1), (1, 2), (0, 2).

    A pair (a, b) is 1 if it holds a->b, 2 if b->a, 3 if both.
    """
    kinds = product((1, 2, 3), (1, 2, 3), (1, 2, 3))
    return {three: class_name(3, triangle_edges(three)) for three in kinds}


def triangle_edges(kinds: Sequence[int]) -> list[Edge]:
    """Return the edges of nodes 0, 1, 2 by the kinds of the pairs (0, 1), (1, 2), (0, 2)."""
    pairs = list(zip(((0, 1), (1, 2), (0, 2)), kinds, strict=True))
    return [(a, b) for (a, b), kind in pairs if kind & 1] + [
        (b, a) for (a, b), kind in pairs if kind & 2
    ]
