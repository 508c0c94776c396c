"""From networks to what is plotted: means, medians and quartiles over networks, level by level."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness import stats
from harness.report import _floor
from harness.report._source import NETWORK, Collection
from harness.report._units import by_condition, named

CHOSEN_DENSITY = 0.07
"""The level that tables show is the nearest to 93 % pruned, where the published claims are."""

UNDECIDED = "undecided"

SUPPORTS = ("all", "live")


def spread(table: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """n, mean, median and quartiles of a column over networks, for each group."""
    finite = table[np.isfinite(table[value].astype(float))]
    if finite.empty:
        return pd.DataFrame(columns=[*by, "n", "mean", "median", "lower", "upper"])
    groups = finite.groupby(list(by), sort=False, observed=True)[value]
    ends = groups.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    ends.columns = pd.Index(["lower", "median", "upper"])
    return groups.agg(n="size", mean="mean").join(ends).reset_index()


def losses(data: Collection, split: str = "validation") -> pd.DataFrame:
    """Loss of every network and level: as measured on the split, else as seen in training."""
    measured = measure(data, "loss", split)
    if not measured.empty or split != "validation":
        return measured
    return data.levels.assign(value=data.levels["validation_loss"], unit="1")


def measure(data: Collection, name: str, split: str) -> pd.DataFrame:
    """One measure of whole networks, a row for each network and level."""
    table = data.performance
    return table[(table["measure"] == name) & (table["split"] == split) & (table["layer"] < 0)]


def loss_by_density(data: Collection) -> pd.DataFrame:
    """Median loss with quartiles by split, and the median effective density, for each level.

    `left_out` says whether more than a few networks do no better than a constant there.
    """
    by = ["condition", "level", "density"]
    parts = [
        spread(losses(data, split), by, "value").assign(split=split)
        for split in ("validation", "test")
    ]
    table = pd.concat([part for part in parts if not part.empty] or parts[:1], ignore_index=True)
    effective = spread(measure(data, "effective density", "structure"), by, "value")
    effective = effective[[*by, "median"]].rename(columns={"median": "effective_density"})
    table = table.merge(effective, how="left", on=by).astype({"effective_density": float})
    return table.assign(left_out=_floor.left_out(data, table))


def evaluations(data: Collection, split: str = "test") -> pd.DataFrame:
    """Every figure of merit but the loss, in its unit, by density."""
    table = data.performance
    chosen = table[(table["split"] == split) & (table["measure"] != "loss") & (table["layer"] < 0)]
    return spread(chosen, ["condition", "measure", "unit", "level", "density"], "value")


def layers(data: Collection) -> pd.DataFrame:
    """Edges, live nodes and the like by layer and density."""
    table = data.performance
    chosen = table[(table["split"] == "structure") & (table["layer"] >= 0)]
    return spread(chosen, ["condition", "measure", "layer", "level", "density"], "value")


def motif_by_density(data: Collection) -> pd.DataFrame:
    """Mean z and log2(count/expected) with quartiles, by motif, support and density, long."""
    by = ["condition", "support", "order", "motif", "level", "density"]
    whole = data.summed
    parts = [spread(whole, by, name).assign(statistic=name) for name in ("z", "log2_ratio")]
    return pd.concat(parts, ignore_index=True)


def motif_order(motifs: pd.DataFrame) -> list[str]:
    """Motif names as the metric lists them: by order, then as enumerated."""
    classes = motifs[["order", "motif"]].drop_duplicates()
    return list(classes.sort_values("order", kind="stable")["motif"])


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
    """Whether a condition has several levels of one density: training went on without pruning."""
    return len(last_of_equal(data.levels)) < len(data.levels)


def significance(data: Collection, density: float) -> pd.DataFrame:
    """Motifs at one level: mean z over `n` units with its interval, p and q, and counts.

    `unit` says what the units are, `positive` counts those with z above 0. Interval and `p`, of a
    mean z of zero, are of one procedure (`stats.mean_tests`), `attainable` is the smallest p that n
    allows. `q` adjusts p (Benjamini and Hochberg) over the classes of one condition on one support.
    `verdict` reads it at 5 %: "over" and "under" where q is below, "unclear" where it is not, and
    "undecided" where so few units can give no such p.
    """
    rows = []
    by = ["condition", "support", "order", "motif"]
    chosen = at(data.summed, density)
    units = by_condition(data)
    for key, group in chosen.groupby(by, sort=False, observed=True):
        unit = units[str(key[0])]
        networks = named(data, group).set_index(list(NETWORK))[["z", "log2_ratio"]]
        by_unit = unit.averaged(networks)
        z = by_unit["z"].to_numpy(dtype=float)
        finite = z[np.isfinite(z)]
        found = stats.mean_test(z)
        rows.append(
            {
                **dict(zip(by, key, strict=True)),
                "density": group["density"].iloc[0],
                "n": found.n,
                "unit": str(unit),
                "z": found.value,
                "z_sd": float(np.std(finite, ddof=1)) if finite.size > 1 else np.nan,
                "z_low": found.low,
                "z_high": found.high,
                "positive": int((finite > 0).sum()),
                "count": group["count"].median(),
                "expected": group["expected"].median(),
                "log2_ratio": by_unit["log2_ratio"].mean(),
                "p": found.p,
                "attainable": found.attainable,
            }
        )
    return _judged(pd.DataFrame(rows))


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return table
    family = table.groupby(["condition", "support"], observed=True)["p"]
    q = family.transform(lambda p: stats.benjamini_hochberg(p.to_numpy(dtype=float)))
    clear = q < 0.05
    signs = np.where(table["z"] > 0, "over", "under")
    testable = table["attainable"] < 0.05
    verdict = np.where(testable & table["p"].notna(), np.where(clear, signs, "unclear"), UNDECIDED)
    return table.assign(q=q, verdict=verdict)


def by_base_layer(data: Collection, density: float) -> pd.DataFrame:
    """Mean z at one level, a row a motif and a column a base layer."""
    chosen = at(data.motifs, density)
    chosen = chosen[chosen["base_layer"] >= 0]
    if chosen.empty:
        return pd.DataFrame(columns=["condition", "support", "motif"])
    table = chosen.pivot_table(
        index=["condition", "support", "order", "motif"],
        columns="base_layer",
        values="z",
        aggfunc="mean",
        observed=True,
        sort=False,
    )
    table = table.reindex(columns=sorted(table.columns))
    return table.rename(columns=lambda layer: f"from layer {layer}").reset_index()


def networks(data: Collection, density: float) -> pd.DataFrame:
    """One row a network at one level: losses, effective density, z of every motif on all nodes.

    `no_better` marks networks that do no better than a constant.
    """
    place = ["condition", "cell", "network", "level", "density"]
    losses_of = ["steps", "train_loss", "validation_loss"]
    chosen = at(data.levels, density)
    table = chosen[[*place, *losses_of]].assign(no_better=_floor.marked(chosen))
    table = named(data, table).drop(columns=["version", "task", "seed"])
    test = at(measure(data, "loss", "test"), density)
    effective = at(measure(data, "effective density", "structure"), density)
    for name, part in (("test_loss", test), ("effective_density", effective)):
        if not part.empty:
            found = part[[*place, "value"]].rename(columns={"value": name})
            table = table.merge(found, how="left", on=place)
    whole = at(data.summed, density)
    whole = whole[whole["support"] == "all"]
    if not whole.empty:
        z = whole.pivot_table(index=place, columns="motif", values="z", observed=True)
        z = z.reindex(columns=[name for name in motif_order(whole) if name in z])
        table = table.merge(z.reset_index(), how="left", on=place)
    order = ["condition", "data_seed", "network"]
    return table.sort_values(order).reset_index(drop=True).drop(columns="cell")


def costs(data: Collection) -> pd.DataFrame:
    """Seconds by condition and activity, and in all; the largest memory of a cell, in MB."""
    if data.timings.empty:
        return pd.DataFrame(columns=["condition", "total"])
    table = data.timings.pivot_table(
        index="condition",
        columns="activity",
        values="seconds",
        aggfunc="sum",
        sort=False,
        observed=True,
    )
    usual = ["simulate", "compile", "start", "train", "prune", "evaluate", "measure"]
    order = [name for name in usual if name in table] + sorted(set(map(str, table)) - set(usual))
    table = table[order].assign(total=table.sum(axis=1))
    if not data.memory.empty:
        peaks = data.memory.groupby(["condition", "memory"], observed=True)["peak_bytes"].max()
        table = table.join((peaks.unstack() / 1e6).add_suffix(" MB"))
    return table.reset_index()
