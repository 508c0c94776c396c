"""Edge lists: one edge per line; in a layered network, with the layer of its source."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from harness.errors import UserError

from . import _tables
from ._choices import Choices, Edges
from ._digraphs import coded
from ._names import listed, natural, printable, quoted, some
from ._tables import Table, column, number, plain

PAIRS = (
    *(("source", "target"), ("src", "dst"), ("from", "to"), ("pre", "post"), ("u", "v")),
    *(("pre_root_id", "post_root_id"), ("pre_pt_root_id", "post_pt_root_id")),
    *(("bodyid_pre", "bodyid_post"), ("pre_id", "post_id"), ("source_id", "target_id")),
    *(("from_id", "to_id"), ("from_node_id", "to_node_id"), ("from_node", "to_node")),
    *(("source_node", "target_node"), ("presynaptic", "postsynaptic"), ("sender", "receiver")),
    *(("node1", "node2"), ("neuron1", "neuron2"), ("pre_neuron", "post_neuron")),
    *(("source_name", "target_name"), ("sender_id", "receiver_id"), ("row", "col")),
)
WEIGHTS = (
    *("weight", "weights", "w", "synapses", "syn_count", "n_syn", "synapse_count", "n_synapses"),
    *("num_synapses", "contacts", "value", "count", "strength", "nbr"),
)
KNOWN_PAIRS = [tuple(map(plain, pair)) for pair in PAIRS]
KNOWN_WEIGHTS = [plain(name) for name in WEIGHTS]


class Lines(NamedTuple):
    """The edges of a table; `layer` is that of the source, None if there is no such column."""

    where: str
    line: list[int]
    source: list[str]
    target: list[str]
    weight: np.ndarray
    layer: list[int] | None
    notes: tuple[str, ...]


class _Columns(NamedTuple):
    header: list[str] | None
    source: int
    target: int
    weight: int | None
    layer: int | None
    first_row: int


def lines(table: Table, choices: Choices) -> Lines:
    """Return the edges of a table, those that `choices.where` keeps.

    **Errors:** UserError if columns are not known, if the first line may be a header or an edge, or
    for a line with too many columns, without a node, or with a weight that is no number.
    """
    found = _columns(table, choices)
    width = len(found.header or table.rows[0])
    _tables.refuse_ragged(table, width, "the first line")
    rows = list(zip(table.lines, table.rows, strict=True))[found.first_row :]
    if not rows:
        raise UserError(
            f"{table.where} has no edges below its first line. Write one edge per line."
        )
    rows = _kept(table, found.header, rows, choices.where)
    numbers = [number for number, _ in rows]
    source, target = ([row[place] for _, row in rows] for place in (found.source, found.target))
    for name, ends in (("source", source), ("target", target)):
        if "" in ends:
            at = f"{table.where}, line {numbers[ends.index('')]}"
            raise UserError(f"{at} names no {name}. Name it, or leave the line out.")
    notes = _column_notes(found, width, choices)
    if found.weight is None:
        weight = np.ones(len(rows))
    else:
        cells = [row[found.weight] for _, row in rows]
        empty = cells.count("")
        if empty:
            notes.append(f"{some(empty, 'edge')} without a weight: 1 is assumed")
        weight = _weights(table, numbers, cells)
    layer = None
    if found.layer is not None:
        layer = [_layer(table.where, number, row[found.layer]) for number, row in rows]
    return Lines(table.where, numbers, source, target, weight, layer, tuple(notes))


def _column_notes(found: _Columns, width: int, choices: Choices) -> list[str]:
    used = [found.source, found.target, found.weight, found.layer]
    if found.header is None:
        which = f"columns {found.source + 1} and {found.target + 1} are source and target"
        weight = f", column {found.weight + 1} the weight" if found.weight is not None else ""
        others = [str(n + 1) for n in range(width) if n not in used]
        left = f"; columns left out: {listed(others)}" if others else ""
        return [f"no header: {which}{weight}{left} (see --columns)"]
    header = found.header
    notes = []
    asked = [plain(one.partition("=")[0]) for one in choices.where]
    others = [
        name for n, name in enumerate(header) if name and n not in used and plain(name) not in asked
    ]
    if others:
        notes.append(f"left out, unknown columns: {listed(others)}")
    if (plain(header[found.source]), plain(header[found.target])) != ("source", "target"):
        source, target = quoted(header[found.source]), quoted(header[found.target])
        notes.append(f"edges run from {source} to {target}")
    if found.weight is not None and plain(header[found.weight]) != "weight":
        notes.append(f"{quoted(header[found.weight])} is the weight")
    return notes


def _columns(table: Table, choices: Choices) -> _Columns:
    """Return which columns hold what, from the option, the header, or their places."""
    header, first_row = _header(table, choices)
    if choices.columns:
        places = [column(table, header, name, "--columns") for name in choices.columns]
        if not 2 <= len(places) <= 3 or len(set(places)) < len(places):
            raise UserError(
                f"--columns {','.join(choices.columns)} must name two or three columns: source, "
                "target and perhaps the weight."
            )
        weight = places[2] if len(places) == 3 else None
        names = [plain(name) for name in header or ()]
        layer = names.index("layer") if "layer" in names else None
        return _Columns(header, places[0], places[1], weight, layer, first_row)
    if header is None:
        return _by_place(table)
    names = [plain(name) for name in header]
    pairs = [pair for pair in KNOWN_PAIRS if set(pair) <= set(names)]
    weights = [name for name in KNOWN_WEIGHTS if name in names]
    if "weight" in weights:
        weights = ["weight"]
    if len(pairs) != 1 or len(weights) > 1 or _tables.repeats(header):
        _refuse_header(table, header, pairs, weights)
    weight = names.index(weights[0]) if weights else None
    layer = names.index("layer") if "layer" in names else None
    source, target = (names.index(name) for name in pairs[0])
    return _Columns(header, source, target, weight, layer, first_row)


def _header(table: Table, choices: Choices) -> tuple[list[str] | None, int]:
    """Return the header, None if there is none, and the place of the first row of data."""
    first = table.rows[0]
    for header, row in ((first, 1), (table.above, 0)):
        names = {plain(name) for name in header}
        if len(header) == len(first) and any(set(pair) <= names for pair in KNOWN_PAIRS):
            return header, row
    if any(not name.isdecimal() and plain(name) in map(plain, first) for name in choices.columns):
        return first, 1
    if len(first) < 2:
        raise UserError(
            f"{table.where} has one column in its first line, {quoted(' '.join(first))}. An edge "
            "needs two, source and target, between tabs, commas, semicolons or spaces."
        )
    rest = table.rows[1:]

    def numeric(cell: str) -> bool:
        return number(cell, table.delimiter) is not None

    numbers = [
        n
        for n in range(len(first))
        if rest and all(n < len(row) and (numeric(row[n]) or not row[n]) for row in rest[:100])
    ]
    if any(first[n] and not numeric(first[n]) for n in numbers):
        return first, 1
    nodes = {cell for row in rest for cell in row[:2]}
    if not choices.columns and not any(map(numeric, first)) and not nodes & set(first[:2]):
        shown, columns = quoted(", ".join(first)), printable(",".join(first[:2]))[:99]
        raise UserError(
            f"{table.where}: the first line, {shown}, can be a header, of unknown names, or an "
            f"edge, which would add two nodes. Give --columns {columns} for a header, or --columns "
            "1,2 for an edge."
        )
    return None, 0


def _refuse_header(
    table: Table, header: list[str], pairs: Sequence[tuple[str, ...]], weights: Sequence[str]
) -> None:
    shown = printable(", ".join(header))[:200]
    several = [*("/".join(pair) for pair in pairs), *weights]
    reason = f"several fit ({', '.join(several)})" if pairs else "none fit"
    if _tables.repeats(header):
        reason = "a name is there twice"
    raise UserError(
        f"{table.where} has the first line '{shown}'. It must name the columns source,target "
        "(or from,to; pre,post; pre_root_id,post_root_id), layer for a layered network, and at "
        f"most one weight, once each; {reason}. Give --columns SOURCE,TARGET or "
        "SOURCE,TARGET,WEIGHT."
    )


def _by_place(table: Table) -> _Columns:
    """Return source, target and, if there is a third column, weight."""
    numbers = [row[2] for row in table.rows if len(row) > 2]
    weight = 2 if any(numbers) else None
    wrong = next((cell for cell in numbers if cell and number(cell, table.delimiter) is None), None)
    if weight is not None and wrong is not None:
        raise UserError(
            f"{table.where} has no header, and its third column, with {quoted(wrong)}, is no "
            "weight. Give --columns with the numbers of source, target and perhaps weight, as in "
            "--columns 1,3."
        )
    return _Columns(None, 0, 1, weight, None, 0)


def _kept(
    table: Table,
    header: list[str] | None,
    rows: list[tuple[int, list[str]]],
    where: Sequence[str],
) -> list[tuple[int, list[str]]]:
    """Return the rows that have the values asked for."""
    asked: dict[int, set[str]] = {}
    for one in where:
        name, sign, value = one.partition("=")
        if not sign:
            raise UserError(f"--where {one} has no '='. Give COLUMN=VALUE.")
        asked.setdefault(column(table, header, name.strip(), "--where"), set()).add(value.strip())
    for place, values in asked.items():
        present = sorted({row[place] for _, row in rows}, key=natural)
        rows = [(number, row) for number, row in rows if row[place] in values]
        if not rows:
            has = ", ".join(map(quoted, present[:8])) + (", …" if len(present) > 8 else "")
            raise UserError(f"{table.where} has no row as --where asks. The column has: {has}.")
    return rows


def _weights(table: Table, lines: list[int], cells: list[str]) -> np.ndarray:
    values = [number(cell or "1", table.delimiter) for cell in cells]
    wrong = next(
        (n for n, value in enumerate(values) if value is None or not isfinite(value)), None
    )
    if wrong is not None:
        raise UserError(
            f"{table.where}, line {lines[wrong]}: weight {quoted(cells[wrong])} is no finite "
            "number. Write one."
        )
    return np.array(values, float)


def _layer(where: str, number: int, cell: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", cell):
        raise UserError(
            f"{where}, line {number}: layer {quoted(cell)} is not a whole number. Write one, or "
            "rename the column if it says something else."
        )
    return int(cell)


def edges(listed: Lines) -> Edges:
    """Return the edges of a table without layers."""
    return coded(listed.where, listed.source, listed.target, listed.weight, listed.notes)
