"""How alike networks are: similarity of significance profiles, corrected for noise, by level."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness import stats
from harness.report._source import Collection
from harness.report._summaries import SUPPORTS, last_of_equal, nearest
from harness.report._units import units_of

BETWEEN = "between conditions"

CONTROLS: Mapping[str, str] = {
    "unequal-degrees": "unequal degrees alone",
    "degree-drawn": "the same degrees",
}
"""The supports that measure random graphs made for each network, and what the page calls them."""

TESTED_DENSITIES = (0.25, 0.15, 0.1, 0.07)
"""Similarity is tested at the levels nearest to 75, 85, 90 and 93 % pruned."""

_COLUMNS = (
    *("comparison", "graphs", "order", "support", "density", "mean", "low", "high", "n"),
    "classes",
)


def similarity(data: Collection) -> pd.DataFrame:
    """Noise-corrected similarity within each condition and between them, with intervals.

    One row for each order of motifs, support, density and comparison. A profile is the vector of z
    of the classes that are defined in all the networks compared. `classes` is how many those are;
    `graphs` are the networks, or one of the `CONTROLS` made for them. Rows without a signal that is
    clear of noise are left out.
    """
    rows = []
    for support in SUPPORTS:
        table = data.summed[data.summed["support"] == support]
        for order, density, wide in _by_level(data, table):
            place = {"graphs": "networks", "order": order, "support": support, "density": density}
            rows += [{**place, **row} for row in _rows(wide)]
    for control, name in CONTROLS.items():
        table = data.drawn[data.drawn["support"] == control]
        for order, density, wide in _by_level(data, table):
            place = {"graphs": name, "order": order, "support": "all", "density": density}
            rows += [{**place, **row} for row in _rows(wide)]
    return pd.DataFrame([row for row in rows if np.isfinite(row["mean"])], columns=list(_COLUMNS))


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
    about = ("task", "seed", "data_seed", "version")
    for name in about:
        every[name] = cell.map(told[name]).to_numpy()
    # Conditions in the order of the legend.
    rank = {name: number for number, name in enumerate(data.conditions)}
    every["condition"] = every["condition"].astype(object)
    every = every.iloc[np.argsort(every["condition"].map(rank).to_numpy(), kind="stable")]
    every = every.set_index(["condition", *about], append=True)
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
        profiles, noise = _by_unit(_profiles(wide))
        # The same unit has the same initial weights under all conditions of one task.
        units = pd.factorize(profiles.reset_index("condition").index)[0]
        groups = pd.factorize(profiles.index.get_level_values("condition"))[0]
        values = profiles.to_numpy(dtype=float)
        found = stats.similarity_between(values, groups, units, noise=noise)
        rows.append({"comparison": BETWEEN, **_row(found, profiles)})
    return rows


def _by_unit(profiles: pd.DataFrame) -> tuple[pd.DataFrame, stats.Noise]:
    """The mean profile of each unit of replication, and the noise that such a mean has."""
    if profiles.empty:
        return profiles, stats.EXACT
    units = units_of(profiles.index.to_frame(index=False))
    groups = profiles.groupby(level=["condition", "task", *units.keys], sort=False)
    return groups.mean(), stats.Noise(averaged=int(groups.size().min()))


def _profiles(wide: pd.DataFrame) -> pd.DataFrame:
    """The networks that have a profile, and the classes that are defined in all of them."""
    complete = wide.dropna(axis="index", how="all").dropna(axis="columns")
    # One class has no direction but its sign: any two such profiles are alike or opposite.
    return complete if complete.shape[1] > 1 else complete.iloc[:0]


def _within(networks: pd.DataFrame) -> dict[str, Any]:
    profiles, noise = _by_unit(networks)
    return _row(stats.similarity_within(profiles.to_numpy(dtype=float), noise=noise), profiles)


def _row(found: stats.Interval, profiles: pd.DataFrame) -> dict[str, Any]:
    ends = {"mean": found.value, "low": found.low, "high": found.high}
    return {**ends, "n": found.n, "classes": profiles.shape[1]}


def tests(data: Collection) -> pd.DataFrame:
    """Whether networks are more alike than the controls made for them, at a few levels.

    One row for each level, order, condition and control. Profiles count all nodes; each network is
    paired with its own control. `difference` is the similarity of the networks less that of their
    controls, with its interval and p from one procedure (`stats.similarity_difference`).
    """
    if not data.densities or data.drawn.empty:
        return pd.DataFrame()
    levels = {nearest(data.densities, density) for density in TESTED_DENSITIES}
    own = data.summed[data.summed["support"] == "all"]
    networks = {
        (order, density): wide for order, density, wide in _by_level(data, own, sorted(levels))
    }
    rows = []
    for control, name in CONTROLS.items():
        table = data.drawn[data.drawn["support"] == control]
        for order, density, drawn in _by_level(data, table, sorted(levels)):
            trained = networks.get((order, density))
            if trained is None:
                continue
            place = {"density": density, "order": order, "control": name}
            for condition, part in trained.groupby(level="condition", sort=False):
                rows += [{"condition": condition, **place, **row} for row in _beside(part, drawn)]
    table = pd.DataFrame(rows)
    by, ascending = ["density", "order", "condition"], [False, True, True]
    return table.sort_values(by, ascending=ascending, kind="stable") if rows else table


def _beside(trained: pd.DataFrame, drawn: pd.DataFrame) -> list[dict[str, Any]]:
    """The networks of one condition against their controls: one row, or none without a pair."""
    shared = trained.index.intersection(drawn.index)
    networks = [_profiles(part.loc[shared]) for part in (trained, drawn)]
    if len(networks[0]) < 2 or len(networks[0]) != len(networks[1]):
        return []
    (one, noise), (other, also) = map(_by_unit, networks)
    both = [one, other]
    values = [part.to_numpy(dtype=float) for part in both]
    alike = stats.similarity_within(values[0], noise=noise)
    control = stats.similarity_within(values[1], noise=also)
    found = stats.similarity_difference(values[0], values[1], noise=(noise, also))
    return [
        {
            "n": found.n,
            "classes": both[0].shape[1],
            "similarity": alike.value,
            "of_control": control.value,
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "p": found.p,
            "attainable": found.attainable,
        }
    ]
