"""Summaries over networks, level by level, that several topics of the report share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.report.collection import Collection

CHOSEN_DENSITY = 0.07
"""The level that tables show is the nearest to 93 % pruned, where the published claims are."""

SUPPORTS = ("all", "live")


def spread(table: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Return n, mean, median and quartiles of a column over networks, for each group."""
    finite = table[np.isfinite(table[value].astype(float))]
    if finite.empty:
        return pd.DataFrame(columns=[*by, "n", "mean", "median", "lower", "upper"])
    groups = finite.groupby(list(by), sort=False, observed=True)[value]
    ends = groups.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    ends.columns = pd.Index(["lower", "median", "upper"])
    return groups.agg(n="size", mean="mean").join(ends).reset_index()


def losses(data: Collection, split: str = "validation") -> pd.DataFrame:
    """Loss of every network and level: as measured on the split, else as seen in training."""
    measured = measure(data, "loss", split)
    if not measured.empty or split != "validation":
        return measured
    return data.levels.assign(value=data.levels["validation_loss"], unit="1")


def measure(data: Collection, name: str, split: str) -> pd.DataFrame:
    """One measure of whole networks, a row for each network and level."""
    table = data.performance
    return table[(table["measure"] == name) & (table["split"] == split) & (table["layer"] < 0)]


def motif_order(motifs: pd.DataFrame) -> list[str]:
    """Motif names as the metric lists them: by order, then as enumerated."""
    classes = motifs[["order", "motif"]].drop_duplicates()
    return list(classes.sort_values("order", kind="stable")["motif"])


def nearest(densities: Sequence[float], wanted: float) -> float:
    """The density of the list nearest to the one wanted."""
    return min(densities, key=lambda density: abs(density - wanted))


def at(table: pd.DataFrame, density: float) -> pd.DataFrame:
    """The rows of the level that is nearest to a density, condition by condition.

    Of levels of equal density it is the last.
    """
    if table.empty:
        return table
    chosen = table.groupby("condition", observed=True)["density"].transform(
        lambda found: nearest(list(found.unique()), density)
    )
    return last_of_equal(table[table["density"] == chosen])


def last_of_equal(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of one level for each condition and density: of equal ones the last."""
    last = table.groupby(["condition", "density"], observed=True)["level"].transform("max")
    return table[table["level"] == last]


def has_equal_densities(data: Collection) -> bool:
    """Return whether a condition has levels of one density: training without pruning."""
    return len(last_of_equal(data.levels)) < len(data.levels)
