"""The tables of the study `pruners`: losses paired by network, expectations judged, motifs."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from harness import Run, stats

from ._pruners_expectations import EXPECTATIONS, MARGIN, ONE_SHOT, SPARSE, Expectation

UNIT = ["data_seed", "network"]
"""What says which network it is, under every pruner."""

CHOSEN = 0.07776
"""The density at which motifs are shown: the nearest to the 93 % pruned of the published claims."""


def losses(runs: Mapping[str, Run]) -> pd.DataFrame:
    """log10 of the validation loss: a row a network, columns (pruner, density).

    Pruners are called by their labels, and `ONE_SHOT` is magnitude pruned once to each density.
    """
    parts = []
    for name, run in runs.items():
        table = run.table("performance")
        table = table[(table["split"] == "validation") & (table["measure"] == "loss")]
        table = table[table["layer"] < 0]
        called = table["pruner"] if name != ONE_SHOT else ONE_SHOT
        parts.append(table.assign(pruner=called)[table["density"] < 1])
    table = pd.concat(parts)
    table["loss"] = np.log10(table["value"].astype(float))
    wide = table.pivot_table(index=UNIT, columns=["pruner", "density"], values="loss")
    return wide.reindex(columns=list(table["pruner"].unique()), level="pruner")


def judged(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Each expectation at each density: a ratio of losses with its interval and p.

    `ratio`: geometric mean over `n` networks, with the ends `low` and `high` of its 95 %
    bootstrap-t interval; `p`: by sign flips, `adjusted` max-T over the densities of the
    expectation, `attainable` the smallest p there could be. `holds`: whether the interval is as
    expected there (never, where nothing is).
    """
    table = losses(runs)
    there = [one for one in EXPECTATIONS if None not in map(partial(label, table), one.pruners)]
    parts = [_judged(table, expected) for expected in there]
    return pd.concat(parts, ignore_index=True)


def _judged(table: pd.DataFrame, expected: Expectation) -> pd.DataFrame:
    difference = _log_ratio(table, expected.first, expected.second)
    if expected.beside:
        difference = difference - _log_ratio(table, *expected.beside)
    difference = difference.dropna(axis=1, how="all")
    tested = stats.sign_flips(difference.to_numpy(dtype=float))
    rows = []
    for column, (density, values) in enumerate(difference.items()):
        found = stats.mean_interval(values.to_numpy(dtype=float))
        low, high = 10.0**found.low, 10.0**found.high
        holds = {"above": low > 1, "not above": high <= MARGIN, "open": False}
        against = {"above": high < 1, "not above": low > 1, "open": False}
        rows.append(
            {
                "expectation": expected.name,
                "density": density,
                "n": found.n,
                "ratio": 10.0**found.value,
                "low": low,
                "high": high,
                "p": tested.p[column],
                "adjusted": tested.adjusted[column],
                "attainable": tested.attainable,
                "holds": holds[expected.direction],
                "against": against[expected.direction],
            }
        )
    return pd.DataFrame(rows)


def beside(runs: Mapping[str, Run], baseline: str = "magnitude") -> pd.DataFrame:
    """Loss of every pruner over that of one, at each density, paired by network.

    Columns as those of `judged`; `adjusted` is max-T over all pruners at one density.
    """
    table = losses(runs)
    labels = [label for label in table.columns.unique("pruner") if label != baseline]
    rows = []
    for density in sorted(table.columns.unique("density"), reverse=True):
        logs = table.xs(density, axis=1, level="density")
        differences = logs[labels].sub(logs[baseline], axis=0)
        tested = stats.sign_flips(differences.to_numpy(dtype=float))
        for column, label in enumerate(labels):
            found = stats.mean_interval(differences[label].to_numpy(dtype=float))
            ratio = {"ratio": found.value, "low": found.low, "high": found.high}
            row = {name: 10.0**value for name, value in ratio.items()}
            p = {"p": tested.p[column], "adjusted": tested.adjusted[column]}
            more = {"n": found.n, **row, **p, "attainable": tested.attainable}
            rows.append({"pruner": label, "density": density, **more})
    return pd.DataFrame(rows)


def _log_ratio(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """log10 of the ratio of two pruners' losses, a column a density that is judged."""
    one, other = (table.xs(label(table, name), axis=1, level="pruner") for name in (first, second))
    judged_at = [density for density in SPARSE if density in one and density in other]
    return pd.DataFrame(one[judged_at]).sub(pd.DataFrame(other[judged_at]))


def label(table: pd.DataFrame, name: str) -> str | None:
    """The label of a pruner: its name, with the parameters that the study sets; None: not there."""
    labels = list(table.columns.unique("pruner"))
    if name in labels:
        return name
    return next((label for label in labels if label.startswith(f"{name}[")), None)


def verdict(rows: pd.DataFrame) -> str:
    """What a run says of an expectation, from its rows of `judged`."""
    expected = next(one for one in EXPECTATIONS if one.name == rows["expectation"].iloc[0])
    if expected.direction == "open":
        lower, higher = (rows["high"] < 1).sum(), (rows["low"] > 1).sum()
        if lower and not higher:
            return "lower loss"
        return "higher loss" if higher and not lower else "no one answer"
    if rows["holds"].all():
        return "held"
    if rows["against"].all():
        return "contradicted"
    if rows["against"].any():
        return "contradicted in part"
    return "held in part" if rows["holds"].any() else "not shown"


def collapses(run: Run) -> pd.DataFrame:
    """Networks without a path from an input to an output, and with an empty layer.

    A row for each pruner and density: `n` networks, how many of them are `dead`, have lost all
    edges of some layer (`emptied`), and have no live edge though no layer is empty (`severed`).
    """
    table = run.table("performance")
    table = table[(table["split"] == "structure") & (table["layer"] >= 0)]
    place = ["pruner", "density", *UNIT]
    least = table.pivot_table(index=place, columns="measure", values="value", aggfunc="min")
    flags = pd.DataFrame({"dead": least["effective_edges"] == 0, "emptied": least["edges"] == 0})
    flags["severed"] = flags["dead"] & ~flags["emptied"]
    counts = flags.groupby(level=["pruner", "density"]).agg(["sum", "size"])
    found = pd.DataFrame({name: counts[name]["sum"] for name in flags})
    found.insert(0, "n", counts["dead"]["size"])
    return _ordered(found.astype(int).reset_index(), run)


def motifs(run: Run, density: float = CHOSEN) -> pd.DataFrame:
    """Mean z and log2(count/expected) with 95 % intervals by pruner and motif, at one density.

    All nodes, null `layered`, whole networks.
    """
    table = _whole(run)
    table = table[table["density"] == density]
    rows = []
    for (pruner, order, motif), part in table.groupby(["pruner", "order", "motif"], sort=False):
        z, effect = (
            stats.mean_interval(part[name].to_numpy(dtype=float)) for name in ("z", "log2_ratio")
        )
        ends = {"z": z.value, "z_low": z.low, "z_high": z.high, "n": z.n}
        effects = {"log2_ratio": effect.value, "low": effect.low, "high": effect.high}
        rows.append({"pruner": pruner, "order": order, "motif": motif, **ends, **effects})
    return pd.DataFrame(rows)


def likeness(run: Run, baseline: str = "magnitude") -> pd.DataFrame:
    """How alike motif profiles are, by pruner and density, each with a 95 % interval.

    A profile is z of all motifs. `within`: noise-corrected similarity over pairs of one pruner's
    networks; `between`: of its networks with those of `baseline`, pairs of one initial
    network left out; `length`: mean length of z before scaling, for independent motifs of random
    networks about the root of their number.
    """
    wide = _whole(run).pivot_table(
        index=["pruner", "density", *UNIT], columns="motif", values="z", observed=True
    )
    wide = wide.replace([np.inf, -np.inf], np.nan).dropna()
    groups = dict(iter(wide.groupby(level=["pruner", "density"], sort=False)))
    rows = []
    for (pruner, density), part in groups.items():
        profiles = part.to_numpy(dtype=float)
        within = stats.similarity_within(profiles)
        row = {"pruner": pruner, "density": density, **_named("within", within)}
        if pruner != baseline and (baseline, density) in groups:
            both = pd.concat([part, groups[baseline, density]])
            between = stats.similarity_between(
                both.to_numpy(dtype=float),
                (both.index.get_level_values("pruner") == baseline).astype(int),
                np.array([f"{seed} {network}" for *_, seed, network in both.index]),
            )
            row |= _named("between", between)
        rows.append({**row, "length": float(np.linalg.norm(profiles, axis=1).mean())})
    return _ordered(pd.DataFrame(rows), run)


def _named(name: str, found: stats.Interval) -> dict[str, float]:
    ends = {f"{name}_low": found.low, f"{name}_high": found.high}
    return {name: found.value, **ends, f"{name}_n": found.n}


def _ordered(table: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Pruners as the run has them, and densities falling."""
    places = {name: place for place, name in enumerate(run.cells()["pruner"].unique())}
    order = table["pruner"].map(places) - table["density"] / 2
    return table.loc[order.sort_values().index].reset_index(drop=True)


def _whole(run: Run) -> pd.DataFrame:
    table = run.table("motifs")
    return table[(table["base_layer"] == -1) & (table["support"] == "all") & (table["density"] < 1)]
