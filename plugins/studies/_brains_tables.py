"""The tables of the study `brains`: places of brains among networks, and how these are matched."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from harness import LayeredGraph, motifs
from harness.report import RunTables
from harness.report.constant_predictor import MOST, SHARE

from . import _brains_graphs as graphs
from ._starts import start_of
from .brains import DENSER

MARGIN = 0.1
"""Of log2(count / expected): so far a brain must lie beyond all networks to be unlike them."""

SEEN = 5.0
"""The expected count below which a class is too rare for its ratio to mean anything."""

WITHIN, JUST, ABOVE, BELOW = "within", "just outside", "above all", "below all"

CONTROL = "unequal degrees alone"
RANDOM, RECURRENT = "random masks", "recurrent"
PRIMARY = ("published-like, own", "Glorot, own")
"""The ensembles of the primary outcome: pruned to the brain's number of edges in each layer."""

QUANTITY = ["null", "order", "motif", "base_layer"]


def layered_ensembles(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return ratios of layered networks and of the control: `ensemble`, `replicate`, `QUANTITY`.

    "own" are networks at their last level; "matched" had more edges, and lost some to get degrees
    like the brain's.
    """
    parts = []
    for name in ("pruned", "random"):
        table, levels = runs[name].table("beside-brain"), runs[name].table("levels")
        last = table["trial"].map(levels.groupby("trial")["level"].max())
        wanted = np.where(table["version"] == "own", last, DENSER)
        table = table[table["level"] == wanted]
        start = start_of(table["architecture"]) if name == "pruned" else RANDOM
        rows = table.assign(ensemble=start + ", " + table["version"], replicate=table["data_seed"])
        parts.append(rows)
    control = _unequal(_draws(runs["pruned"])).rename(columns={"network": "replicate"})
    parts.append(control.assign(ensemble=CONTROL))
    columns = ["ensemble", "replicate", *QUANTITY, "count", "expected", "log2_ratio", "mismatch"]
    return pd.concat([part[columns] for part in parts], ignore_index=True)


def recurrent_ensemble(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return ratios of triads of recurrent networks; null `masks` is called `types`.

    Nodes of one type are inputs, units or outputs: null `masks` keeps the edges between them.
    """
    table = runs["recurrent"].table("digraph-motifs")
    table = table.assign(
        ensemble=RECURRENT,
        replicate=table["data_seed"],
        null=table["null"].replace("masks", "types"),
        base_layer=0,
    )
    return table[["ensemble", "replicate", *QUANTITY, "count", "expected", "log2_ratio"]]


@cache
def _bodies(draws: int) -> pd.DataFrame:
    parts = []
    for side in graphs.SIDES:
        graph = LayeredGraph(tuple(wires[None] for wires in graphs.mushroom_body(side)))
        parts.append(graphs.layered_profile(graph, draws, seed=0).assign(brain=side))
    return pd.concat(parts, ignore_index=True)


@cache
def _worm(draws: int) -> pd.DataFrame:
    wires, types = graphs.worm()
    graph = graphs.anywhere(wires[None])
    mutual = motifs.digraph_profile(graph, draws=draws, keep_mutual=True, orders=(2,))
    null = graphs.types_null(wires, types)
    blocks = motifs.drawn_digraph_profile(graph, null, draws, (2,))
    both = pd.concat([mutual, blocks], ignore_index=True)
    return both.assign(brain="C. elegans", base_layer=0)


@cache
def _unequal(draws: int) -> pd.DataFrame:
    """Return ratios of 12 graphs whose degrees vary as those of the left side, and nothing else."""
    brain = graphs.mushroom_body("left")
    many = LayeredGraph(tuple(np.repeat(wires[None], 12, 0) for wires in brain))
    drawn = motifs.control_draws(many, range(12), 0, "unequal-degrees")
    layers = [np.asarray(wires) for wires in drawn.adjacency]
    apart = [
        float(np.mean([graphs.mismatch(*pair) for pair in zip(one, brain, strict=True)]))
        for one in zip(*layers, strict=True)
    ]
    table = graphs.layered_profile(drawn, draws, seed=0)
    return table.assign(mismatch=table["network"].map(dict(enumerate(apart))))


def bodies(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return the ratios of both sides of the mushroom body, column `brain`."""
    return _bodies(_draws(runs["pruned"]))


def worm(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return the ratios of C. elegans, column `brain`."""
    return _worm(_draws(runs["recurrent"]))


def floors(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return by ensemble of trained networks the loss at the last level, and who is at the floor.

    `judged`: whether so few do hardly better than a constant that the ensemble may be compared.
    """
    parts = []
    for name in ("pruned", "recurrent"):
        levels = runs[name].table("levels")
        last = levels[levels["level"] == levels.groupby("trial")["level"].transform("max")]
        share = (last["validation_loss"] / last["constant_loss"]).astype(float)
        start = start_of(last["architecture"]) if name == "pruned" else RECURRENT
        rows = last.assign(ensemble=start, share=share, marked=~(share < SHARE))
        by = rows.groupby("ensemble", sort=False)
        parts.append(by.agg(n=("share", "size"), share=("share", "mean"), marked=("marked", "sum")))
    table = pd.concat(parts).reset_index()
    return table.assign(judged=table["marked"] <= MOST * table["n"])


def positions(brain: pd.DataFrame, ensembles: pd.DataFrame, floor: pd.DataFrame) -> pd.DataFrame:
    """Return where each brain stands in each ensemble, a row a quantity.

    A quantity counts where the brain and all networks have a ratio and an expected count of at
    least `SEEN`; classes that the null determines do not vary and are left out. `low`, `median`,
    `high`: of the networks; `position`: the share of them below the brain, half of equal ones;
    `verdict`: `WITHIN` their range, `JUST` outside by up to `MARGIN`, `ABOVE`, or `BELOW`.
    """
    out = set(floor.loc[~floor["judged"], "ensemble"])
    rows = []
    for (ensemble, *quantity), networks in ensembles.groupby(["ensemble", *QUANTITY], sort=False):
        name = str(ensemble)
        if name.partition(",")[0] in out:
            continue
        at = (brain[QUANTITY] == quantity).all(axis=1)
        values = networks["log2_ratio"].to_numpy(dtype=float)
        rare = (networks["expected"] < SEEN).any()
        for _, one in brain[at].iterrows():
            value = float(one["log2_ratio"])
            usable = np.isfinite([value, *values]).all() and one["sd"] > 0
            if rare or not usable or one["expected"] < SEEN or np.ptp(values) == 0:
                continue
            low, high = values.min(), values.max()
            below = float((values < value).mean() + (values == value).mean() / 2)
            rows.append(
                {
                    "brain": one["brain"],
                    "ensemble": name,
                    **dict(zip(QUANTITY, quantity, strict=True)),
                }
                | {"n": len(values), "value": value, "low": low, "median": np.median(values)}
                | {"high": high, "position": below, "verdict": _verdict(value, low, high)}
            )
    columns = ["brain", "ensemble", *QUANTITY, "n", "value", "low", "median", "high", "position",
               "verdict"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def counted(places: pd.DataFrame) -> pd.DataFrame:
    """Count the verdicts by brain, ensemble and null."""
    by = places.groupby(["brain", "ensemble", "null"], sort=False)["verdict"]
    table = by.value_counts().unstack(fill_value=0)
    table = table.reindex(columns=[WITHIN, JUST, ABOVE, BELOW], fill_value=0)
    return table.assign(quantities=table.sum(axis=1)).reset_index()


def unlike(places: pd.DataFrame, ensemble: str) -> list[tuple[str, str]]:
    """Return what both sides of the mushroom body have `ABOVE` or `BELOW` all of an ensemble.

    Quantities of the primary outcome, under `degree`: (quantity, verdict).
    """
    rows = places[(places["ensemble"] == ensemble) & (places["null"] == "degree")]
    found = []
    for (motif, layer), both in rows.groupby(["motif", "base_layer"], sort=False):
        verdicts = set(both["verdict"])
        if len(both) == len(graphs.SIDES) and verdicts in ({ABOVE}, {BELOW}):
            found.append((quantity(str(motif), int(str(layer))), verdicts.pop()))
    return found


def quantity(motif: str, layer: int) -> str:
    """Return a class with the layer where copies begin, as in "bifan from P"."""
    return f"{motif} from {graphs.LAYERS[layer]}"


def matching(ensembles: pd.DataFrame) -> pd.DataFrame:
    """Return by layered ensemble how far degrees are from the brain's: mean `mismatch`."""
    once = ensembles.drop_duplicates(["ensemble", "replicate"])
    by = once.groupby("ensemble", sort=False)["mismatch"]
    return by.agg(n="size", mean="mean", low="min", high="max").reset_index()


def _verdict(value: float, low: float, high: float) -> str:
    if low <= value <= high:
        return WITHIN
    beyond = max(low - value, value - high)
    return JUST if beyond <= MARGIN else ABOVE if value > high else BELOW


def _draws(run: RunTables) -> int:
    return int(run.experiment["metrics"][0]["draws"])
