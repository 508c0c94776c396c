"""The tables of the study `architectures`: mean z of each class, and pairs of views compared."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import stats
from harness.report import RunTables
from harness.report.constant_predictor import SHARE

MARGIN = 1.0
"""The least mean z of a class that changes, in sd of the null."""

ERROR = 0.05
"""False discovery rate, and share of replicates that may do no better than a constant."""

LOSS = 0.5
"""The share of the constant predictor's loss below which the mean loss must lie."""

SHARED = {"021C": "chain2", "021D": "diverge2", "021U": "converge2"}
"""Induced triads by the class of layered graphs that has the same edges."""

RESAMPLES = 2000

_PLACE = ["architecture", "view"]


def zscores(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return z of each class: a row a network, with its view; classes that are shared share names.

    `layered` says whether the view has layers.
    """
    parts = []
    for name, run in runs.items():
        for metric in run.measurements()["metric"].str.partition("[")[0].unique():
            layered, table = metric == "sampled", run.table(metric)
            table = table[table["base_layer"] == -1] if layered else table
            view = table["metric"].str.extract(r"view=(\w+)", expand=False)
            parts.append(table.assign(architecture=name, view=view, layered=layered))
    columns = [*_PLACE, "layered", "pruner", "data_seed", "motif", "z"]
    table = pd.concat(parts, ignore_index=True)[columns]
    return table.assign(motif=table["motif"].replace(SHARED))


def losses(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return the loss of each condition, as a share of the constant predictor's.

    `floor`: share of replicates that do hardly better than a constant; `judged`: whether neither
    they nor the mean loss forbid a verdict. Masks of the control do not depend on its loss.
    """
    parts = []
    for name, run in runs.items():
        levels = run.table("levels")
        last = levels[levels["level"] == levels["level"].max()]
        share = last["validation_loss"] / last["constant_loss"]
        by = last.assign(share=share, floor=~(share < SHARE)).groupby("pruner")
        found = by.agg(n=("share", "size"), share=("share", "mean"), floor=("floor", "mean"))
        parts.append(found.reset_index().assign(architecture=name))
    table = pd.concat(parts, ignore_index=True)
    good = (table["floor"] <= 2 * ERROR) & (table["share"] < LOSS)
    return table.assign(judged=good | (table["pruner"] == "random"))


def changes(z: pd.DataFrame) -> pd.DataFrame:
    """Return mean z over replicates by pruner, architecture, view and class, and what changes.

    `low`, `high`: 95 % interval; `p` of the same procedure; `q`: p for all classes of a pruner.
    """
    parts = []
    for place, rows in z.groupby(["pruner", *_PLACE, "layered"], sort=False):
        wide = rows.pivot(index="data_seed", columns="motif", values="z").dropna(axis=1, how="all")
        found = stats.mean_tests(wide.to_numpy(dtype=float))
        named = dict(zip(["pruner", *_PLACE, "layered"], place, strict=True))
        tested = {"mean": found.value, "low": found.low, "high": found.high, "p": found.p}
        parts.append(pd.DataFrame({**named, "motif": wide.columns, "n": found.n, **tested}))
    table = pd.concat(parts, ignore_index=True)
    q = table.groupby("pruner")["p"].transform(lambda p: stats.benjamini_hochberg(p.to_numpy()))
    return table.assign(q=q, changes=(q <= ERROR) & (table["mean"].abs() > MARGIN))


def comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """Return a verdict for each class that two views of `changes` under one pruner share."""
    parts = []
    for one, other in combinations(found[_PLACE].drop_duplicates().itertuples(index=False), 2):
        first, second = (
            found[(found["architecture"] == at[0]) & (found["view"] == at[1])]
            for at in (one, other)
        )
        both = first.merge(second, on="motif", suffixes=("_1", "_2"))
        if first["layered"].iloc[0] != second["layered"].iloc[0]:
            both = both[both["motif"].isin(SHARED.values())]
        one_sign = both["mean_1"] * both["mean_2"] > 0
        twice = both["changes_1"] & both["changes_2"]
        alone = (both["changes_1"] & _small(both, 2)) | (both["changes_2"] & _small(both, 1))
        verdict = np.select([twice & one_sign, twice | alone], ["the same", "different"], "open")
        parts.append(both.assign(verdict=verdict, one_sign=one_sign))
    return pd.concat(parts, ignore_index=True)


def _small(both: pd.DataFrame, which: int) -> pd.Series:
    return (both[f"low_{which}"] > -MARGIN) & (both[f"high_{which}"] < MARGIN)


def agreement(z: pd.DataFrame, compared: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return the verdicts counted, and the share of shared classes with one sign, by pair of views.

    `low`, `high`: 95 % percentile interval of the share, from resampled data seeds.
    """
    seeds = z["data_seed"].drop_duplicates().sort_values().tolist()
    draws = np.random.default_rng(seed).integers(len(seeds), size=(RESAMPLES, len(seeds)))
    pair = [f"{name}_{which}" for which in (1, 2) for name in _PLACE]
    rows = []
    for place, table in compared.groupby(pair, sort=False):
        one, other = (
            _resampled(z, place[at : at + 2], list(table["motif"]), seeds, draws) for at in (0, 2)
        )
        with np.errstate(invalid="ignore"):
            low, high = np.quantile((one * other > 0).mean(axis=1), [0.025, 0.975])
        counts = {
            name: (table["verdict"] == name).sum() for name in ("the same", "different", "open")
        }
        share = {"classes": len(table), "share": table["one_sign"].mean(), "low": low, "high": high}
        rows.append({**dict(zip(pair, place, strict=True)), **share, **counts})
    return pd.DataFrame(rows)


def _resampled(
    z: pd.DataFrame, place: Sequence[Any], motifs: list[str], seeds: list[int], draws: np.ndarray
) -> Float[np.ndarray, "resamples motifs"]:
    """Return mean z of the classes of one view in each resample; undefined z do not count."""
    rows = z[(z["architecture"] == place[0]) & (z["view"] == place[1])]
    wide = rows.pivot(index="data_seed", columns="motif", values="z").reindex(seeds)[motifs]
    values = wide.to_numpy(dtype=float)[draws]
    n = np.isfinite(values).sum(axis=1)
    return np.divide(np.nansum(values, axis=1), n, out=np.full(n.shape, np.nan), where=n > 0)
