"""Summaries over networks, level by level, that several topics of the report share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.tables.collection import Collection
from harness.tables.parts import pruned

CHOSEN_DENSITY = 0.07
"""The level that tables show is the nearest to 93 % pruned, where the published claims are."""


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
    """Validation loss of every network and level: as measured, else as seen in training."""
    measured = data.role("loss")
    return data.levels.assign(value=data.levels["validation_loss"]) if measured.empty else measured


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


def stepped(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `step`, the number of its level among all, and `pruned`, what pages call it.

    Levels are numbered from the densest on, those of one density in order.
    """
    places = table[["density", "later"]].drop_duplicates()
    places = places.sort_values(["density", "later"], ascending=False, ignore_index=True)
    same = places.groupby("density").cumcount() + 1
    several = places["density"].duplicated(keep=False)
    said = [
        f"{pruned(density)}{f', {number}' * repeated}"
        for density, number, repeated in zip(places["density"], same, several, strict=True)
    ]
    places = places.assign(step=range(len(places)), pruned=said)
    return table.merge(places, how="left", on=["density", "later"])


def chosen_step(table: pd.DataFrame, density: float) -> int:
    """The step of the level of a `stepped` table nearest to a density, the last of equal ones."""
    found = nearest(list(table["density"].unique()), density)
    return int(table.loc[table["density"] == found, "step"].max())
