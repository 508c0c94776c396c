"""The tables of the study `orders`: strength of order 4 by kind of graph, and class by class."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness import stats
from harness.report import RunTables, conditions
from harness.report.constant_predictor import MOST, SHARE
from harness.tables.parts import percent_pruned

from ._starts import start_of

MARGIN = 2.0
"""The root mean square z from which on something is left that the null does not explain."""

CALIBRATED = (0.8, 1.2)
"""Strengths between which that of draws of the null must lie, within its interval."""

SHOWN = 0.05
"""A class differs from its null below this q."""

OUTCOMES = {
    "order4": "order 4 beyond degrees",
    "given3": "order 4 given order 3",
    "order3": "order 3 beyond degrees",
    "layered": "order 4 beyond layer densities",
    "lower": "order 4 given lower, layered",
}
"""Root mean square z over classes, by their columns."""

NETWORK, DRAW, PLANTED = "network", "draw", "planted"
CONDITION = ("start", "kind")


def levels(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return one row a network that did not diverge, at the density measured.

    `start` names the start and the share of weights pruned.
    """
    return pd.concat([_levels(run) for run in runs.values()], ignore_index=True)


def _levels(run: RunTables) -> pd.DataFrame:
    table = run.table("levels")
    least = float(table["density"].min())
    ends = conditions.sound(table)
    ends = ends[ends["density"] <= least + 1e-9]
    pruned = percent_pruned(least).replace("\N{NO-BREAK SPACE}", "")
    starts = start_of(ends["architecture"], "large") + f" {pruned}"
    return conditions.networks(run, ends).assign(start=starts)


def floored(found: pd.DataFrame) -> list[str]:
    """Return the starts of which too many networks are at the floor: nothing is claimed of them."""
    share = (found["loss"] >= SHARE).groupby(found["start"]).mean()
    return [str(start) for start in share[share > MOST].index]


def measured(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return the rows of the metric with start, data seed and kind of graph."""
    table = pd.concat([run.table("higher-orders") for run in runs.values()])
    table = table.drop(columns=["network", "data_seed"], errors="ignore")
    found = levels(runs)
    found = found[~found["start"].isin(floored(found))]
    rows = table.merge(found[["trial", "data_seed", "start"]], on="trial")
    return rows.assign(kind=rows["graph"].astype(str).str.partition(" ")[0])


def outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the strengths of each network and of its controls, which are pooled by kind."""
    unit = ["trial", "data_seed", *CONDITION]
    found = rows[unit].drop_duplicates().assign(key=lambda one: one["trial"] + one["kind"])
    rows = rows.assign(key=rows["trial"] + rows["kind"])
    order3, order4 = (rows[rows["order"] == order] for order in (3, 4))
    free = order4[np.isfinite(order4["z"])]
    parts = {
        "order4": free,
        "given3": free.assign(z=free["z_given"]),
        "order3": order3,
        "layered": free.assign(z=free["z_layered"]),
        "lower": order4.assign(z=order4["z_lower"]),
    }
    strengths = {name: conditions.strength(part, "key") for name, part in parts.items()}
    return found.assign(**{name: found["key"].map(one) for name, one in strengths.items()})


def means(found: pd.DataFrame) -> pd.DataFrame:
    """Return geometric means by start and kind with intervals over networks, and verdicts."""
    table = conditions.means(found, CONDITION, tuple(OUTCOMES), geometric=True)
    return table.assign(verdict=[left(row) for _, row in table.iterrows()])


def calibrated(means: pd.DataFrame) -> bool:
    """Return whether the strength of draws of the null is about 1, as the design asks."""
    rows = means[(means["outcome"] == "order4") & (means["kind"] == DRAW)]
    return bool(((rows["low"] < CALIBRATED[1]) & (rows["high"] > CALIBRATED[0])).all())


def left(row: pd.Series) -> str:
    """Return what the rule of the design says of a strength."""
    return conditions.left(row, MARGIN, "nothing is left")


def classes(rows: pd.DataFrame, score: str = "z") -> pd.DataFrame:
    """Return mean z of order-4 classes over networks: n, interval, p and q, by start and graph.

    q is of Benjamini and Hochberg over the classes of one start and graph whose z is defined.
    """
    order4 = rows[(rows["order"] == 4) & np.isfinite(rows["z"])]
    tables = []
    for (start, graph, number), part in order4.groupby(["start", "graph", "number"], sort=False):
        wide = part.pivot(index="data_seed", columns="motif", values=score)
        tests = stats.mean_tests(wide.to_numpy(float))._asdict()
        known = {"start": start, "graph": graph, "number": number, "motif": list(wide)}
        q = stats.benjamini_hochberg(tests["p"])
        tables.append(pd.DataFrame({**known, **tests, "q": q}))
    return pd.concat(tables, ignore_index=True)


def power(rows: pd.DataFrame) -> pd.DataFrame:
    """Return for each kind of graph how many classes differ, and z of the class planted."""
    parts = []
    for score in ("z", "z_given"):
        of = classes(rows, score).dropna(subset=["q"])
        by = of.assign(differ=of["q"] < SHOWN).groupby(["start", "graph", "number"], sort=False)
        counted = by["differ"].agg(["sum", "size"]).reset_index()
        parts.append(counted.groupby(["start", "graph"], sort=False)[["sum", "size"]].mean())
    differ = parts[0].join(parts[1].add_suffix("_given")).reset_index()
    own = rows[rows["graph"] == PLANTED + " " + rows["motif"]]
    reached = own.groupby(["start", "graph"])["z"].mean().rename("reached")
    return differ.merge(reached.reset_index(), how="left", on=["start", "graph"])
