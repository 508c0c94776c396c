"""The tables of the study `pruners`: losses paired by network, expectations judged, motifs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from harness import stats
from harness.report import NETWORK, RunTables, Units, losses_by_network, units_of

from ._pruners_expectations import CHOSEN as CHOSEN
from ._pruners_expectations import EXPECTATIONS, MARGIN, ONE_SHOT, SPARSE, Expectation

SIMILARITIES = tuple(
    f"{kind}{end}" for kind in ("within", "between") for end in ("", "_low", "_high", "_n")
)
"""The columns of `likeness` that are similarities of profiles with their intervals."""

_EFFECTS = ("z", "z_low", "z_high", "n", "unit", "log2_ratio", "low", "high")


@dataclass(frozen=True)
class Losses:
    """log10 of the validation loss: a row a network (`NETWORK`), columns (pruner, density).

    Pruners are called by their labels, and `ONE_SHOT` is magnitude pruned once to each density.
    Where a pruner does no better than a constant at a density, nothing is there. `units` says what
    counts as one replicate.
    """

    table: pd.DataFrame
    units: Units


def losses(runs: Mapping[str, RunTables]) -> Losses:
    """Return the losses of all runs, of pruned networks."""
    parts = []
    for name, run in runs.items():
        rows = losses_by_network([run])
        called = rows["pruner"] if name != ONE_SHOT else ONE_SHOT
        parts.append(rows.assign(pruner=called)[rows["density"] < 1])
    table = pd.concat(parts, ignore_index=True)
    table["log_loss"] = np.log10(table["loss"].astype(float).mask(table["left_out"]))
    wide = table.pivot(index=list(NETWORK), columns=["pruner", "density"], values="log_loss")
    wide = wide.reindex(columns=list(table["pruner"].unique()), level="pruner")
    return Losses(wide, units_of(table))


def judged(losses: Losses) -> pd.DataFrame:
    """Return each expectation at each density: a ratio of losses with its interval and p.

    `ratio`: geometric mean over `n` units, with the ends `low` and `high` of its 95 % interval and
    the two-sided `p` of a ratio of 1, from one procedure; `adjusted`: p for all densities of the
    expectation, `attainable` the smallest p there could be. `holds`: whether the interval is as
    expected there (never, where nothing is expected or there is no interval).
    """
    table = losses.table
    there = [one for one in EXPECTATIONS if None not in map(partial(label, table), one.pruners)]
    parts = [_judged(losses, expected) for expected in there]
    filled = [part for part in parts if len(part)] or parts[:1]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=["expectation"])


def _judged(losses: Losses, expected: Expectation) -> pd.DataFrame:
    difference = _log_ratio(losses.table, expected.first, expected.second)
    if expected.beside:
        difference = difference - _log_ratio(losses.table, *expected.beside)
    rows = _tested(losses.units, difference.dropna(axis=1, how="all"), "density")
    above, below = rows["low"] > 1, rows["high"] < 1
    holds: dict[str, Any] = {"above": above, "not above": rows["high"] <= MARGIN, "open": False}
    against: dict[str, Any] = {"above": below, "not above": above, "open": False}
    rows.insert(0, "expectation", expected.name)
    direction = expected.direction
    return rows.assign(holds=holds[direction], against=against[direction])


def beside(losses: Losses, baseline: str = "magnitude") -> pd.DataFrame:
    """Return loss of every pruner over that of one, at each density, paired by network.

    Columns as those of `judged`; `adjusted` is for all pruners at one density.
    """
    table = losses.table
    labels = [label for label in table.columns.unique("pruner") if label != baseline]
    parts = []
    for density in sorted(table.columns.unique("density"), reverse=True):
        logs = table.xs(density, axis=1, level="density")
        known = [label for label in labels if label in logs]
        differences = pd.DataFrame(logs[known].sub(logs[baseline], axis=0))
        rows = _tested(losses.units, differences.dropna(axis=1, how="all"), "pruner")
        rows.insert(1, "density", density)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def _tested(units: Units, logs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a row for each column of log ratios: the geometric mean over units, interval and p."""
    by_unit = units.averaged(logs)
    found = stats.mean_tests(by_unit.to_numpy(dtype=float))
    ends = {"ratio": found.value, "low": found.low, "high": found.high}
    ratios = {key: 10.0**value for key, value in ends.items()}
    p = {"p": found.p, "adjusted": found.adjusted, "attainable": found.attainable}
    return pd.DataFrame({name: list(logs), "n": found.n, "unit": str(units), **ratios, **p})


def _log_ratio(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return log10 of the ratio of two pruners' losses, a column a density that is judged."""
    one, other = (table.xs(label(table, name), axis=1, level="pruner") for name in (first, second))
    judged_at = [density for density in SPARSE if density in one and density in other]
    return pd.DataFrame(one[judged_at]).sub(pd.DataFrame(other[judged_at]))


def label(table: pd.DataFrame, name: str) -> str | None:
    """Return the label of a pruner, with the parameters that the study sets; None if absent."""
    labels = list(table.columns.unique("pruner"))
    if name in labels:
        return name
    return next((label for label in labels if label.startswith(f"{name}[")), None)


def verdict(rows: pd.DataFrame) -> str:
    """Return what a run says of an expectation, from its rows of `judged`."""
    expected = next(one for one in EXPECTATIONS if one.name == rows["expectation"].iloc[0])
    if rows["low"].isna().all():
        return "not shown: too few replicates for an interval"
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


def collapses(run: RunTables) -> pd.DataFrame:
    """Return networks without a path from an input to an output, and with an empty layer.

    A row for each pruner and density: of `n` networks how many are `dead`, have lost all edges of
    some layer (`emptied`), and have no live edge though no layer is empty (`severed`); these two
    are undefined where edges by layer were not kept.
    """
    table = run.table("performance")
    place = ["trial", "level", "network"]
    structure = table[table["split"] == "structure"].drop_duplicates([*place, "measure", "layer"])
    found = losses_by_network([run])[["pruner", "density", *place]]
    for name, measure in (("live", "effective_density"), ("edges", "edges")):
        least = structure[structure["measure"] == measure].groupby(place)["value"].min()
        found = found.join(least.rename(name), on=place)
    known, dead = found["edges"].notna(), found["live"] == 0
    flags: dict[str, Any] = {
        "dead": dead,
        "emptied": (found["edges"] == 0).astype(float).where(known),
        "severed": (dead & (found["edges"] > 0)).astype(float).where(known),
    }
    groups = found.assign(**flags).groupby(["pruner", "density"])
    counts = groups[list(flags)].sum(min_count=1)
    counts.insert(0, "n", groups.size())
    return _ordered(counts.reset_index(), run)


def motifs(run: RunTables, density: float = CHOSEN) -> pd.DataFrame:
    """Return mean z and log2(count/expected) by pruner and motif at a density, with intervals.

    All nodes, null `layered`, whole networks; over units, of which `unit` says what they are.
    Pruners that do no better than a constant there are left out.
    """
    table = whole(run)
    units = units_of(table)
    table = table[(table["density"] == density) & ~table["left_out"]]
    rows = []
    for (pruner, order, motif), part in table.groupby(["pruner", "order", "motif"], sort=False):
        by_unit = units.averaged(part.set_index(list(NETWORK))[["z", "log2_ratio"]])
        z, effect = (
            stats.mean_interval(by_unit[name].to_numpy(dtype=float)) for name in ("z", "log2_ratio")
        )
        ends = {"z": z.value, "z_low": z.low, "z_high": z.high, "n": z.n, "unit": str(units)}
        effects = {"log2_ratio": effect.value, "low": effect.low, "high": effect.high}
        rows.append({"pruner": pruner, "order": order, "motif": motif, **ends, **effects})
    return pd.DataFrame(rows, columns=["pruner", "order", "motif", *_EFFECTS])


def likeness(run: RunTables, baseline: str = "magnitude") -> pd.DataFrame:
    """Return how alike motif profiles are, by pruner and density, each with a 95 % interval.

    A profile is z of all motifs, the mean over the networks of one unit. `within`: noise-corrected
    similarity over pairs of one pruner's units; `between`: with those of `baseline`, pairs of one
    unit left out; `length`: mean length of z, for independent motifs of random networks about the
    root of their number. Pruners that do no better than a constant at a density are left out there.
    """
    table = whole(run)
    units = units_of(table)
    wide = table[~table["left_out"]].pivot(
        index=["pruner", "density", *NETWORK], columns="motif", values="z"
    )
    wide = wide.replace([np.inf, -np.inf], np.nan).dropna()
    networks = {
        key: part.droplevel(["pruner", "density"])
        for key, part in wide.groupby(level=["pruner", "density"], sort=False)
    }
    groups = {key: units.averaged(part) for key, part in networks.items()}
    rows = []
    for (pruner, density), part in groups.items():
        noise = stats.Noise(averaged=len(networks[pruner, density]) // len(part))
        profiles = part.to_numpy(dtype=float)
        within = stats.similarity_within(profiles, noise=noise)
        row = {"pruner": pruner, "density": density, **_named("within", within)}
        if pruner != baseline and (baseline, density) in groups:
            between = _between(part, groups[baseline, density], noise)
            row |= _named("between", between)
        length = float(np.linalg.norm(profiles, axis=1).mean())
        rows.append({**row, "length": length, "unit": str(units)})
    columns = ["pruner", "density", *SIMILARITIES, "length", "unit"]
    return _ordered(pd.DataFrame(rows, columns=columns), run)


def _between(one: pd.DataFrame, other: pd.DataFrame, noise: stats.Noise) -> stats.Interval:
    both = pd.concat([one, other])
    groups = np.repeat([0, 1], [len(one), len(other)])
    units = np.array([str(unit) for unit in both.index])
    return stats.similarity_between(both.to_numpy(dtype=float), groups, units, noise=noise)


def _named(name: str, found: stats.Interval) -> dict[str, float]:
    ends = {f"{name}_low": found.low, f"{name}_high": found.high}
    return {name: found.value, **ends, f"{name}_n": found.n}


def _ordered(table: pd.DataFrame, run: RunTables) -> pd.DataFrame:
    """Return the rows in the run's order of pruners, densities falling."""
    if table.empty:
        return table
    places = {name: place for place, name in enumerate(run.trials()["pruner"].unique())}
    order = table["pruner"].map(places) - table["density"] / 2
    return table.loc[order.sort_values().index].reset_index(drop=True)


def whole(run: RunTables) -> pd.DataFrame:
    """Return motifs of whole pruned networks, all nodes, one level a density, by `NETWORK`."""
    place = ["trial", "network", "level"]
    networks = losses_by_network([run])
    networks = networks[[*place, "seed", "data_seed", "version", "left_out"]]
    table = run.table("motifs")
    table = table[
        (table["base_layer"] == -1) & (table["support"] == "all") & (table["density"] < 1)
    ]
    return table.drop(columns="data_seed").merge(networks, on=place)
