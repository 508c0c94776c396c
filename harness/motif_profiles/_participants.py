"""Copies of each class through every node, or every edge, of the layered networks in some files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from rich.console import Console
from rich.markup import escape

from harness import motifs
from harness.errors import UserError
from harness.motif_profiles._files import refused_if_too_large
from harness.motif_profiles._show import MOST, UNDEFINED, cell_of_number, described, rich_table
from harness.network_files import Wiring, printable
from harness.sparse.graph import Digraph, LayeredGraph

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["nodes", "edges"]

_MEANING = (
    "expected: the exact mean under null `layered`, the same for all nodes of a layer and for all "
    "edges of a layer, so a high ratio can mean a high degree alone. No z: the null's spread at "
    "one node or edge is not known exactly.",
    "Copies of all nodes of the file (support all), not necessarily induced. Layers count from 0; "
    "the layer of an edge is that of its source.",
)


def participants(
    wirings: Mapping[str, Wiring], part: Part, orders: Sequence[int] | None = None
) -> "pd.DataFrame":
    """Return the copies of each class through every node, or every edge, with their means.

    **Returns:** a row per file, network, class and node or edge, with the columns file, network,
    motif, order, layer; node, or source and target; count; expected, the exact mean under
    `layered` of any node of the layer, or of any edge that is there; log2_ratio, NaN if either
    is 0. Nodes have the names of the file, or LAYER:NUMBER, from 0.

    **Errors:** UserError for a digraph and for networks too large for exact counts.
    """
    import pandas as pd

    tables = []
    for file, wiring in wirings.items():
        if isinstance(wiring.graph, Digraph):
            raise UserError(
                f"'{printable(file)}' is a digraph, but --participation is for layered networks. "
                "List its nodes with their layers (--nodes), or omit it."
            )
        names = node_names(wiring)
        with refused_if_too_large(file):
            for number, network in enumerate(networks(wiring.graph)):
                found = motifs.participation(network, orders or (2, 3))
                for motif, one in found.items():
                    for block in _blocks(network, one, part, names):
                        tables.append(pd.DataFrame(block).assign(network=number, motif=motif))
                        tables[-1]["file"] = file
    whole = pd.concat(tables, ignore_index=True)
    order = {one.name: one.order for n in orders or (2, 3) for one in motifs.classes(n)}
    count, expected = whole["count"].to_numpy(float), whole["expected"].to_numpy(float)
    both = (count > 0) & (expected > 0)
    ratio = np.divide(count, expected, out=np.full(len(whole), np.nan), where=both)
    whole = whole.assign(order=whole["motif"].map(order), log2_ratio=np.log2(ratio))
    ends = ["node"] if part == "nodes" else ["source", "target"]
    return whole[
        ["file", "network", "motif", "order", "layer", *ends, "count", "expected", "log2_ratio"]
    ]


def networks(graph: LayeredGraph) -> Iterator[LayeredGraph]:
    """Return the networks of a batch one by one, as arrays of the host."""
    return (LayeredGraph(layers) for layers in zip(*map(np.asarray, graph.adjacency), strict=True))


def node_names(wiring: Wiring) -> list[np.ndarray]:
    """Return the names of the nodes by layer: those of the file, or LAYER:NUMBER from 0."""
    graph = wiring.graph
    widths = [graph.adjacency.shape[-1]] if isinstance(graph, Digraph) else None
    if isinstance(graph, LayeredGraph):
        widths = [graph.adjacency[0].shape[-2], *(one.shape[-1] for one in graph.adjacency)]
    made = [[f"{layer}:{n}" for n in range(width)] for layer, width in enumerate(widths or ())]
    return [np.array(names, object) for names in wiring.nodes or made]


def _blocks(
    network: LayeredGraph, found: motifs.Participation, part: Part, names: Sequence[np.ndarray]
) -> Iterator[dict[str, object]]:
    """Return the columns of each layer."""
    if part == "nodes":
        for layer, (count, expected) in enumerate(
            zip(found.nodes, found.expected_by_node, strict=True)
        ):
            yield {"layer": layer, "node": names[layer], "count": count, "expected": expected}
        return
    for layer, (count, expected) in enumerate(
        zip(found.edges, found.expected_by_edge, strict=True)
    ):
        source, target = np.nonzero(network.adjacency[layer])
        ends = {"source": names[layer][source], "target": names[layer + 1][target]}
        yield {"layer": layer, **ends, "count": count[source, target], "expected": expected}


def show_participants(
    table: "pd.DataFrame", wirings: Mapping[str, Wiring], console: Console, *, whole: bool
) -> None:
    """Print who takes part most, by the ratio to the expectation: ten a class, or the `whole`."""
    ends = [name for name in ("node", "source", "target") if name in table]
    console.print(escape(_headline(table, ends)), soft_wrap=True)
    for line in described(wirings, {name: one.notes for name, one in wirings.items()}):
        console.print(escape(line), soft_wrap=True)
    several = [name for name in ("file", "network") if table[name].nunique() > 1]
    ranked = table.sort_values(["log2_ratio", "count"], ascending=False, kind="stable")
    for motif in dict.fromkeys(table["motif"]):
        rows = ranked[ranked["motif"] == motif]
        shown = rows if whole else rows[rows["count"] > 0].head(MOST)
        if shown.empty:
            continue
        left = ", largest ratio first (--all shows all)" if len(shown) < len(rows) else ""
        heads = [*several, "layer", *ends, "count", "expected", "log2 ratio"]
        cells = shown[[*several, "layer", *ends, "count", "expected", "log2_ratio"]]
        title = f"{motif} {motifs.sketch(motif)}: {len(shown):,} of {len(rows):,}{left}"
        console.print(f"\n{escape(title)}", soft_wrap=True)
        console.print(rich_table(heads, map(_row, cells.itertuples(index=False))))
    for line in _MEANING:
        console.print(escape(line), soft_wrap=True)


def _row(values: Sequence[object]) -> list[str]:
    *place, count, expected, ratio = values
    last = UNDEFINED if ratio != ratio else f"{ratio:+.2f}"
    return [printable(str(one)) for one in place] + [f"{count:,}", cell_of_number(expected), last]  # type: ignore[arg-type]


def _headline(table: "pd.DataFrame", ends: Sequence[str]) -> str:
    """Return a sentence about the node or edge with the most copies above expectation."""
    what = "node" if len(ends) == 1 else "edge"
    excess = table["count"] - table["expected"]
    if not (excess > 0).any():
        return f"No {what} has more copies of a class than expected."
    row = table.iloc[int(excess.to_numpy().argmax())]
    who = "->".join(printable(str(row[end])) for end in ends)
    return (
        f"The largest excess is that of {row['motif']} through {what} {who} (layer {row['layer']})"
        f": {row['count']:,} copies, {cell_of_number(row['expected'])} expected under `layered`."
    )
