"""The second part of the study `published`: other data sets, and the start of training."""

from collections.abc import Mapping

import pandas as pd

from harness import stats
from harness.report import RunTables
from harness.report import conditions as by

from . import _published_tables as tables
from ._published_counting import PUBLISHED
from ._published_profiles import DEGREE

MARGIN = 1.0
"""A factor of 2 in strength, in log2."""

FEWEST_EQUIVALENT, MOST_DIFFERENT = 20, 3
"""Of the 24 quantities: from how many equivalent ones on it holds, and from how many different ones
on it does not."""

OUTCOMES = {
    "strength": "beyond layer densities",
    "degree_strength": "beyond degrees",
    "loss": "loss / that of the best constant",
}


_BETWEEN = ("motif", "data_sets", "n", "sd_within", "sd_between", "share")


def verdict(compared: pd.DataFrame) -> str:
    """Return whether what was published holds for other data sets, by the rule of DESIGN.md."""
    number = compared["verdict"].value_counts()
    if number.get("different", 0) >= MOST_DIFFERENT:
        return "does not hold"
    clear = not number.get("different", 0) and number.get("equivalent", 0) >= FEWEST_EQUIVALENT
    return "holds" if clear else "is open"


def between(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Return the share of the variance of z that is between data sets, by class, at one level.

    One-way analysis of variance with unequal groups; counted and selected as published. `share` is
    0 where the estimate of the variance between data sets is negative.
    """
    parts = [tables.selected(tables.sampled(run), run) for run in runs.values()]
    every = tables.chosen(pd.concat(parts), percent=percent)
    rows = []
    for motif, part in every.groupby("motif", sort=False):
        z = part["z"].astype(float)
        groups = z.groupby(part["data_seed"].to_numpy())
        n, mean = groups.size(), groups.mean()
        k, total = len(n), int(n.sum())
        if k < 2 or total <= k:
            continue
        outer = float((n * (mean - z.mean()) ** 2).sum() / (k - 1))
        inner = float(((n - 1) * groups.var(ddof=1).fillna(0.0)).sum() / (total - k))
        size = (total - float((n**2).sum()) / total) / (k - 1)
        over = max(0.0, (outer - inner) / size)
        rows.append(
            {
                "motif": motif, "data_sets": k, "n": total, "sd_within": inner**0.5,
                "sd_between": over**0.5, "share": over / (over + inner),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=_BETWEEN)


def outcomes(run: RunTables, percent: int) -> pd.DataFrame:
    """Return a row for each network at one level: its unit and `OUTCOMES`.

    The unit, `data_seed`, names the data seed and the number of the network.
    """
    levels = tables.chosen(tables.with_percent(run.table("levels")), percent=percent)
    levels = levels.reset_index(drop=True)
    found = by.networks(run, levels)
    place = pd.MultiIndex.from_frame(found[["trial", "network"]])
    exact = tables.exact(run)
    exact = exact[(exact["support"] == "all") & (exact["percent"] == percent)]
    degree = tables.as_sampled(run.table("sampled"), DEGREE)
    degree = tables.chosen(degree, percent=percent)
    for name, rows in (("strength", exact), ("degree_strength", degree)):
        found[name] = by.strength(rows, "trial", "network").reindex(place).to_numpy()
    return _paired(found).assign(diverged=levels["diverged"].astype(bool))


def _paired(found: pd.DataFrame) -> pd.DataFrame:
    unit = found["data_seed"].astype(str) + "/" + found["network"].astype(str)
    return found.assign(data_seed=unit)


def starts(glorot: RunTables, published: RunTables, percent: int) -> pd.DataFrame:
    """Return the outcomes of networks from both starts, `start` first, without diverged ones."""
    named = {"Glorot": glorot, "published": published}
    parts = [outcomes(run, percent).assign(start=start) for start, run in named.items()]
    every = pd.concat(parts, ignore_index=True)
    gone = every.loc[every["diverged"], "data_seed"]
    return every[~every["data_seed"].isin(gone)].reset_index(drop=True)


def of_starts(found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean log2 of each outcome from Glorot over that from the published start."""
    pair = {"Glorot / published": ("Glorot", "published")}
    parts = [
        by.differences(found, ["start"], name, pair, geometric=True,
                       family="primary" if name == "strength" else "secondary")
        for name in OUTCOMES
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    return table.assign(verdict=[by.verdict(row, MARGIN) for _, row in table.iterrows()])


def classes(glorot: RunTables, published: RunTables, percent: int) -> pd.DataFrame:
    """Return by class the log2 of count over expected from either start, and their difference.

    Exact under `layered`, all nodes; p is corrected for all classes.
    """
    wide = {}
    for start, run in (("glorot", glorot), ("published", published)):
        table = tables.exact(run)
        table = table[(table["support"] == "all") & (table["percent"] == percent)]
        table = table.assign(unit=_paired(table)["data_seed"])
        wide[start] = table.pivot_table(
            index="unit", columns="motif", values="log2_ratio", sort=False
        )
    shared = wide["glorot"].index.intersection(wide["published"].index)
    names = list(wide["published"].columns.intersection(wide["glorot"].columns))
    one, other = (wide[start].loc[shared, names] for start in ("glorot", "published"))
    tested = stats.mean_tests((one - other).to_numpy(dtype=float))
    means = {"glorot": one.mean().to_numpy(), "published": other.mean().to_numpy()}
    return pd.DataFrame({"motif": names, **means, **tested._asdict()})


def as_published(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Return mean z counted as published at one level, by source and class, with sd over networks.

    Networks are selected as published.
    """
    rows = []
    for source, run in runs.items():
        table = tables.selected(tables.as_sampled(run.table("sampled"), PUBLISHED), run)
        groups = tables.chosen(table, percent=percent).groupby("motif", sort=False)["z"]
        part = groups.agg(mean="mean", sd="std", n="count").reset_index()
        rows.append(part.assign(source=source))
    return pd.concat(rows, ignore_index=True)
