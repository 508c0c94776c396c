"""The layout of weight matrices (which axis is the input): asked for, or known from the format."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

from harness.errors import UserError

from ._formats import Stored
from ._names import printable, quoted

Layout = Literal["out-in", "in-out"]

_MOST_TO_ORDER = 12


def in_right_layout(
    path: Path, layers: Sequence[Stored], asked: Layout | None, usual: Layout | None
) -> tuple[Layout, list[str]]:
    """Return the layout in which to read the layers, and notes.

    **Arguments:** `asked` is the user's choice, `usual` the format's layout. If both are None,
    names that end in `.weight`, as PyTorch's do, mean out-in.

    **Errors:** UserError if the layout is unknown, or if the shapes do not chain in it; it names
    the layout or the order in which they would.
    """
    layout = asked or usual or _by_names(path, layers)
    other: Layout = "in-out" if layout == "out-in" else "out-in"
    if _broken(layers, layout) is not None:
        _refuse(path, layers, layout, other)
    if asked is None and _broken(layers, other) is None:
        return layout, [f"the shapes chain in either layout; {layout} is assumed (see --layout)"]
    return layout, []


def _by_names(path: Path, layers: Sequence[Stored]) -> Layout:
    for one in layers:
        if not one.name.endswith(".weight"):
            raise UserError(
                f"'{printable(path)}': array {quoted(one.name)} does not end in '.weight', as in "
                "PyTorch, so its layout is unknown. Give --layout out-in (PyTorch, Equinox) or "
                "--layout in-out (Keras, Flax)."
            )
    return "out-in"


def _ends(stored: Stored, layout: Layout) -> tuple[int, int]:
    """Return how many nodes a layer leads from, and how many it leads to."""
    a, b = stored.shape[-2:]
    return (b, a) if layout == "out-in" else (a, b)


def _broken(layers: Sequence[Stored], layout: Layout) -> tuple[Stored, Stored] | None:
    """Return the first two neighbours that do not chain."""
    for left, right in pairwise(layers):
        if _ends(left, layout)[1] != _ends(right, layout)[0]:
            return left, right
    return None


def _refuse(path: Path, layers: Sequence[Stored], layout: Layout, other: Layout) -> None:
    if _broken(layers, other) is None:
        order = _chain(layers, layout)
        or_named = "" if order is None else f" Or name them in the order {_listed(layers, order)}."
        raise UserError(
            f"'{printable(path)}': in the order of their names the arrays chain only as {other}, "
            f"not as {layout}. Give --layout {other}.{or_named}"
        )
    pair = _broken(layers, layout)
    assert pair is not None
    left, right = pair
    message = (
        f"'{printable(path)}': as {layout}, array {quoted(left.name)} {left.shape} leads to "
        f"{_ends(left, layout)[1]} nodes but the next, {quoted(right.name)} {right.shape}, leads "
        f"from {_ends(right, layout)[0]}. "
    )
    order = _chain(layers, layout)
    if order is not None:
        # Read backwards, the same order chains in the other layout.
        raise UserError(
            f"{message}They would chain in the order {_listed(layers, order)} (as {other}, in the "
            "reverse order): name them so that this is their natural order (w2 before w10)."
        )
    raise UserError(
        f"{message}Arrays must lead from each layer to the next and be named in that order "
        "(w2 before w10); leave out arrays that are no layers."
    )


def _listed(layers: Sequence[Stored], order: Sequence[int]) -> str:
    return ", ".join(quoted(layers[place].name) for place in order)


def _chain(layers: Sequence[Stored], layout: Layout) -> list[int] | None:
    """Return an order in which the layers chain, or None if there is none or there are too many."""
    if len(layers) > _MOST_TO_ORDER:
        return None
    ends = [_ends(one, layout) for one in layers]
    stack = [[place] for place in range(len(ends))]
    while stack:
        order = stack.pop()
        if len(order) == len(ends):
            return order
        stack += [
            [*order, place]
            for place in range(len(ends))
            if place not in order and ends[order[-1]][1] == ends[place][0]
        ]
    return None
