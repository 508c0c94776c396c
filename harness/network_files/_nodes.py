"""Node lists: all nodes of a network, including those that no edge touches."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError

from . import _tables
from ._names import natural, printable, quoted

_NAMES = ("node", "id", "rootid", "ptrootid", "bodyid", "neuron", "neuronid", "nodeid")


class NodeList(NamedTuple):
    """The names of all nodes by layer, in natural order; all in layer 0 if there are no layers."""

    where: str
    layers: dict[int, tuple[str, ...]]
    layered: bool

    def layer_of(self, name: str, place: str) -> int:
        """Return the layer of a node in only one layer. Raises `UserError`, naming `place`."""
        layers = [layer for layer, names in self.layers.items() if name in names]
        if len(layers) == 1:
            return layers[0]
        raise UserError(
            f"{place}: node {quoted(name)} is in "
            + ("no layer" if not layers else f"the layers {layers}")
            + f" of {self.where}. "
            + ("Add it there." if not layers else "Give the edges a column layer, the source's.")
        )


def read(path: Path) -> NodeList:
    """Read the node list of a table with the column `node` and, for a layered network, `layer`.

    **Errors:** UserError for a file that is missing or no such table, a layer that is no whole
    number, a node that is listed twice, and layers with a gap.
    """
    where = f"'{printable(path)}'"
    if not path.is_file():
        raise UserError(f"there is no file {where}. Check the path.")
    table = _tables.read(path)
    header = [_tables.plain(name) for name in table.rows[0]]
    columns = [name for name in _NAMES if name in header]
    if not columns or _tables.repeats(header):
        shown = printable(", ".join(table.rows[0]))[:200]
        raise UserError(
            f"{where} has the first line '{shown}'. It must name the columns node,layer, or only "
            "node for a network without layers, once each."
        )
    _tables.refuse_ragged(table, len(header), "the first line")
    listed: dict[int, list[str]] = {}
    for number, row in zip(table.lines[1:], table.rows[1:], strict=True):
        cells = dict(zip(header, row, strict=True))
        layer = _layer(f"{where}, line {number}", cells[columns[0]], cells.get("layer", "0"))
        listed.setdefault(layer, []).append(cells[columns[0]])
    for names in listed.values():
        if len(set(names)) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            raise UserError(f"{where} has node {quoted(twice)} twice in a layer. Keep one of them.")
    if not listed:
        raise UserError(f"{where} has no nodes below its first line. Write one node per line.")
    for before, layer in pairwise(sorted(listed)):
        if layer != before + 1:
            raise UserError(
                f"{where} has no node in layer {before + 1}. Number layers without gaps."
            )
    layers = {layer: tuple(sorted(listed[layer], key=natural)) for layer in sorted(listed)}
    return NodeList(where, layers, "layer" in header)


def _layer(where: str, node: str, layer: str) -> int:
    if not node:
        raise UserError(f"{where} names no node. Name it, or leave the line out.")
    if not re.fullmatch(r"-?[0-9]{1,9}", layer):
        raise UserError(f"{where}: layer {quoted(layer)} is not a whole number. Write one.")
    return int(layer)
