"""Ranks of pruners within each network: which holds the loss best, and how often."""

import numpy as np
import pandas as pd

from harness import stats
from harness.report._contests import UNIT, Contest


def ranks(contest: Contest) -> pd.DataFrame:
    """Mean rank of each pruner by validation loss at each density that all were trained at.

    Pruners are ranked within each network, 1 the lowest loss, ties sharing their mean rank; a
    network that lacks a loss under any pruner is left out. `low` and `high` are the ends of a 95 %
    interval of the mean rank over `n` networks; `best` counts those in which the pruner
    has the lowest loss, ties for each. At density 1 there is nothing to rank.
    """
    from scipy.stats import rankdata

    rows = []
    for density in contest.densities:
        part = contest.rows[contest.rows["density"] == density]
        wide = part.pivot_table(index=list(UNIT), columns="pruner", values="loss", sort=False)
        losses = wide.reindex(columns=list(contest.pruners)).dropna().to_numpy(dtype=float)
        if density == 1 or not len(losses):
            continue
        ranked = rankdata(losses, axis=1)
        best = losses == losses.min(axis=1, keepdims=True)
        for column, label in enumerate(contest.pruners):
            values = np.asarray(ranked[:, column], dtype=float)
            interval = stats.mean_interval(values, bounds=(1.0, float(len(contest.pruners))))
            rows.append(
                {
                    "pruner": label,
                    "density": density,
                    "rank": interval.value,
                    "low": interval.low,
                    "high": interval.high,
                    "best": int(best[:, column].sum()),
                    "n": interval.n,
                }
            )
    return pd.DataFrame(rows, columns=["pruner", "density", "rank", "low", "high", "best", "n"])
