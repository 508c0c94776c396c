"""What was published, and the same figures of a run: by level, with the published selection."""

from collections.abc import Mapping
from importlib.resources import files

import numpy as np
import pandas as pd

from harness.report import RunTables

from ._published_counting import PUBLISHED

THEIRS = "Zahn et al. 2024"
"""What published figures are called beside those of the runs."""
FEWEST = 5
"""With fewer networks on either side there is no verdict on equivalence."""
PASSES = 1e-3
"""Largest training loss with which Zahn, Daniel and Kutz (2024) count a network."""
SPARSE_LEVELS = {93: 214, 92: 84, 91: 73, 75: 18}
"""Of 400 published networks, how many have this percentage as their last passing level."""
RIGHT = {"chain2_pairs": "chain2", "chain3_pairs": "chain3", "converge3_as_published": "converge3"}
"""The right name of a published class."""


def reference(name: str) -> pd.DataFrame:
    """Return a published table, `zscores` or `losses`, by percent pruned, networks as `n`."""
    with files(__package__).joinpath(f"published_{name}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    return table.rename(columns={"pruned_percent": "percent", "networks": "n"})


def with_percent(table: pd.DataFrame) -> pd.DataFrame:
    """Return a run's table with the percentage pruned of each level.

    Of several levels of one percentage, as a plateau has, only the last is kept.
    """
    table = table.assign(percent=(100 * (1 - table["density"])).round().astype(int))
    last = table.groupby("percent")["level"].transform("max")
    return table[table["level"] == last]


def exact(run: RunTables) -> pd.DataFrame:
    """Return exact motifs of whole networks without bias units, by percent pruned."""
    table = with_percent(chosen(run.table("motifs"), base_layer=-1))
    return table[~table["bias"].astype(bool)]


_NETWORK = ["data_seed", "network"]


def sparse_levels(run: RunTables) -> "pd.Series[int]":
    """Return by data seed and network the last percentage pruned with a passing training loss."""
    levels = with_percent(run.table("levels"))
    return levels[levels["train_loss"] <= PASSES].groupby(_NETWORK)["percent"].max()


def chosen(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows with these values."""
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def sampled(run: RunTables, where: Mapping[str, object] = PUBLISHED) -> pd.DataFrame:
    """Return z-scores over whole networks under one null and convention, by percent pruned."""
    return as_sampled(run.table("sampled"), where)


def as_sampled(table: pd.DataFrame, where: Mapping[str, object]) -> pd.DataFrame:
    """Return these rows of the table `sampled`."""
    return with_percent(chosen(table, base_layer=-1, **where))


def selected(table: pd.DataFrame, run: RunTables) -> pd.DataFrame:
    """Return rows of networks up to their sparse level, as the published tables hold them."""
    last = table[_NETWORK].join(sparse_levels(run).rename("last"), on=_NETWORK)["last"]
    return table[table["percent"] <= last]


def against_published(run: RunTables) -> pd.DataFrame:
    """Return mean z by level and class beside the published, the difference in published sd.

    With the standard `error` and the 90 % interval of the difference of the two means (Welch), and
    a verdict: whether the interval lies within one published standard deviation ("equivalent"),
    beyond it ("different"), or neither ("open"); none with under `FEWEST` networks on either side.
    `alone`: the half width that the published networks alone give it; `ratio`: mean over networks
    of count / expected.
    """
    from scipy.special import stdtrit

    passed = selected(sampled(run), run)
    ours = passed.groupby(["percent", "motif"])
    table = reference("zscores")[["percent", "motif", "n", "mean", "sd"]]
    table = table.rename(columns={name: f"published_{name}" for name in ("n", "mean", "sd")})
    found = ours["z"].agg(mean="mean", sd="std", n="count")
    found["ratio"] = (
        (2.0 ** passed["log2_ratio"]).groupby([passed["percent"], passed["motif"]]).mean()
    )
    table = table.merge(found.reset_index(), on=["percent", "motif"], how="left")
    theirs, mine = (
        table[f"{who}sd"] ** 2 / table[f"{who}n"].where(table[f"{who}n"] > 1)
        for who in ("published_", "")
    )
    error = np.sqrt(theirs + mine)
    freedom = (theirs + mine) ** 2 / (
        theirs**2 / (table["published_n"] - 1) + mine**2 / (table["n"] - 1)
    )
    half = error * [stdtrit(df, 0.95) if df > 0 else np.nan for df in freedom]
    difference = table["mean"] - table["published_mean"]
    sd = table["published_sd"]
    low, high = (difference - half) / sd, (difference + half) / sd
    n = table["published_n"]
    alone = [stdtrit(size - 1, 0.95) / size**0.5 if size > 1 else np.nan for size in n]
    verdict = np.select(
        [
            ~((n >= FEWEST) & (table["n"] >= FEWEST)),
            (low >= -1) & (high <= 1),
            (low > 1) | (high < -1),
        ],
        ["too few", "equivalent", "different"],
        "open",
    )
    interval = {"difference": difference / sd, "error": error, "low": low, "high": high}
    return table.assign(**interval, alone=alone, verdict=verdict)


def by_level(compared: pd.DataFrame) -> pd.DataFrame:
    """Return the same for a chart: mean and one sd to either side by source, class and density."""
    parts = []
    for source, prefix in ((THEIRS, "published_"), ("this run", "")):
        mean, sd = compared[f"{prefix}mean"], compared[f"{prefix}sd"]
        part = compared[["percent", "motif"]].assign(
            source=source, mean=mean, lower=mean - sd, upper=mean + sd, n=compared[f"{prefix}n"]
        )
        parts.append(part.dropna(subset=["mean"]))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(density=1 - table["percent"] / 100)


def losses(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return losses by level and split, published and ours: median, mean, 5 and 95 % quantiles."""
    keep = ["percent", "split", "n", "mean", "median", "q05", "q95"]
    parts = [reference("losses")[keep].replace({"split": {"val": "validation"}})]
    parts[0]["source"] = THEIRS
    for name, run in runs.items():
        levels = with_percent(run.table("levels"))
        for split in ("train", "validation"):
            grouped = levels.groupby("percent")[f"{split}_loss"]
            part = pd.DataFrame(
                {
                    "n": grouped.count(), "mean": grouped.mean(), "median": grouped.median(),
                    "q05": grouped.quantile(0.05), "q95": grouped.quantile(0.95),
                }
            )  # fmt: skip
            parts.append(part.reset_index().assign(split=split, source=name))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "source", table.pop("source"))
    return table.assign(density=1 - table["percent"] / 100)


def passing(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return how networks are spread over sparse levels, published and ours."""
    rows = [(THEIRS, percent, n, n / 400) for percent, n in SPARSE_LEVELS.items()]
    for name, run in runs.items():
        networks = len(run.table("levels").drop_duplicates(_NETWORK))
        found = sparse_levels(run).value_counts().sort_index(ascending=False)
        shares = zip(found.index.astype(int), found.astype(int), strict=True)
        rows += [(name, percent, n, n / networks) for percent, n in shares]
        none = networks - int(found.sum())
        rows += [(name, -1, none, none / networks)] if none else []
    return pd.DataFrame(rows, columns=["source", "percent", "networks", "share"])


def structure(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return edges and live nodes by layer and level: median and quartiles over networks."""
    parts = []
    for name, run in runs.items():
        table = chosen(run.table("performance"), split="structure")
        table = table[table["measure"].isin(["edges", "live_nodes"]) & (table["layer"] >= 0)]
        grouped = with_percent(table).groupby(["measure", "layer", "density"])["value"]
        part = grouped.agg(
            median="median", lower=lambda v: v.quantile(0.25), upper=lambda v: v.quantile(0.75),
            n="count",
        )  # fmt: skip
        parts.append(part.reset_index().assign(source=name))
    return pd.concat(parts, ignore_index=True)
