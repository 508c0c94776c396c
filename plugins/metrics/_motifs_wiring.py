"""A pruned network drawn beside a random one with the same degrees."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import altair as alt
import numpy as np
import pandas as pd

from harness import LayeredGraph, motifs
from harness.report import Figure, Report
from harness.report.charts import RULE, SERIES
from harness.sparse.graph import live_nodes, node_counts, restrict
from harness.tables.parts import number, pruned

from ._motifs_example import PRUNED, example_of, wirings

MOST_EDGES = 1600
"""The largest number of edges drawn, in both networks together."""

_DEAD, _LIVE = "on no path from input to output", "on a path from input to output"
_NODE = "node"
_COLOURS = {_DEAD: RULE, _LIVE: SERIES[0]}


def chosen(graphs: Mapping[str, LayeredGraph]) -> list[np.ndarray]:
    """Return the nodes drawn of each layer, by falling degree in the pruned network.

    All, or as many as `MOST_EDGES` allows: evenly spaced among the nodes of their layer.
    """
    wires = [np.asarray(layer) for layer in graphs[PRUNED].adjacency]
    degrees = [np.zeros(len(wires[0])), *(layer.sum(0) for layer in wires)]
    for into, layer in zip(degrees, wires, strict=False):
        into += layer.sum(1)
    orders = [np.argsort(-degree, kind="stable") for degree in degrees]
    every = [np.asarray(layer) for one in graphs.values() for layer in one.adjacency]
    most = max(map(len, orders))
    while True:
        spaced = (np.linspace(0, len(one) - 1, min(most, len(one))).astype(int) for one in orders)
        nodes = [order[places] for order, places in zip(orders, spaced, strict=True)]
        ends = [np.ix_(*pair) for pair in pairwise(nodes)] * len(graphs)
        drawn = sum(int(layer[end].sum()) for layer, end in zip(every, ends, strict=True))
        if drawn <= MOST_EDGES or most == 1:
            return nodes
        most = max(1, most * 9 // 10)


def edges(graphs: Mapping[str, LayeredGraph], nodes: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return the edges between some nodes of each layer, a row each.

    `from` and `to` are the heights of an edge's ends, from 0, the first node of a layer, to 1.
    """
    heights = [_heights(len(layer)) for layer in nodes]
    rows = []
    for name, graph in graphs.items():
        live = restrict(graph, live_nodes(graph)).adjacency
        for layer, ends in enumerate(pairwise(nodes)):
            place = np.ix_(*ends)
            source, target = np.nonzero(np.asarray(graph.adjacency[layer])[place])
            row = {"network": name, "layer": layer}
            row |= {"source": ends[0][source], "target": ends[1][target]}
            row |= {"from": np.take(heights[layer], source)}
            row |= {"to": np.take(heights[layer + 1], target)}
            rows.append(pd.DataFrame(row | {"live": live[layer][place][source, target]}))
    return pd.concat(rows, ignore_index=True)


def chart(
    table: pd.DataFrame, nodes: Sequence[np.ndarray], titles: Mapping[str, str]
) -> alt.FacetChart:
    """Draw both networks: layers from left to right, nodes as dots, edges as lines, live ones last.

    `table` is the result of `edges`. All lines of a kind are one path, to keep the page small.
    """
    rows, last = [], len(nodes) - 1
    columns = np.repeat(range(last + 1), [len(layer) for layer in nodes])
    heights = np.concatenate([_heights(len(layer)) for layer in nodes])
    for name, title in titles.items():
        for kind in _COLOURS:
            part = table[(table["network"] == name) & (table["live"] == (kind == _LIVE))]
            rows.append(
                _path(title, kind, part["layer"], part["layer"] + 1, part["from"], part["to"])
            )
        rows.append(_path(title, _NODE, columns, columns, heights, heights))
    names = f"datum.value == 0 ? 'inputs' : datum.value == {last} ? 'outputs' : datum.value"
    axis = alt.Axis(values=list(range(last + 1)), labelExpr=names, domain=False)
    x = alt.X("x:Q", title="layer", axis=axis, scale=alt.Scale(domain=[0, last], padding=24))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[1, 0], padding=4))
    base = alt.Chart().encode(x=x, y=y)
    lines = base.transform_filter(f"datum.kind !== '{_NODE}'").mark_line(
        order=False, strokeWidth=0.7, opacity=0.55
    )
    scale = alt.Scale(domain=[*_COLOURS], range=[*_COLOURS.values()])
    legend = alt.Legend(title="edge", orient="top")
    lines = lines.encode(color=alt.Color("kind:N", scale=scale, legend=legend))
    ends = base.transform_filter(f"datum.kind === '{_NODE}'").mark_line(
        order=False, strokeWidth=3.5, strokeCap="round", color="currentColor"
    )
    header = alt.Header(title=None, labelLimit=400, labelAnchor="start")
    facet = alt.Facet("network:N", sort=list(titles.values()), header=header)
    panels = alt.LayerChart(data=pd.DataFrame(rows), layer=[lines, ends], width=330, height=320)
    panels = panels.transform_flatten(["x", "y"])
    return panels.facet(facet=facet, columns=2, spacing=18)


def _path(network: str, kind: str, *ends: pd.Series | np.ndarray) -> dict[str, object]:
    """Return lines as one row: their x, their y, and after each line a gap."""
    left, right, start, end = (np.round(np.asarray(one, float), 3).tolist() for one in ends)
    x = [value for pair in zip(left, right, strict=True) for value in (*pair, None)]
    y = [value for pair in zip(start, end, strict=True) for value in (*pair, None)]
    return {"network": network, "kind": kind, "x": x, "y": y}


def _heights(number: int) -> np.ndarray:
    """Return the heights of so many nodes of a layer, from 0 at the top to 1."""
    return np.linspace(0, 1, number) if number > 1 else np.full(number, 0.5)


def figures(report: Report) -> list[Figure]:
    """Return the picture of the example, where its masks can be read."""
    example = example_of(report)
    graphs = wirings(report, example) if example else {}
    if example is None or not graphs:
        return []
    nodes = chosen(graphs)
    table = edges(graphs, nodes)
    titles, total = {}, 0
    for name, graph in graphs.items():
        copies = motifs.counts(graph, (2, 3, 4), names=[example.motif])[example.motif].sum()
        titles[name] = f"{name}: {number(float(copies))} {example.motif}"
        total += sum(int(np.asarray(layer).sum()) for layer in graph.adjacency)
    sizes, every = [len(layer) for layer in nodes], list(node_counts(graphs[PRUNED]))
    some = ""
    if sizes != every:
        some = (
            f" Drawn: {_sizes(sizes)} of {_sizes(every)} nodes by layer, evenly spaced by degree "
            f"and the same in both, and their {len(table)} edges of {number(float(total))}."
        )
    return [
        Figure(
            "example_wiring",
            f"One network at {pruned(report.density)}, beside a random one with its degrees",
            f"{example}; {number(float(total / 2))} edges. The random one is a draw from the null "
            "`degree`: every node has as many edges in and out. Nodes are sorted by degree, most "
            f"edges at the top; titles count copies in whole networks, all nodes.{some}",
            "A pruned network and a random one with the same degrees, layer by layer; the data "
            f"list the {len(table)} edges drawn.",
            chart(table, nodes, titles),
            table,
            panel=300,
            axis=12,
            longest=32,
        )
    ]


def _sizes(sizes: Sequence[int]) -> str:
    return "-".join(map(str, sizes))
