"""How alike networks are: cosine similarity of their significance profiles, level by level."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from harness import stats
from harness.report._source import Collection
from harness.report._summaries import summed

BETWEEN = "between conditions"

Pairing: TypeAlias = Callable[[Any, Any], Any]


def similarity(data: Collection) -> pd.DataFrame:
    """Mean pairwise similarity within each condition and between them, with intervals.

    One row for each order of motifs, support and density. A profile is the vector of z of the
    classes that are defined in all the networks compared. `classes` is how many those are.
    """
    columns = ["comparison", "order", "support", "density", "mean", "low", "high", "n", "classes"]
    rows = [
        {"order": order, "support": support, "density": density, **row}
        for (order, support, density), group in summed(data.motifs).groupby(
            ["order", "support", "density"], sort=False, observed=True
        )
        for row in _rows(group.merge(_units(data), on="cell"))
    ]
    return pd.DataFrame(rows, columns=columns)


def _units(data: Collection) -> pd.DataFrame:
    """The task of every cell: the same number has the same initial weights within one task."""
    return data.cells[["cell", "task"]]


def _rows(group: pd.DataFrame) -> list[dict[str, Any]]:
    """Similarity within each condition and, where there are several, between them."""
    wide = group.pivot_table(
        index=["condition", "task", "network"], columns="motif", values="z", observed=True
    )
    rows = []
    for condition, part in wide.groupby(level="condition", sort=False):
        rows.append({"comparison": condition, **_mean_cosine(part, stats.within_pairs)})
    if len(rows) > 1:
        rows.append({"comparison": BETWEEN, **_mean_cosine(wide, stats.between_pairs)})
    return [row for row in rows if np.isfinite(float(row["mean"]))]


def _mean_cosine(wide: pd.DataFrame, pairing: Pairing) -> dict[str, float]:
    """The mean over the pairs that `pairing` makes of (condition codes, units)."""
    complete = wide.dropna(axis="index", how="all").dropna(axis="columns")
    conditions = complete.index.get_level_values("condition").to_numpy()
    tasks = complete.index.get_level_values("task")
    numbers = complete.index.get_level_values("network")
    units = pd.factorize(pd.MultiIndex.from_arrays([tasks, numbers]))[0]
    codes = pd.factorize(conditions)[0]
    # One class has no direction but its sign: any two such profiles are alike or opposite.
    if complete.shape[1] < 2:
        complete = complete.iloc[:, :0]
    found = stats.mean_cosine(complete.to_numpy(dtype=float), pairing(codes, units), units)
    return {
        "mean": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "classes": complete.shape[1],
    }
