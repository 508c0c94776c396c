"""Copies of one class in the networks of some files, by the names of their nodes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from harness import motifs
from harness.errors import UserError
from harness.motif_profiles._participants import networks, node_names
from harness.motif_profiles._show import described, rich_table
from harness.network_files import Wiring, printable
from harness.sparse.edges import SparseDigraph
from harness.sparse.graph import LayeredGraph

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = 20
_LETTERS = "abcde"


@dataclass(frozen=True)
class Instances:
    """The first copies of a class in each network.

    `table` has a row per copy: file, network, motif, the base layer, and the names of its nodes in
    columns a, b and so on, as in the class's sketch. `notes` are those of the files, by file, and
    say where there are more copies.
    """

    motif: str
    table: "pd.DataFrame"
    notes: dict[str, tuple[str, ...]]


def instances(wirings: Mapping[str, Wiring], request: str) -> Instances:
    """Return copies of a class, as in `motifs.instances`; `request` is CLASS or CLASS:NUMBER.

    **Errors:** UserError for a number below 1, and for a class that a network cannot have.
    """
    import pandas as pd

    name, number = _parsed(request)
    pattern = motifs.named(name)
    rows, notes = [], {}
    for file, wiring in wirings.items():
        digraph = not isinstance(wiring.graph, LayeredGraph)
        if pattern is None or digraph != (len(pattern.layers) == 1):
            raise _unknown(file, name, digraph=digraph)
        names, cut, graph = node_names(wiring), 0, wiring.graph
        each: Iterable[LayeredGraph | SparseDigraph] = (
            networks(graph) if isinstance(graph, LayeredGraph) else graph
        )
        for network, one in enumerate(each):
            found = list(islice(motifs.instances(one, pattern), number + 1))
            cut += len(found) > number
            for base, nodes in found[:number]:
                layers = (base + layer for layer in pattern.layer_of)
                called = [names[layer][node] for layer, node in zip(layers, nodes, strict=True)]
                rows.append((file, network, name, base, *called))
        more = f"there are more than {number:,} copies of {name}; give --instances {name}:NUMBER"
        notes[file] = (*wiring.notes, *([more] if cut else []))
    letters = _LETTERS[: len(pattern.layer_of)] if pattern else ""
    columns = ["file", "network", "motif", "base_layer", *letters]
    return Instances(name, pd.DataFrame(rows, columns=columns), notes)


def _parsed(request: str) -> tuple[str, int]:
    """Return the class, whose name may have a colon, and the number."""
    name, colon, number = request.rpartition(":")
    if not colon or motifs.named(name) is None:
        return request, _NUMBER
    if not number.isdecimal() or int(number) < 1:
        raise UserError(f"--instances {printable(request)} has no number from 1. Give {name}:20.")
    return name, int(number)


def _unknown(file: str, name: str, *, digraph: bool) -> UserError:
    kind, known = "layered networks", [one.name for n in (2, 3) for one in motifs.classes(n)]
    others = "those of order 4: see harness list motifs"
    if digraph:
        kind, known, others = "digraphs", list(motifs.TRIADS), "tetrads as --order 3 names them"
    return UserError(
        f"'{printable(file)}': {kind} have no class '{printable(name)}'. "
        f"Give one of {', '.join(known)}, or of {others}."
    )


def show_instances(found: Instances, wirings: Mapping[str, Wiring], console: Console) -> None:
    """Print the copies, a line each."""
    table = found.table
    copies = f"{len(table):,} {'copy' if len(table) == 1 else 'copies'}"
    title = f"{found.motif} {motifs.sketch(found.motif)}: {copies}"
    for line in (title, *described(wirings, found.notes)):
        console.print(escape(line), soft_wrap=True)
    constant = [name for name in ("file", "network", "base_layer") if table[name].nunique() < 2]
    shown = table.drop(columns=["motif", *constant])
    rows = ([printable(str(one)) for one in row] for row in shown.itertuples(index=False))
    console.print(rich_table([str(name).replace("_", " ") for name in shown], rows))
