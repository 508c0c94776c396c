"""Convergence, and which motifs are over- and under-represented when counted correctly."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import stats
from harness.report import RunTables

from ._published_tables import chosen, exact, with_percent

DEGREE = {"null": "degree", "convention": "copies", "support": "all", "bias": False}
CONTROLS = {
    "unequal-degrees": "unequal degrees alone",
    "degree-drawn": "the same degrees",
}
"""Supports of the table `motifs` that are random graphs made for each network, and their names."""

_PAIRED = ("n", "similarity_first", "similarity_last", "difference", "low", "high", "p")
_RISE = ("source", "order", "first", "last", *_PAIRED, "attainable")
_BESIDE = (
    *("source", "order", "percent", "control", "n", "similarity", "of_control", "difference"),
    *("low", "high", "p", "attainable"),
)


def similarity(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return noise-corrected similarity of networks and of their controls, by order and level.

    Profiles are exact z under `layered` on all nodes. Levels at which the signal is not clear of
    noise are left out.
    """
    rows = []
    for name, run in runs.items():
        table = exact(run)
        for (order, percent, support), part in table.groupby(["order", "percent", "support"]):
            if support != "all" and support not in CONTROLS:
                continue
            interval = stats.similarity_within(_profiles(part))
            source = name if support == "all" else f"{CONTROLS[str(support)]}, as {name}"
            rows.append(
                {
                    "source": source, "order": order, "percent": percent,
                    "density": part["density"].iloc[0],
                    "mean": interval.value, "lower": interval.low, "upper": interval.high,
                    "n": interval.n,
                }
            )  # fmt: skip
    return pd.DataFrame(rows).dropna(subset="mean")


def rises(runs: Mapping[str, RunTables], first: int, last: int) -> pd.DataFrame:
    """Return whether profiles are more alike at `last` than at `first` percent pruned.

    Noise-corrected similarities, and their difference with interval and two-sided p of one
    procedure (`stats.similarity_difference`), paired by network. The bias of either
    similarity is subtracted from the difference.
    """
    rows = []
    for name, run in runs.items():
        for order, part in chosen(exact(run), support="all").groupby("order"):
            both = [_by_network(chosen(part, percent=percent)) for percent in (first, last)]
            found = _compared(*both)
            if found:
                place = {"source": name, "order": order, "first": first, "last": last}
                rows.append({**place, **found})
    return pd.DataFrame(rows, columns=_RISE)


def beside(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Return whether networks are more alike than controls made for each, at one level."""
    rows = []
    for name, run in runs.items():
        for order, part in chosen(exact(run), percent=percent).groupby("order"):
            own = _by_network(chosen(part, support="all"))
            for support, control in CONTROLS.items():
                found = _compared(_by_network(chosen(part, support=support)), own)
                place = {"source": name, "order": order, "percent": percent, "control": control}
                rows += [{**place, **found}] if found else []
    renamed = {"similarity_last": "similarity", "similarity_first": "of_control"}
    return pd.DataFrame(rows).rename(columns=renamed).reindex(columns=_BESIDE)


def _compared(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, object]:
    """Return both similarities and their difference, over the networks that are in both."""
    shared = before.index.intersection(after.index)
    if len(shared) < 2:
        return {}
    earlier, later = (one.loc[shared].to_numpy(dtype=float) for one in (before, after))
    found = stats.similarity_difference(later, earlier)
    return {
        "n": found.n,
        "similarity_first": stats.similarity_within(earlier).value,
        "similarity_last": stats.similarity_within(later).value,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "attainable": found.attainable,
    }


def representation(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Return mean z of each class at one level: `layered` (all and live nodes) and `degree`.

    With 95 % intervals over networks, q (p of a mean of 0 from the same procedure,
    Benjamini-Hochberg over the classes of one ensemble, null and support), and the mean
    log2(count / expected).
    """
    parts = []
    for name, run in runs.items():
        whole = chosen(exact(run), percent=percent)
        found = [chosen(whole, support=support) for support in ("all", "live")]
        table = with_percent(chosen(run.table("sampled"), base_layer=-1, **DEGREE))
        found.append(chosen(table, percent=percent))
        parts += [_means(part, ensemble=name) for part in found if len(part)]
    return pd.concat(parts, ignore_index=True)


def chains(runs: Mapping[str, RunTables], percent: int) -> pd.DataFrame:
    """Return chains counted as chains, by layers: z and count/expected on either support."""
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
    """Return the same with a column of mean z for each first layer of chains, and their sum."""
    texts = ["ensemble", "motif", "support"]
    wide = table.pivot_table(index=texts, columns="base_layer", values="z", sort=False)
    bases = sorted(table["base_layer"].unique())
    names = {base: "sum" if base < 0 else f"from layer {base}" for base in bases}
    return wide[bases].rename(columns=names).reset_index()


def _profiles(part: pd.DataFrame) -> Float[np.ndarray, "networks classes"]:
    return _by_network(part).to_numpy(dtype=float)


def _by_network(part: pd.DataFrame) -> pd.DataFrame:
    """Return z by network, over the classes that are defined in all of them."""
    wide = part.pivot_table(index="network", columns="motif", values="z")
    return wide.dropna(how="all").dropna(axis=1)


def _means(part: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Return means over networks by class, null and support; columns `where` come first."""
    rows = []
    for (null, support, order, motif), group in part.groupby(
        ["null", "support", "order", "motif"], sort=False
    ):
        z = group["z"].to_numpy(dtype=float)
        tested = stats.mean_test(z)
        ratio = stats.mean_interval(group["log2_ratio"].to_numpy(dtype=float))
        rows.append(
            {
                **where, "null": null, "support": support, "order": order, "motif": motif,
                "z": tested.value, "low": tested.low, "high": tested.high,
                "log2_ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high,
                "n": tested.n, "p": tested.p,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    q = table.groupby(["null", "support"])["p"].transform(
        lambda p: stats.benjamini_hochberg(p.to_numpy(dtype=float))
    )
    return table.assign(q=q)
