"""How alike networks are: cosine similarity of their significance profiles, level by level."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness import stats
from harness.report._source import Collection
from harness.report._summaries import SUPPORTS, last_of_equal, nearest

BETWEEN = "between conditions"
NULL = "null draws"

MOST_DRAWN = 400
"""So many null draws are compared at most, taken evenly from all conditions."""

TESTED_DENSITIES = (0.25, 0.15, 0.1, 0.07)
"""Similarity is tested at the levels nearest to 75, 85, 90 and 93 % pruned."""


def similarity(data: Collection) -> pd.DataFrame:
    """Mean pairwise similarity within each condition and between them, with intervals.

    One row for each order of motifs, support and density. A profile is the vector of z of the
    classes that are defined in all the networks compared. `classes` is how many those are. Rows
    called `NULL` compare draws from the null, one for each network, all conditions together.
    """
    columns = ["comparison", "order", "support", "density", "mean", "low", "high", "n", "classes"]
    rows = []
    for support in SUPPORTS:
        table = data.summed[data.summed["support"] == support]
        for order, density, wide in _by_level(data, table):
            place = {"order": order, "support": support, "density": density}
            rows += [{**place, **row} for row in _rows(wide)]
    for order, density, wide in _by_level(data, data.drawn):
        place = {"comparison": NULL, "order": order, "support": "all", "density": density}
        thinned = wide.iloc[:: -(-len(wide) // MOST_DRAWN)]
        rows.append({**place, **_within(_profiles(thinned))})
    return pd.DataFrame([row for row in rows if np.isfinite(row["mean"])], columns=columns)


def _by_level(
    data: Collection, table: pd.DataFrame, densities: Sequence[float] | None = None
) -> Iterator[tuple[int, float, pd.DataFrame]]:
    """For each order and density the z of every network, a row a network and a column a motif."""
    if densities is not None:
        table = table[table["density"].isin(densities)]
    if table.empty:
        return
    place = ["density", "condition", "cell", "network"]
    every = last_of_equal(table).pivot_table(
        index=place, columns="motif", values="z", observed=True
    )
    every = every.reset_index(["condition", "cell"])
    told = data.cells.set_index("cell")
    cell = every.pop("cell").astype(object)
    for name in ("task", "data_seed"):
        every[name] = cell.map(told[name]).to_numpy()
    # Conditions in the order of the legend.
    rank = {name: number for number, name in enumerate(data.conditions)}
    every["condition"] = every["condition"].astype(object)
    every = every.iloc[np.argsort(every["condition"].map(rank).to_numpy(), kind="stable")]
    every = every.set_index(["condition", "task", "data_seed"], append=True)
    classes = table[["order", "motif"]].drop_duplicates()
    for density, wide in every.groupby(level="density"):
        for order, names in classes.groupby("order", observed=True)["motif"]:
            known = [name for name in names if name in wide]
            yield int(str(order)), float(str(density)), wide.droplevel("density")[known]


def _rows(wide: pd.DataFrame) -> list[dict[str, Any]]:
    """Similarity within each condition and, where there are several, between them."""
    rows: list[dict[str, Any]] = [
        {"comparison": condition, **_within(_profiles(part))}
        for condition, part in wide.groupby(level="condition", sort=False)
    ]
    if len(rows) > 1:
        profiles = _profiles(wide)
        # The same number has the same initial weights within one task.
        units = pd.factorize(profiles.reset_index(["condition", "data_seed"]).index)[0]
        groups = pd.factorize(profiles.index.get_level_values("condition"))[0]
        found = stats.mean_cosine_between(profiles.to_numpy(dtype=float), groups, units)
        rows.append({"comparison": BETWEEN, **_row(found, profiles)})
    return rows


def _profiles(wide: pd.DataFrame) -> pd.DataFrame:
    """The networks that have a profile, and the classes that are defined in all of them."""
    complete = wide.dropna(axis="index", how="all").dropna(axis="columns")
    # One class has no direction but its sign: any two such profiles are alike or opposite.
    return complete if complete.shape[1] > 1 else complete.iloc[:0]


def _within(profiles: pd.DataFrame) -> dict[str, Any]:
    return _row(stats.mean_cosine_within(profiles.to_numpy(dtype=float)), profiles)


def _row(found: stats.Interval, profiles: pd.DataFrame) -> dict[str, Any]:
    ends = {"mean": found.value, "low": found.low, "high": found.high}
    return {**ends, "n": found.n, "classes": profiles.shape[1]}


def tests(data: Collection) -> pd.DataFrame:
    """Permutation tests of convergence by condition, and of dispersion, at a few levels.

    One row for each level, order and block: the conditions of one task and data seed, whose
    networks are paired by number. Profiles count all nodes. `gap` is the mean similarity within
    conditions less that between them; `scatter` the largest less the smallest mean distance of a
    condition's profiles from their centroid. Blocks of one condition have nothing to permute.
    """
    if not data.densities:
        return pd.DataFrame()
    levels = {nearest(data.densities, density) for density in TESTED_DENSITIES}
    table = data.summed[data.summed["support"] == "all"]
    rows = []
    for order, density, wide in _by_level(data, table, sorted(levels)):
        for (task, data_seed), part in wide.groupby(level=["task", "data_seed"], sort=False):
            profiles = _profiles(part)
            networks = profiles.index.get_level_values("network").to_numpy()
            groups = pd.factorize(profiles.index.get_level_values("condition"))[0]
            if len(np.unique(groups)) < 2:
                continue
            values = profiles.to_numpy(dtype=float)
            gap = stats.convergence_test(values, groups, networks)
            scatter = stats.dispersion_test(values, groups, networks)
            rows.append(
                {
                    "block": f"{task} · data seed {data_seed}",
                    "density": density,
                    "order": order,
                    "conditions": len(np.unique(groups)),
                    "n": len(np.unique(networks)),
                    "classes": profiles.shape[1],
                    "gap": gap.statistic,
                    "p": gap.p,
                    "scatter": scatter.statistic,
                    "p_scatter": scatter.p,
                    "attainable": gap.attainable,
                    "arrangements": gap.arrangements,
                    "how": "every one" if gap.exact else "sampled",
                }
            )
    table = pd.DataFrame(rows)
    return table.sort_values(["density", "order"], ascending=False) if rows else table
