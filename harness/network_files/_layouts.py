"""Which axis of a weight matrix is its input, and the order in which matrices chain."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import NoReturn

from harness.errors import UserError

from ._formats import Contents, Layout, Stored
from ._names import natural, quoted

_MOST_TO_ORDER = 12
_WEIGHT = re.compile(r"(^|.*[./_])weight(_[ih]h_l[0-9]+)?")
_KERNEL = re.compile(r"(^|.*[./])kernel(:0)?")
_OTHER: dict[Layout, Layout] = {"in-out": "out-in", "out-in": "in-out"}
_RIGHT = (
    "--layout in-out (rows are sources; Keras, Flax) or --layout out-in (columns are sources; "
    "PyTorch, Equinox)"
)
_Order = list[Stored]


def layout_by_names(layers: Sequence[Stored]) -> Layout | None:
    """Return the layout that all names say: `.weight` is out x in, `kernel` in x out."""
    if all(_WEIGHT.fullmatch(one.name) for one in layers):
        return "out-in"
    return "in-out" if all(_KERNEL.fullmatch(one.name) for one in layers) else None


def arranged(
    where: str, layers: _Order, layout: Layout | None, contents: Contents
) -> tuple[_Order, Layout, list[str]]:
    """Return the layers, input first, the layout in which to read them, and notes.

    **Arguments:** `layout` is that of the user, the format or the names; None if none of them says
    it. Then `contents.assumed` is tried, and refused if the other one fits, too.

    **Errors:** UserError if the layout is unknown, if the arrays chain in no order, or if they can
    be read in two ways; it names both and the option that chooses.
    """
    used = layout or contents.assumed
    if used is None:
        _refuse_unknown(where, layers)
    orders = _trusted(layers, used, contents.order)
    others = _trusted(layers, _OTHER[used], contents.order)
    if len(orders) > 1:
        _refuse_orders(where, orders)
    if orders and layout is None and others:
        _refuse_layouts(where, orders[0], others[0])
    if orders:
        return orders[0], used, []
    if others:
        raise UserError(
            f"{where}: in their order the arrays chain only as {_OTHER[used]}, not as {used}. Give "
            f"--layout {_OTHER[used]}, or --arrays with the names in the right order."
        )
    found = [] if contents.order == "model" else list(islice(_chains(layers, used), 2))
    if len(found) == 2:
        _refuse_orders(where, found)
    if not found or layout is None:
        _refuse_broken(where, layers, used, found)
    return found[0], used, ["arrays were put in the only order that chains"]


def _trusted(layers: _Order, layout: Layout, order: str) -> list[_Order]:
    """Return the orders, without repeats, that file or numbers in names give and that chain."""
    orders = [] if order == "none" else [layers]
    numbered = sorted(layers, key=lambda one: natural(one.name))
    if order != "model" and len({_template(one.name) for one in layers}) == 1:
        orders.append(numbered)
    orders = [one for one in orders if _broken(one, layout) is None]
    return orders[:1] if len(orders) == 2 and orders[0] == orders[1] else orders


def _template(name: str) -> str:
    """Return a name without its numbers: alike for w2 and w10, for dense and dense_1."""
    return re.sub(r"[._-]?[0-9]+", "", name)


def ends(stored: Stored, layout: Layout) -> tuple[int, int]:
    """Return how many nodes a layer leads from, and how many it leads to."""
    a, b = stored.shape[-2:]
    return (b, a) if layout == "out-in" else (a, b)


def _broken(layers: Sequence[Stored], layout: Layout) -> tuple[Stored, Stored] | None:
    """Return the first two neighbours that do not chain."""
    for left, right in pairwise(layers):
        if ends(left, layout)[1] != ends(right, layout)[0]:
            return left, right
    return None


def _chains(layers: _Order, layout: Layout) -> Iterator[_Order]:
    """Yield the orders in which few layers chain; names that differ in numbers stay in order."""
    ranked = sorted(layers, key=lambda one: natural(one.name))
    stack: list[_Order] = [[]] if len(layers) <= _MOST_TO_ORDER else []
    while stack:
        order = stack.pop()
        if len(order) == len(ranked):
            yield order
        used = {id(one) for one in order}
        left = [one for one in ranked if id(one) not in used]
        first = {_template(one.name): one for one in reversed(left)}
        stack += [
            [*order, one]
            for one in left
            if first[_template(one.name)] is one
            and (not order or ends(order[-1], layout)[1] == ends(one, layout)[0])
        ]


def _names(order: _Order) -> str:
    return ", ".join(quoted(one.name) for one in order)


def _sizes(order: _Order, layout: Layout) -> str:
    sizes = [ends(order[0], layout)[0], *(ends(one, layout)[1] for one in order)]
    return "-".join(map(str, sizes))


def _digraph_hint(layers: Sequence[Stored]) -> str:
    a, b = layers[0].shape[-2:]
    if len(layers) > 1 or a != b:
        return ""
    return f" If it is the adjacency matrix of a digraph of {a} nodes, give --digraph."


def _refuse_unknown(where: str, layers: _Order) -> NoReturn:
    name = next((one.name for one in layers if not _WEIGHT.fullmatch(one.name)), layers[0].name)
    raise UserError(
        f"{where}: array {quoted(name)} does not end in '.weight', as in PyTorch, so its layout is "
        f"unknown. Give {_RIGHT}.{_digraph_hint(layers)}"
    )


def _refuse_layouts(where: str, in_out: _Order, out_in: _Order) -> NoReturn:
    hint = _digraph_hint(in_out)
    raise UserError(
        f"{where} can be read in {'three' if hint else 'two'} ways, with different counts: as "
        f"layers of weights, in-out, nodes {_sizes(in_out, 'in-out')} ({_names(in_out)}), or "
        f"out-in, nodes {_sizes(out_in, 'out-in')} ({_names(out_in)})"
        f"{', or as a digraph' * bool(hint)}. Give {_RIGHT}.{hint}"
    )


def _refuse_orders(where: str, orders: Sequence[_Order]) -> NoReturn:
    first, second = orders
    raise UserError(
        f"{where}: the arrays chain in more than one order, as {_names(first)} and as "
        f"{_names(second)}, with different counts. Give --arrays with the names, separated by "
        "commas, input layer first."
    )


def _refuse_broken(where: str, layers: _Order, layout: Layout, found: Sequence[_Order]) -> NoReturn:
    left, right = _broken(layers, layout) or layers[:2]
    message = (
        f"{where}: as {layout}, array {quoted(left.name)} {left.shape} leads to "
        f"{ends(left, layout)[1]} nodes but the next, {quoted(right.name)} {right.shape}, leads "
        f"from {ends(right, layout)[0]}. "
    )
    if found:
        # Read backwards, the same order chains in the other layout.
        raise UserError(
            f"{message}They chain as {layout} in the order {_names(found[0])}, and as "
            f"{_OTHER[layout]} in the reverse order. Give {_RIGHT}."
        )
    raise UserError(
        f"{message}Arrays must lead from each layer to the next, in their order or that of numbers "
        "in their names (w2 before w10). Choose them with --arrays A,B,C, or leave some out with "
        "--skip PATTERN."
    )
