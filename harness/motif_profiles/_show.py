"""Profiles for people: the short table, its files, and the meaning of its numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from harness import motifs
from harness.motif_profiles._effects import LEVEL, short_names
from harness.motif_profiles._files import Profiles
from harness.motif_profiles._headlines import headlines
from harness.motif_profiles._words import COUNTED, null_range, precision
from harness.network_files import Wiring, printable
from harness.sparse.graph import LayeredGraph, edge_counts, node_counts
from harness.tables.parts import fixed, number, texts

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("node", "source", "target", *"abcde")
"""The columns that hold names of nodes; letters are those of a sketch."""
MOST = 10
"""The classes, nodes or edges that are shown first."""

UNDEFINED = "–"
_SHOWN = ("count", "expected", "ratio", "null 95 %", "z")
_FEWER = tuple(name for name in _SHOWN if name != "expected")
"""What a narrow terminal has room for; count and ratio give the expected count."""
_NULLS = {
    "layered": "Null `layered`: as many edges between each two layers, placed uniformly among all "
    "pairs of their nodes; exact moments, nothing sampled.",
    "degree": "Null `degree`: random networks in which every node keeps exactly its number of "
    "inputs and of outputs (its degrees; in a layered network, to each adjacent layer): degrees do "
    "not explain what differs from it, but it is no model of how the network arose. "
    "R = {draws:,} draws, for each class worth {worth:,.0f} or more independent ones; z has a "
    "Monte-Carlo error of at most {error} here (column z_error).",
    "degree-approx": "Null `degree-approx`: a formula for the mean and spread under `degree` of "
    "chain3, zigzag, fork_tail and merge_tail, without draws; a preview, not a test: no p, and "
    "no z of other classes.",
    "degree-mutual": "Null `degree-mutual`: every node keeps its number of inputs, of outputs and "
    "of mutual edges; {draws:,} draws.",
    "independent": "Null `independent`: edges are independent and every node has its in- and "
    "out-degree on average only; exact moments, nothing sampled. It does not replace `degree`: "
    "degrees fluctuate, so sd is 2.5 to 67 times larger and means differ. No z for classes that "
    "degrees determine.",
    motifs.GIVEN_LOWER: "Null `layered-given-lower`: expected and sd are those of the best linear "
    "prediction from all counts of lower orders, by exact covariances of `layered`. z shows what "
    "lower orders leave unexplained if edges are placed uniformly. It is no test, and does not "
    "replace `degree`: unequal degrees alone move it.",
    "signs": "Null `signs`: the edges stay, the signs of each layer, or of all edges of a digraph, "
    "are permuted; {draws:,} draws. "
    "A copy is coherent if the product of its signs is positive: its paths agree. All other copies "
    "are incoherent.",
    "weights": "Null `weights`: the edges stay, the weights of each layer, or of all edges of a "
    "digraph, are permuted; {draws:,} draws. Intensity of a copy: geometric mean of its |weights|; "
    "coherence of a class: total intensity over the total of arithmetic means (Onnela et al. "
    "2005), 1 if weights within copies are equal.",
    "published": "Null `published`: as Zahn, Daniel and Kutz (2024) drew and counted; {draws:,} "
    "draws over live nodes, not uniform, so not calibrated.",
}
_EXTRA = ("copies", "share", "coherence")
_SUPPORTS = {
    "all": "Support all: every node of the file.",
    "live": "Support live: only nodes on a path from an input to an output. Under `layered` and "
    "`independent` it is descriptive: nodes were chosen after looking. Draws are cut down "
    "likewise, so calibrated.",
    "live-published": "Support live-published: without ghost and then dead nodes, with bias units.",
}


def show(profiles: Profiles, console: Console, *, whole: bool = False) -> None:
    """Print the answer, the files, the tables, ten classes each or the `whole`, their meaning."""
    for line in (*headlines(profiles), *described(profiles.wirings, profiles.notes)):
        console.print(escape(line), soft_wrap=True)
    unbounded = console.options.update(max_width=10**4)
    for title, part in by_null(profiles, whole=whole):
        known = list(dict.fromkeys(part["motif"]))
        if not whole and len(known) > MOST:
            part = part[part["motif"].isin(known[:MOST])]
            title += f": {MOST} of {len(known)} classes, largest difference first (--all: all)"
        pairs = [(ids, beside) for ids in (True, False) for beside in (True, False)]
        forms = [*((*pair, _SHOWN) for pair in pairs), (False, False, _FEWER)]
        tables = [
            rich_table(*summary(part, beside=beside, ids=ids, shown=shown))
            for ids, beside, shown in forms
        ]
        widths = [Measurement.get(console, unbounded, table).maximum for table in tables]
        fitting = (place for place, width in enumerate(widths) if width <= console.width)
        console.print(f"\n{escape(title)}", soft_wrap=True)
        console.print(tables[next(fitting, widths.index(min(widths)))])
    for line in explained(profiles, whole=whole):
        console.print(escape(line), soft_wrap=True)


def by_null(profiles: Profiles, *, whole: bool = False) -> list[tuple[str, "pd.DataFrame"]]:
    """Return a title and a table for each null: classes that differ come first.

    Classes of digraphs that no network has or is expected to have are left out, if not `whole`.
    """
    table = profiles.table if whole else profiles.table[~_missing(profiles.table)]
    nulls = list(dict.fromkeys(table["null"]))
    titles = [f"Motifs, null {_precision(null, table)}" for null in nulls]
    titles = [
        f"{title}: {COUNTED[null]}" if null in COUNTED else title
        for title, null in zip(titles, nulls, strict=True)
    ]
    parts = (_ranked(table[table["null"] == null]) for null in nulls)
    return list(zip(titles, parts, strict=True))


def _precision(null: str, table: "pd.DataFrame") -> str:
    """Return a null with its draws, or that it is exact."""
    return f"{null} ({precision(table[table['null'] == null])})"


def _ranked(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows by class: first those that differ, then the others, by size of the ratio.

    Where z is not calibrated, those outside the null's 95 % stand for those that differ. A class of
    which none are expected comes after those with a ratio.
    """
    sums = table[table["base_layer"] == motifs.TOTAL]
    sums = sums[sums["support"] == "all"] if "all" in set(sums["support"]) else sums
    outside = (sums["ratio"] < sums["null_low"]) | (sums["ratio"] > sums["null_high"])
    differs = np.where(sums["calibrated"], sums["q"] <= LEVEL, outside)
    sums = sums.assign(differs=differs)[["motif", "file", "differs", "count", "expected"]]
    means = sums.astype({"count": float, "expected": float}).groupby(["motif", "file"]).mean()
    ratio = (means["count"] / means["expected"]).to_numpy(dtype=float)
    with np.errstate(divide="ignore"):
        size = np.where(np.isinf(ratio), 0.0, np.nan_to_num(np.abs(np.log(ratio)), nan=-1.0))
    means = means.assign(differs=means["differs"] > 0.5, size=size)
    best = means.groupby("motif")[["differs", "size"]].max()
    order = best.sort_values(["differs", "size"], ascending=False, kind="stable").index
    rank = table["motif"].map({motif: place for place, motif in enumerate(order)})
    return table.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank")


def rich_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table for the terminal. Long names of files and shapes are folded, not cut."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True)
    for head in heads:
        text = head in ("motif", "shape", "file", "files", "support", *NAMES)
        table.add_column(
            escape(head.replace(" | ", "\n")),
            justify="left" if text else "right",
            no_wrap=head not in ("file", "files", "shape"),
            min_width=10 if head in ("file", "files", "shape") else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def described(wirings: Mapping[str, Wiring], notes: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each file (its networks, layout, layers, edges) and each of its notes."""
    lines, names = [], short_names(list(wirings))
    for name, wiring in wirings.items():
        lines.append(f"{names[name]}: {_described(wiring)}")
        lines += [f"  note: {note}" for note in notes[name]]
    return lines


def _described(wiring: Wiring) -> str:
    if not isinstance(wiring.graph, LayeredGraph):
        nodes, edges = wiring.graph[0].nodes, [len(one.sources) for one in wiring.graph]
        return f"{_networks(len(edges))}, digraph; {nodes:,} nodes; edges {_range(edges)}"
    layers = edge_counts(wiring.graph)
    layout = f"layout {wiring.layout}" if wiring.layout else "edge list"
    shape = "-".join(map(str, node_counts(wiring.graph)))
    counts = ", ".join(_range(layer) for layer in layers.T.tolist())
    arrays = f"; arrays {', '.join(map(printable, wiring.names))}" if wiring.layout else ""
    return f"{_networks(len(layers))}, {layout}; nodes {shape}; edges {counts}{arrays}"


def _networks(number: int) -> str:
    return f"{number} network" + "s" * (number > 1)


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def explained(profiles: Profiles, *, whole: bool = False) -> list[str]:
    """Return what the numbers mean."""
    table = profiles.table
    lines = []
    for null, rows in table.groupby("null", sort=False):
        worth, error = rows["effective"].min(), rows["z_error"].max()
        largest = f"{error:.2g}" if error == error else UNDEFINED
        facts = {"draws": rows["draws"].iloc[0], "worth": worth, "error": largest}
        lines.append(_NULLS[str(null)].format(**facts))
    lines += _mixing(table)
    lines += [
        "ratio = count / expected; null 95 %: the same of the central 95 % of random networks, "
        "from mean and sd (± 1.96 sd, not below 0; rough where few copies are expected). "
        "z = (count - expected) / sd: the distance of the count from the null's mean in standard "
        f"deviations; {UNDEFINED} is undefined (sd 0, or none expected).",
        "p and q compare one network with random networks of the null; they say nothing about "
        "other networks of its kind.",
    ]
    lines += [_SUPPORTS[support] for support in dict.fromkeys(table["support"])]
    lines += _reservations(table)
    if (table["convention"] == "induced").any():
        lines.append(
            "Digraphs: induced copies; triads have the names of the MAN census (Holland and "
            "Leinhardt), tetrads those of their edges; mfinder: the number that mfinder gives them."
        )
    if table["motif"].isin(motifs.CLOSED)[table["convention"] != "induced"].any():
        lines.append(
            "Digraphs, nulls `signs` and `weights`: feed-forward loops (030T: a->b->c and a->c), "
            "coherent if the direct and the indirect path agree, and cycles (030C: a->b->c->a), "
            "coherent if they are a positive feedback. Copies need not be induced: other edges may "
            "join their nodes."
        )
    absent = int(table.loc[_missing(table), "motif"].nunique())
    if absent and not whole:
        lines.append(f"Not shown: {absent} classes of digraphs with no copies, seen or expected.")
    if table.groupby("file")["network"].nunique().max() > 1:
        lines.append("For several networks: means; for z ± standard deviation over networks.")
    return lines


def _mixing(table: "pd.DataFrame") -> list[str]:
    """Return a line that compares the overlap of chains with chance, if there are any."""
    chains = table[table["chance"].notna()].drop_duplicates(["file", "network", "support"])
    if chains.empty:
        return []
    return [
        f"Mixing: {_range(sorted(chains['trades']))} global trades before the first draw of a "
        f"chain; draws share {_shares(chains['overlap'])} of a network's edges with it, where "
        f"degrees alone give {_shares(chains['chance'])}."
    ]


def _shares(values: "pd.Series[float]") -> str:
    low, high = (f"{100 * value:.1f}" for value in (values.min(), values.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"


def _reservations(table: "pd.DataFrame") -> list[str]:
    """Return lines that say which rows have no p and no q, and why."""
    wanting = table[~table["calibrated"]]
    places = wanting[["null", "support", "uncalibrated"]].drop_duplicates()
    return [
        f"Not calibrated, so without p and q: null {null}, support {support}: {reason}."
        for null, support, reason in places.itertuples(index=False)
    ]


def _missing(table: "pd.DataFrame") -> "pd.Series[bool]":
    """Return the rows of digraph classes that no network has or is expected to have."""
    empty = (table["count"] == 0) & (table["expected"] == 0) & (table["convention"] == "induced")
    return empty.groupby(table["motif"]).transform("all")


def summary(
    table: "pd.DataFrame",
    *,
    beside: bool = True,
    ids: bool = True,
    shown: Sequence[str] = _SHOWN,
) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the short table, supports `beside` each other or in rows.

    Classes of digraphs have their `ids`, mfinder's numbers.
    """
    by = ["motif", "shape"]
    by += ["mfinder"] if ids and (table["convention"] == "induced").all() else []
    by += ["base_layer"] if table["base_layer"].nunique() > 1 else []
    by += ["file"] if table["file"].nunique() > 1 else []
    by += [] if beside else ["support"]
    rank = {motif: place for place, motif in enumerate(dict.fromkeys(table["motif"]))}
    ranks = table["motif"].map(rank)
    # A name with a colon lists the edges itself.
    shapes = table["motif"].map({name: "" if ":" in name else motifs.sketch(name) for name in rank})
    table = table.assign(rank=ranks, shape=shapes)
    table = table.sort_values(["rank", "base_layer"], kind="stable")  # stable: by file
    supports = list(dict.fromkeys(table["support"]))
    heads = ["base layer" if name == "base_layer" else name for name in by]
    several = beside and len(supports) > 1
    heads += [f"{name} | {s}" for s in supports for name in shown] if several else shown
    extra = [name for name in _EXTRA if table[name].notna().any()]
    heads += extra
    rows = []
    for values, group in table.groupby(by, sort=False):
        named = dict(zip(by, values, strict=True))
        if named.get("base_layer") == motifs.TOTAL:
            named["base_layer"] = "sum"
        row: list[str | float] = [printable(str(value)) for value in named.values()]
        for support in supports if beside else [named["support"]]:
            known = _cells(group[group["support"] == support])
            row += [known[name] for name in shown]
        row += [float(group[name].astype(float).mean()) for name in extra]
        rows.append(row)
    columns = [cells(column) for column in zip(*rows, strict=True)]
    return heads, [list(row) for row in zip(*columns, strict=True)]


def cells(values: Sequence[str | int | float]) -> list[str]:
    """Return a column of names, or of numbers formatted alike."""
    return [
        value if isinstance(value, str) else shown.replace("\u202f", ",")
        for value, shown in zip(values, texts(values), strict=True)
    ]


def _cells(group: "pd.DataFrame") -> dict[str, str | float]:
    """Return the cells of one network by their heads, or the means of several."""
    if group.empty:
        return dict.fromkeys(_SHOWN, UNDEFINED)
    z = group["z"].dropna()
    spread = f" ± {z.std():.1f}" if len(z) > 1 else ""
    fewer = f" (n={len(z)})" if 0 < len(z) < len(group) else ""
    count, expected = float(group["count"].mean()), float(group["expected"].mean())
    return {
        "count": count,
        "expected": expected,
        "ratio": number(count / expected) if expected > 0 else UNDEFINED,
        "null 95 %": null_range(group[["null_low", "null_high"]].mean(), "–"),
        "z": f"{fixed(z.mean(), 1, '+')}{spread}{fewer}" if len(z) else UNDEFINED,
    }
