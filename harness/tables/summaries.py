"""Summaries over networks, level by level, that several topics of the report share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.tables.collection import Collection
from harness.tables.parts import pruned

CHOSEN_DENSITY = 0.07
"""Tables show the level nearest to 93 % pruned, the density of the published claims."""


def spread(table: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Return n, mean, median and quartiles of a column over networks, for each group."""
    finite = table[np.isfinite(table[value].astype(float))]
    if finite.empty:
        return pd.DataFrame(columns=[*by, "n", "mean", "median", "lower", "upper"])
    groups = finite.groupby(list(by), sort=False, observed=True)[value]
    ends = groups.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    ends.columns = pd.Index(["lower", "median", "upper"])
    return groups.agg(n="size", mean="mean").join(ends).reset_index()


def losses(data: Collection) -> pd.DataFrame:
    """Return each network's validation loss by level: as measured, else as seen in training.

    Networks whose loss is unknown, as that of imported ones may be, have no row.
    """
    measured = data.role("loss")
    if not measured.empty:
        return measured
    return data.levels.assign(value=data.levels["validation_loss"]).dropna(subset="value")


def nearest(densities: Sequence[float], wanted: float) -> float:
    """Return the density of the list nearest to the one wanted."""
    return min(densities, key=lambda density: abs(density - wanted))


def at(table: pd.DataFrame, density: float) -> pd.DataFrame:
    """Return the rows of the level nearest to a density, condition by condition.

    Of levels of equal density, the last is taken.
    """
    if table.empty:
        return table
    chosen = table.groupby("condition", observed=True)["density"].transform(
        lambda densities: nearest(list(densities.unique()), density)
    )
    return last_of_equal(table[table["density"] == chosen])


def last_of_equal(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last level of each condition and density."""
    last = table.groupby(["condition", "density"], observed=True)["level"].transform("max")
    return table[table["level"] == last]


def has_equal_densities(data: Collection) -> bool:
    """Return whether a condition has levels of one density: training without pruning."""
    return len(last_of_equal(data.levels)) < len(data.levels)


def stepped(table: pd.DataFrame) -> pd.DataFrame:
    """Add `step`, the number of a level among all, and `pruned`, its name on pages.

    Levels are numbered from the densest on, those of one density in order.
    """
    places = table[["density", "later"]].drop_duplicates()
    places = places.sort_values(["density", "later"], ascending=False, ignore_index=True)
    same = places.groupby("density").cumcount() + 1
    several = places["density"].duplicated(keep=False)
    labels = [
        f"{pruned(density)}{f', {number}' * repeated}"
        for density, number, repeated in zip(places["density"], same, several, strict=True)
    ]
    places = places.assign(step=range(len(places)), pruned=labels)
    return table.merge(places, how="left", on=["density", "later"])


def chosen_step(table: pd.DataFrame, density: float) -> int:
    """Return the step of a `stepped` table nearest to a density, the last of equal ones."""
    chosen = nearest(list(table["density"].unique()), density)
    return int(table.loc[table["density"] == chosen, "step"].max())
