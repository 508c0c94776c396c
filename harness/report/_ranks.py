"""Ranks of pruners within each network: which holds the loss best, and how often."""

import pandas as pd

from harness import stats
from harness.report._contests import Contest
from harness.report._source import NETWORK

_COLUMNS = ("pruner", "density", "rank", "low", "high", "best", "networks", "n", "unit")


def ranks(contest: Contest) -> pd.DataFrame:
    """Mean rank of each pruner by validation loss at each density that all were trained at.

    Pruners are ranked within each network, 1 the lowest loss, ties sharing their mean rank; a
    network that lacks a loss under any pruner is left out. A pruner that does no better than a
    constant at a density is not ranked there. `low` and `high` are the ends of a 95 % interval of
    the mean rank over `n` units; `best` counts those of the `networks` in which the pruner has the
    lowest loss, ties for each. At density 1 there is nothing to rank.
    """
    from scipy.stats import rankdata

    rows = []
    for density in contest.densities:
        part = contest.last[(contest.last["density"] == density) & ~contest.last["left_out"]]
        wide = part.pivot(index=list(NETWORK), columns="pruner", values="loss")
        labels = [label for label in contest.pruners if label in wide]
        losses = wide[labels].dropna()
        if density == 1 or not len(losses) or len(labels) < 2:
            continue
        values = losses.to_numpy(dtype=float)
        ranked = pd.DataFrame(rankdata(values, axis=1), index=losses.index, columns=labels)
        by_unit = contest.units.averaged(ranked)
        best = values == values.min(axis=1, keepdims=True)
        for column, label in enumerate(labels):
            values_of = by_unit[label].to_numpy(dtype=float)
            interval = stats.mean_interval(values_of, bounds=(1.0, float(len(labels))))
            mean = (interval.value, interval.low, interval.high)
            counts = (int(best[:, column].sum()), len(losses), interval.n)
            made = (label, density, *mean, *counts, str(contest.units))
            rows.append(dict(zip(_COLUMNS, made, strict=True)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))
