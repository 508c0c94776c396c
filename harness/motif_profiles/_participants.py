"""Copies of each class through every node, or every edge, of the layered networks in some files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from rich.console import Console
from rich.markup import escape

from harness import motifs
from harness.errors import UserError
from harness.motif_profiles._files import FEW_DRAWS, Asked, refused_if_too_large
from harness.motif_profiles._show import MOST, UNDEFINED, cells, described, rich_table
from harness.network_files import Wiring, printable
from harness.sparse.edges import SparseDigraph
from harness.sparse.graph import LayeredGraph, node_counts
from harness.tables.parts import fixed

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["nodes", "edges"]

_NULLS = {
    "layered": "expected: the exact mean under null `layered`, the same for all nodes of a layer "
    "and for all edges of a layer, so a high ratio can mean a high degree alone (compare nodes "
    "with --null degree). z: sd from 50 draws (10 for edges), in which all nodes, or edges, of a "
    "layer serve; counts at single nodes and edges are skewed, so large z are common.",
    "degree": "expected: the node's own mean over draws of null `degree`, in which every node "
    "keeps its in- and out-degree; z = (count - expected) / sd, undefined if all draws "
    "agree or their chain has not mixed. Many nodes and classes are compared: some |z| above 3 are "
    "chance.",
}
_NULLS["degree-mutual"] = _NULLS["degree"].replace(
    "keeps its in- and out-degree", "keeps its in- and out-degree and its mutual edges"
)
_EDGES = "No z of a digraph's edges: those of draws are others; expected is the mean of theirs."
_SPREAD_DRAWS: Mapping[Part, int] = {"nodes": 50, "edges": 10}
"""Of layered networks, for sd: the nodes, or edges, of all draws serve."""
_SCOPE = {
    False: "Copies of all nodes of the file (support all), not necessarily induced. Layers count "
    "from 0; the layer of an edge is that of its source.",
    True: "Induced triads of all nodes of the file; a digraph has one layer, 0.",
}
FEWEST_EXPECTED = 1.0
"""The headline names no z of fewer copies than these."""
_COLUMNS = ("count", "expected", "sd", "z", "log2_ratio")


def participants(wirings: Mapping[str, Wiring], part: Part, asked: Asked) -> "pd.DataFrame":
    """Return the copies of each class through every node, or every edge, with their means.

    **Returns:** a row per file, network, class and node or edge, with the columns file, network,
    motif, order, null, layer; node, or source and target; count; expected: under `layered` the
    exact mean of any node of the layer, or of any edge that is there, under `degree` the node's
    own over draws; sd and z: NaN for edges of digraphs, and if the chain of draws has not mixed;
    log2_ratio, NaN if count or expected is 0. Nodes have the names of the file, or LAYER:NUMBER,
    from 0.

    Digraphs have induced triads, under `degree`, or `degree-mutual` if mutual edges are kept; the
    expectation of an edge is then the mean of the draws' edges.

    **Errors:** UserError for networks too large for exact counts, for other orders of a digraph
    than 2, for more than one null, for another one, and for edges of layers under `degree`.
    """
    import pandas as pd

    (null,) = asked.nulls if len(asked.nulls) == 1 else ("",)
    layered = any(isinstance(one.graph, LayeredGraph) for one in wirings.values())
    if null not in (("layered", "degree") if part == "nodes" or not layered else ("layered",)):
        raise UserError(
            "--participation takes one --null: layered, the default, or, for nodes, degree."
        )
    tables = []
    for file, wiring in wirings.items():
        names = node_names(wiring)
        if not isinstance(wiring.graph, LayeredGraph):
            mutual = asked.keep_mutual or wiring.undirected
            kept = "degree-mutual" if mutual else "degree"
            for number, one in enumerate(wiring.graph):
                for motif, block in _of_digraph(file, one, number, part, names[0], asked, mutual):
                    made = pd.DataFrame(block)
                    tables.append(made.assign(file=file, network=number, motif=motif, null=kept))
            continue
        with refused_if_too_large(file):
            for number, network in enumerate(networks(wiring.graph)):
                for motif, block in _blocks(network, number, part, names, asked):
                    made = pd.DataFrame(block)
                    tables.append(made.assign(file=file, network=number, motif=motif, null=null))
    whole = pd.concat(tables, ignore_index=True)
    order = {one.name: one.order for n in asked.orders or (2, 3) for one in motifs.classes(n)}
    order |= dict.fromkeys(motifs.TRIADS, 2)
    count, expected = whole["count"].to_numpy(float), whole["expected"].to_numpy(float)
    both = (count > 0) & (expected > 0)
    ratio = np.divide(count, expected, out=np.full(len(whole), np.nan), where=both)
    whole = whole.assign(order=whole["motif"].map(order), log2_ratio=np.log2(ratio))
    ends = ["node"] if part == "nodes" else ["source", "target"]
    return whole[["file", "network", "motif", "order", "null", "layer", *ends, *_COLUMNS]]


def networks(graph: LayeredGraph) -> Iterator[LayeredGraph]:
    """Return the networks of a batch one by one, as arrays of the host."""
    return (LayeredGraph(layers) for layers in zip(*map(np.asarray, graph.adjacency), strict=True))


def node_names(wiring: Wiring) -> list[np.ndarray]:
    """Return the names of the nodes by layer: those of the file, or LAYER:NUMBER from 0."""
    graph = wiring.graph
    widths = node_counts(graph) if isinstance(graph, LayeredGraph) else (graph[0].nodes,)
    made = [[f"{layer}:{n}" for n in range(width)] for layer, width in enumerate(widths)]
    return [np.array(names, object) for names in wiring.nodes or made]


def _blocks(
    network: LayeredGraph, number: int, part: Part, names: Sequence[np.ndarray], asked: Asked
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return classes and the columns of nodes, or of the edges of a layer."""
    orders = asked.orders or (2, 3)
    nothing: dict[str, Any] = {"sd": np.nan, "z": np.nan}
    layers = np.repeat(np.arange(len(names)), [len(layer) for layer in names])
    nodes: dict[str, Any] = {"layer": layers, "node": np.concatenate(names)}
    if asked.nulls == ("degree",):
        scores, trades = motifs.degree_participation(
            network, orders, number=asked.draws or FEW_DRAWS, seed=(asked.seed, number)
        )
        for motif, one in scores.items():
            yield motif, nodes | vars(one) | ({} if trades.mixed else nothing)
        return
    spread = motifs.layered_spread(
        network,
        orders,
        number=_SPREAD_DRAWS[part],
        seed=(asked.seed, number),
        edges=part == "edges",
    )
    for motif, found in motifs.participation(network, orders).items():
        if part == "nodes":
            count, expected = np.concatenate(found.nodes), found.expected_by_node[layers]
            yield motif, nodes | _scored(count, expected, spread[motif][layers])
            continue
        for layer, (copies, mean) in enumerate(
            zip(found.edges, found.expected_by_edge, strict=True)
        ):
            source, target = np.nonzero(network.adjacency[layer])
            ends = {"source": names[layer][source], "target": names[layer + 1][target]}
            count = copies[source, target]
            both = (np.full(len(count), one) for one in (mean, spread[motif][layer]))
            yield motif, {"layer": layer, **ends, **_scored(count, *both)}


def _scored(count: np.ndarray, expected: np.ndarray, sd: np.ndarray) -> dict[str, np.ndarray]:
    z = np.divide(count - expected, sd, out=np.full(len(sd), np.nan), where=sd > 0)
    return {"count": count, "expected": expected, "sd": sd, "z": z}


def _of_digraph(
    file: str,
    digraph: SparseDigraph,
    number: int,
    part: Part,
    names: np.ndarray,
    asked: Asked,
    keep_mutual: bool,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return triads and the columns of the nodes, or of the edges, of one digraph."""
    if set(asked.orders or (2,)) != {2}:
        raise UserError(
            f"'{printable(file)}' is a digraph: --participation counts its triads. Give --order 2."
        )
    scores, by_edge, chain = motifs.digraph_participation(
        digraph,
        number=asked.draws or FEW_DRAWS,
        keep_mutual=keep_mutual,
        seed=(asked.seed, number),
    )
    unknown_z = {"sd": np.nan, "z": np.nan}
    if part == "nodes":
        known = {} if chain.mixed else unknown_z
        for motif, one in scores.items():
            yield motif, {"layer": 0, "node": names, **vars(one), **known}
        return
    ends = {"layer": 0, "source": names[digraph.sources], "target": names[digraph.targets]}
    through = motifs.triad_participation(digraph).edges
    for (motif, mean), counts in zip(by_edge.items(), through, strict=True):
        yield motif, {**ends, "count": counts, "expected": mean, **unknown_z}


def show_participants(
    table: "pd.DataFrame", wirings: Mapping[str, Wiring], console: Console, *, whole: bool
) -> None:
    """Print who takes part most, by ratio, or by z if there is one: ten a class, or the `whole`."""
    ends = [name for name in ("node", "source", "target") if name in table]
    nulls = list(dict.fromkeys(table["null"]))
    beside_own = "layered" not in nulls and len(ends) == 1
    by, word = ("z", "z") if beside_own else ("log2_ratio", "ratio")
    console.print(escape(_headline(table, ends, by)), soft_wrap=True)
    for line in described(wirings, {name: one.notes for name, one in wirings.items()}):
        console.print(escape(line), soft_wrap=True)
    several = [name for name in ("file", "network") if table[name].nunique() > 1]
    numbers = ["count", "expected", *(["z"] if table["z"].notna().any() else []), "log2_ratio"]
    ranked = table.sort_values([by, "count"], ascending=False, kind="stable")
    for motif in dict.fromkeys(table["motif"]):
        rows = ranked[ranked["motif"] == motif]
        shown = rows if whole else rows[rows["count"] > 0].head(MOST)
        if shown.empty:
            continue
        left = f", largest {word} first (--all shows all)" if len(shown) < len(rows) else ""
        heads = [*several, "layer", *ends, *(name.replace("_", " ") for name in numbers)]
        title = f"{motif} {motifs.sketch(motif)}: {len(shown):,} of {len(rows):,}{left}"
        console.print(f"\n{escape(title)}", soft_wrap=True)
        place = shown[[*several, "layer", *ends]].itertuples(index=False)
        both = zip(place, zip(*_columns(shown[numbers]), strict=True), strict=True)
        console.print(rich_table(heads, ([*map(_name, at), *row] for at, row in both)))
    kinds = {not isinstance(one.graph, LayeredGraph) for one in wirings.values()}
    of_edges = [_EDGES] if len(ends) == 2 and True in kinds else []
    for line in (*(_NULLS[null] for null in nulls), *of_edges, *(_SCOPE[kind] for kind in kinds)):
        console.print(escape(line), soft_wrap=True)


def _name(value: object) -> str:
    return printable(str(value))


def _columns(table: "pd.DataFrame") -> list[list[str]]:
    """Return columns of counts, of what is expected, and of signed numbers."""
    count, expected, *signed = (table[name].tolist() for name in table)
    last = [[UNDEFINED if z != z else fixed(z, 2, "+") for z in column] for column in signed]
    return [cells(count), cells(expected), *last]


def _headline(table: "pd.DataFrame", ends: Sequence[str], by: str) -> str:
    """Return a sentence about the node or edge with the largest z, or most copies too many."""
    what = "node" if len(ends) == 1 else "edge"
    # z of a class that is hardly ever expected is large for a single copy.
    usual = table["z"].where(table["expected"] >= FEWEST_EXPECTED)
    excess = usual if by == "z" else table["count"] - table["expected"]
    if not (excess > 0).any():
        return f"No {what} has more copies of a class than expected."
    row = table.iloc[int(excess.fillna(-np.inf).to_numpy().argmax())]
    who = "->".join(printable(str(row[end])) for end in ends)
    z = f", z {fixed(row['z'], 1, '+')}" if by == "z" else ""
    return (
        f"The largest {'z' if z else 'excess'} is that of {row['motif']} through {what} {who} "
        f"(layer {row['layer']}): {row['count']:,} copies, {cells([row['expected']])[0]} "
        f"expected under `{row['null']}`{z}."
    )
