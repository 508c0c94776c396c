"""One line of text for each class, and the edges of a class by its name."""

import re
from collections.abc import Sequence

from ._classes import Edge, classes, image, relabelings, weakly_connected
from ._homomorphisms import Pattern

_ORDERS = (2, 3, 4)
TRIADS = {
    **{"021C": "01.12", "021D": "01.02", "021U": "02.12", "111D": "01.10.21"},
    **{"111U": "01.10.12", "030C": "01.12.20", "030T": "01.02.12", "201": "01.10.12.21"},
    **{"120C": "01.02.12.20", "120D": "01.02.12.21", "120U": "01.02.10.12"},
    **{"210": "01.02.10.12.21", "300": "01.02.10.12.20.21"},
}


def named(name: str) -> Pattern | None:
    """Return the class of a name: layered of orders 2 to 4, or a triad or tetrad of digraphs.

    A class of digraphs has all its nodes in one layer. None for an unknown name.
    """
    for motif in (motif for order in _ORDERS for motif in classes(order)):
        if motif.name == name:
            return Pattern(motif.layers, motif.edges)
    if name in TRIADS:
        return Pattern((3,), _edges(TRIADS[name]))
    pairs, _, code = name.partition(":")
    edges = _edges(code) if re.fullmatch(r"([0-3]{2}\.)+[0-3]{2}", code) else ()
    mutual = sum(edge[::-1] in edges for edge in edges) // 2
    counts = f"{mutual}{len(edges) - 2 * mutual}{6 - len(edges) + mutual}"
    least = min(image(edges, relabeling) for relabeling in relabelings((4,)))
    known = pairs == counts and edges == least and weakly_connected(4, edges)
    return Pattern((4,), edges) if known else None


def _edges(code: str) -> tuple[Edge, ...]:
    return tuple(sorted((int(pair[0]), int(pair[1])) for pair in code.split(".")))


def sketch(name: str) -> str:
    """Return the edges of a class in a line, as `a,b->c` or `a<->b;b->c`; "" for other counts."""
    pattern = named(name)
    return "" if pattern is None else _drawn(pattern.edges)


def _drawn(edges: Sequence[Edge]) -> str:
    """Return sources of equal targets together, and paths in one piece."""
    mutual = [(a, b) for a, b in edges if (b, a) in edges]
    single = [edge for edge in edges if edge not in mutual]
    sources: dict[tuple[int, ...], list[int]] = {}
    for source in sorted({a for a, _ in single}):
        sources.setdefault(tuple(b for a, b in single if a == source), []).append(source)
    steps = {tuple(group): targets for targets, group in sources.items()}
    parts = [f"{_letters([a])}<->{_letters([b])}" for a, b in mutual if a < b]
    while steps:
        at = next((group for group in steps if group not in steps.values()), next(iter(steps)))
        path = [_letters(at)]
        while at in steps:
            at = steps.pop(at)
            path.append(_letters(at))
        parts.append("->".join(path))
    return ";".join(parts)


def _letters(nodes: Sequence[int]) -> str:
    return ",".join(chr(ord("a") + node) for node in nodes)
