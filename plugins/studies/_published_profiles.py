"""Convergence, and what is over- and under-represented when motifs are counted as what they are."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from harness import stats
from harness.report import RunTables

from ._published_tables import chosen, with_percent

DEGREE = {"null": "degree", "convention": "copies", "support": "all", "bias": False}
_SWAPS = 9999
_RISE = (
    *("source", "order", "first", "last", "n", "similarity_first", "similarity_last"),
    *("p", "attainable", "spread_first", "spread_last"),
)


def similarity(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Mean cosine similarity of profiles over pairs of networks, and of draws, by order and level.

    Profiles are exact z under `layered` on all nodes; the draws are one uniformly random graph for
    each network and level, with its edges in each layer.
    """
    rows = []
    for name, run in runs.items():
        table = _exact(run)
        for (order, percent, support), part in table.groupby(["order", "percent", "support"]):
            if support not in ("all", "drawn"):
                continue
            interval = stats.mean_cosine_within(_profiles(part))
            rows.append(
                {
                    "source": name if support == "all" else f"null draws beside {name}",
                    "order": order, "percent": percent,
                    "density": part["density"].iloc[0],
                    "mean": interval.value, "lower": interval.low, "upper": interval.high,
                    "n": interval.n,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def rises(runs: Mapping[str, RunTables], first: int, last: int) -> pd.DataFrame:
    """Whether profiles are more alike at `last` than at `first` percent pruned, by permutation.

    The unit is the network: under the null its profiles at the two levels could be swapped. The
    statistic is the difference of the mean cosine similarities; the test is one-sided. `spread` is
    the standard deviation of z over networks, root mean square over classes: 1 is what draws of
    the null have, so that alike profiles beside a spread above 1 are not equal ones.
    """
    rows = []
    for name, run in runs.items():
        for order, part in chosen(_exact(run), support="all").groupby("order"):
            before, after = (_by_network(part, percent) for percent in (first, last))
            shared = before.index.intersection(after.index)
            if len(shared) < 2:
                continue
            profiles = [one.loc[shared].to_numpy(dtype=float) for one in (before, after)]
            swaps = _swaps(len(shared))
            (earlier, later), p = _swapped(profiles[0], profiles[1], swaps)
            rows.append(
                {
                    "source": name, "order": order, "first": first, "last": last,
                    "n": len(shared), "similarity_first": earlier, "similarity_last": later,
                    "p": p, "attainable": 1 / len(swaps),
                    "spread_first": _spread(profiles[0]), "spread_last": _spread(profiles[1]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=_RISE)


def _spread(profiles: Float[np.ndarray, "n classes"]) -> float:
    return float(np.sqrt(profiles.var(axis=0, ddof=1).mean()))


def _swaps(n: int) -> Bool[np.ndarray, "swaps n"]:
    """Which of n networks have their levels swapped: all ways, or many; the first swaps none."""
    if 2**n <= _SWAPS:
        return np.array(list(itertools.product((False, True), repeat=n)))
    swaps = np.random.default_rng(0).random((_SWAPS, n)) < 0.5
    swaps[0] = False
    return swaps


def _swapped(
    before: Float[np.ndarray, "n classes"],
    after: Float[np.ndarray, "n classes"],
    swaps: Bool[np.ndarray, "swaps n"],
) -> tuple[tuple[float, float], float]:
    """The mean cosines at both levels, and the p of their rise over swaps within networks."""
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (before, after)]
    n = len(before)

    def mean(swap: Bool[np.ndarray, "swaps n 1"], one: int, other: int) -> np.ndarray:
        rows = np.where(swap, unit[other], unit[one])
        return ((rows.sum(1) ** 2).sum(-1) - n) / (n * (n - 1))

    earlier, later = mean(swaps[..., None], 0, 1), mean(swaps[..., None], 1, 0)
    rises = later - earlier
    p = float((rises >= rises[0] - 1e-12).mean())
    return (float(earlier[0]), float(later[0])), p


def representation(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Each class at one level: mean z under `layered` (all and live nodes) and under `degree`.

    With 95 % intervals over networks, q (p of a mean of 0 by the same procedure,
    Benjamini-Hochberg over the classes of one ensemble, null and support), and the mean
    log2(count / expected).
    """
    parts = []
    for name, run in runs.items():
        exact = chosen(_exact(run), percent=percent)
        found = [chosen(exact, support=support) for support in ("all", "live")]
        table = with_percent(chosen(run.table("sampled"), base_layer=-1, **DEGREE))
        found.append(chosen(table, percent=percent))
        parts += [_means(part, ensemble=name) for part in found if len(part)]
    return pd.concat(parts, ignore_index=True)


def chains(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Chains counted as chains, by pair of layers: z and count/expected on either support."""
    parts = []
    for name, run in runs.items():
        table = chosen(with_percent(run.table("motifs")), percent=percent)
        table = table[
            table["motif"].isin(["chain2", "chain3"])
            & table["support"].isin(["all", "live"])
            & ~table["bias"].astype(bool)
        ]
        for base, part in table.groupby("base_layer"):
            parts.append(_means(part, ensemble=name, base_layer=base))
    return pd.concat(parts, ignore_index=True)


def chains_in_short(table: pd.DataFrame) -> pd.DataFrame:
    """The same with a column of mean z for each layer that chains begin in, and their sum."""
    texts = ["ensemble", "motif", "support"]
    wide = table.pivot_table(index=texts, columns="base_layer", values="z", sort=False)
    bases = sorted(table["base_layer"].unique())
    names = {base: "sum" if base < 0 else f"from layer {base}" for base in bases}
    return wide[bases].rename(columns=names).reset_index()


def _exact(run: RunTables) -> pd.DataFrame:
    table = with_percent(chosen(run.table("motifs"), base_layer=-1))
    return table[~table["bias"].astype(bool)]


def _profiles(part: pd.DataFrame) -> Float[np.ndarray, "networks classes"]:
    """z by network over the classes that are defined in all of them."""
    wide = part.pivot_table(index="network", columns="motif", values="z").dropna(axis=1)
    return wide.to_numpy(dtype=float)


def _by_network(part: pd.DataFrame, percent: int) -> pd.DataFrame:
    wide = chosen(part, percent=percent).pivot_table(index="network", columns="motif", values="z")
    return wide.dropna()


def _means(part: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Means over networks by class, of one null and support or of several; `where` leads."""
    rows = []
    for (null, support, order, motif), group in part.groupby(
        ["null", "support", "order", "motif"], sort=False
    ):
        z = group["z"].to_numpy(dtype=float)
        interval = stats.mean_test(z)
        ratio = stats.mean_interval(group["log2_ratio"].to_numpy(dtype=float))
        rows.append(
            {
                **where, "null": null, "support": support, "order": order, "motif": motif,
                "z": interval.value, "low": interval.low, "high": interval.high,
                "log2_ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high,
                "n": interval.n, "p": interval.p,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    q = table.groupby(["null", "support"])["p"].transform(
        lambda p: stats.benjamini_hochberg(p.to_numpy(dtype=float))
    )
    return table.assign(q=q)
