"""Connectomes with fixed lists of nodes, their null models, and networks made alike in degrees.

Sources and licences of the files are in connectomes/README.md.
"""

from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from harness import Digraph, LayeredGraph, motifs

LAYERS = "PKO"
"""Projection neurons, Kenyon cells, output neurons: connections P to K and K to O are edges."""

SIDES = ("left", "right")
COLUMNS = ["network", "null", "order", "motif", "base_layer", "count", "expected", "sd", "z",
           "log2_ratio"]  # fmt: skip


@cache
def mushroom_body(side: str) -> tuple[Bool[np.ndarray, "_sources _targets"], ...]:
    """Return the edges P to K and K to O of one side; neurons without such an edge are nodes."""
    edges = _read(f"drosophila_larva_mushroom_body_{side}.csv")
    ends = [edges[["source", "source_type"]], edges[["target", "target_type"]]]
    typed = pd.concat([one.set_axis(["node", "type"], axis=1) for one in ends]).drop_duplicates()
    nodes = [sorted(typed.loc[typed["type"] == layer, "node"]) for layer in LAYERS]
    return tuple(_wires(edges, *pair) for pair in pairwise(nodes))


@cache
def worm() -> tuple[Bool[np.ndarray, "n n"], tuple[str, ...]]:
    """Return the chemical connections among all 302 neurons of C. elegans, and their types."""
    edges, listed = _read("celegans_white_chemical.csv"), _read("celegans_neurons.csv")
    nodes = list(listed["node"])
    inside = edges[edges["source"].isin(nodes) & edges["target"].isin(nodes)]
    return _wires(inside, nodes, nodes), tuple(listed["type"])


def layered_profile(graph: LayeredGraph, draws: int, seed: int) -> pd.DataFrame:
    """Return classes of orders 2 and 3 by base layer, under `layered` and `degree`: `COLUMNS`."""
    exact = motifs.profile(graph, supports=("all",))
    drawn = motifs.sampled_profile(graph, "degree", number=draws, orders=(2, 3), seed=seed)
    table = pd.concat([exact[COLUMNS], drawn[COLUMNS]], ignore_index=True)
    return table[table["base_layer"] != motifs.TOTAL].reset_index(drop=True)


def thinned(
    wires: Bool[np.ndarray, "_sources _targets"],
    like: Bool[np.ndarray, "_a _b"],
    rng: np.random.Generator,
) -> Bool[np.ndarray, "_sources _targets"]:
    """Drop edges until as many are left as `like` has, with degrees as close to its as they get.

    Each node is to get the degree of the node of `like` at its rank. Edges go one by one, each time
    one whose ends together are furthest above their degrees, ties at random.
    """
    kept = wires.copy()
    sources, targets = rng.permutation(np.argwhere(wires)).T
    out = wires.sum(1) - _at_ranks(wires.sum(1), like.sum(1))
    into = wires.sum(0) - _at_ranks(wires.sum(0), like.sum(0))
    there = np.ones(len(sources), bool)
    for _ in range(max(0, len(sources) - int(like.sum()))):
        at = np.argmax(np.where(there, out[sources] + into[targets], -np.inf))
        source, target = sources[at], targets[at]
        there[at] = kept[source, target] = False
        out[source] -= 1
        into[target] -= 1
    return kept


def mismatch(
    wires: Bool[np.ndarray, "_sources _targets"], like: Bool[np.ndarray, "_a _b"]
) -> float:
    """Return the share of edge ends that lie at other degrees than those of `like`, by rank."""
    apart = 0.0
    for axis in (0, 1):
        own = wires.sum(axis)
        apart += np.abs(own - _at_ranks(own, like.sum(axis))).sum() / 2
    return float(apart / max(1, 2 * wires.sum()))


def _at_ranks(
    degrees: Int[np.ndarray, " nodes"], like: Int[np.ndarray, " others"]
) -> Float[np.ndarray, " nodes"]:
    """Return the degrees of `like` at the ranks that nodes have by their own degrees."""
    ranks = np.argsort(np.argsort(degrees, kind="stable"), kind="stable")
    return np.round(np.quantile(like, np.linspace(0, 1, len(degrees))))[ranks]


def types_null(wires: Bool[np.ndarray, "n n"], types: tuple[str, ...]) -> motifs.OwnNull[Digraph]:
    """Return the null that keeps the number of edges from each type of node to each, off itself."""
    kinds = np.array(types)
    blocks = []
    for one in dict.fromkeys(types):
        for other in dict.fromkeys(types):
            places = np.argwhere((kinds == one)[:, None] & (kinds == other))
            places = places[places[:, 0] != places[:, 1]]
            blocks.append((places, int(wires[tuple(places.T)].sum())))

    def draw(network: int, number: int, seed: tuple[int, ...]) -> Digraph:
        rng = np.random.default_rng(seed)
        drawn = np.zeros((number, *wires.shape), bool)
        for one in drawn:
            for places, edges in blocks:
                one[tuple(places[rng.permutation(len(places))[:edges]].T)] = True
        return anywhere(drawn)

    return motifs.OwnNull("types", draw)


def anywhere(wires: Bool[np.ndarray, "networks n n"]) -> Digraph:
    """Return digraphs in which any node may be an input and an output."""
    every = np.ones(wires.shape[-1], bool)
    return Digraph(wires, every, every)


def _read(name: str) -> pd.DataFrame:
    with files(__package__).joinpath("connectomes", name).open(encoding="utf-8") as file:
        return pd.read_csv(file)


def _wires(edges: pd.DataFrame, sources: list, targets: list) -> Bool[np.ndarray, "_a _b"]:
    rows = {node: place for place, node in enumerate(sources)}
    columns = {node: place for place, node in enumerate(targets)}
    inside = edges[edges["source"].isin(sources) & edges["target"].isin(targets)]
    wires = np.zeros((len(sources), len(targets)), bool)
    wires[inside["source"].map(rows), inside["target"].map(columns)] = True
    return wires
