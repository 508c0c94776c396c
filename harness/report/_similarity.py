"""How alike networks are: cosine similarity of their significance profiles, level by level."""

from typing import Any

import numpy as np
import pandas as pd

from harness import stats
from harness.report._source import Collection

BETWEEN = "between conditions"


def similarity(data: Collection) -> pd.DataFrame:
    """Mean pairwise similarity within each condition and between them, with intervals.

    One row for each order of motifs, support and density. A profile is the vector of z of the
    classes that are defined in all the networks compared. `classes` is how many those are.
    """
    columns = ["comparison", "order", "support", "density", "mean", "low", "high", "n", "classes"]
    tasks = data.cells[["cell", "task"]]
    rows = [
        {"order": order, "support": support, "density": density, **row}
        for (order, support, density), group in data.summed.groupby(
            ["order", "support", "density"], sort=False, observed=True
        )
        for row in _rows(group.merge(tasks, on="cell"))
    ]
    return pd.DataFrame(rows, columns=columns)


def _rows(group: pd.DataFrame) -> list[dict[str, Any]]:
    """Similarity within each condition and, where there are several, between them."""
    wide = group.pivot_table(
        index=["condition", "task", "network"], columns="motif", values="z", observed=True
    )
    rows: list[dict[str, Any]] = []
    for condition, part in wide.groupby(level="condition", sort=False):
        profiles = _profiles(part)
        found = stats.mean_cosine_within(profiles.to_numpy(dtype=float))
        rows.append({"comparison": condition, **_row(found, profiles)})
    if len(rows) > 1:
        profiles = _profiles(wide)
        # The same number has the same initial weights within one task.
        units = pd.factorize(profiles.reset_index("condition").index)[0]
        groups = pd.factorize(profiles.index.get_level_values("condition"))[0]
        found = stats.mean_cosine_between(profiles.to_numpy(dtype=float), groups, units)
        rows.append({"comparison": BETWEEN, **_row(found, profiles)})
    return [row for row in rows if np.isfinite(row["mean"])]


def _profiles(wide: pd.DataFrame) -> pd.DataFrame:
    """The networks that have a profile, and the classes that are defined in all of them."""
    complete = wide.dropna(axis="index", how="all").dropna(axis="columns")
    # One class has no direction but its sign: any two such profiles are alike or opposite.
    return complete if complete.shape[1] > 1 else complete.iloc[:0]


def _row(found: stats.Interval, profiles: pd.DataFrame) -> dict[str, Any]:
    ends = {"mean": found.value, "low": found.low, "high": found.high}
    return {**ends, "n": found.n, "classes": profiles.shape[1]}
