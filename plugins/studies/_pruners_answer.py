"""The answer of the study `pruners` in words: sentences computed from its tables."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.report import Finding, RunTables, Units
from harness.tables.parts import fixed, numbers, percent_pruned, pruned

from . import _pruners_tables as tables
from ._pruners_expectations import EXPECTATIONS, MAY_COLLAPSE, NEVER_COLLAPSES

CALIBRATED_LENGTH = 2.0
"""Mean length of z, in roots of the number of motifs, under which a profile is like a
random network's: its direction then says nothing."""

SHOWN = 0.05
"""A difference counts as shown where its corrected p is up to this."""


def ran(runs: Mapping[str, RunTables], units: Units) -> list[str]:
    """Return what was run, what one replicate is, and when expectations were stated."""
    levels = runs["pruners"].table("levels")
    networks = levels.groupby("pruner")[["data_seed", "network"]].apply(
        lambda part: len(part.drop_duplicates())
    )
    warning = [units.warning] if units.warning else []
    sparse = levels[levels["density"] < 1]["density"].nunique()
    least, most = int(networks.min()), int(networks.max())
    number = f"{most}" if least == most else f"{least} to {most}"
    return [
        f"{len(networks)} pruners and controls with {number} networks each, of "
        f"{levels['data_seed'].nunique()} data seeds, at {sparse} levels of pruning; the same "
        "initial weights, data and batches under each, and as many steps up to each level. "
        f"Intervals and p are over {units}.",
        *warning,
        "The budget is minutes, not the published protocol: all statements hold for this budget "
        "only. Expectations and the rules that judge them were committed before the run.",
    ]


def expectations(judged: pd.DataFrame) -> list[Finding]:
    """Return each expectation with its verdict."""
    found = []
    for expected in EXPECTATIONS:
        rows = judged[judged["expectation"] == expected.name]
        if rows.empty:
            continue
        parts = "; ".join(
            f"{percent_pruned(row['density'])}: {_ratio(row)}" for _, row in rows.iterrows()
        )
        unit = "Ratio of these ratios" if expected.beside else "Ratio of losses"
        none = rows["low"].isna().all()
        ends = "no intervals for so few" if none else "with 95 % intervals"
        found.append(
            Finding(
                f"{expected.claim[:-1]}: {tables.verdict(rows)}.",
                f"{unit} by % pruned, {ends} (n = {int(rows['n'].max())} "
                f"{rows['unit'].iloc[0]}): {parts}. Source: {expected.source}.",
            )
        )
    return found


def collapse(table: pd.DataFrame) -> Finding:
    """Return which pruners cut all paths, and whether that was expected of them."""
    synflow = table[table["pruner"] == NEVER_COLLAPSES]
    clean = not synflow["dead"].gt(0).any() and not synflow["emptied"].gt(0).any()
    parts = []
    for name in MAY_COLLAPSE:
        rows = table[(table["pruner"] == name) & (table["dead"] > 0)]
        if rows.empty:
            parts.append(f"`{name}` has none either")
            continue
        first = rows.iloc[0]
        empty = first["emptied"]
        layers = "" if pd.isna(empty) else f"; {empty:.0f} with an empty layer"
        parts.append(
            f"`{name}` has networks without any path from {pruned(first['density'])} on "
            f"({first['dead']:.0f} of {first['n']}{layers})"
        )
    known = {NEVER_COLLAPSES, *MAY_COLLAPSE}
    others = table[(table["dead"] > 0) & ~table["pruner"].isin(known)]
    more = ", ".join(f"`{name}`" for name in others["pruner"].unique())
    return Finding(
        f"`{NEVER_COLLAPSES}` keeps every layer connected, where global scores may empty one: "
        f"{'held' if clean else 'contradicted'}.",
        f"{'; '.join(parts)}. Others with networks without any path: {more or 'none'}. "
        "Source: Tanaka et al. 2020, arXiv 2006.05467.",
    )


def losses(beside: pd.DataFrame) -> Finding:
    """Return which pruners are shown to lose less than magnitude, or more, at `CHOSEN`."""
    rows = beside[beside["density"] == tables.CHOSEN].sort_values("ratio")
    if rows.empty:
        return Finding(f"At {pruned(tables.CHOSEN)}, nothing is compared with `magnitude`.")
    n, unit, least = int(rows["n"].max()), rows["unit"].iloc[0], float(rows["attainable"].min())
    how = f"n = {n} {unit}; the smallest attainable p is {least:.3g}"
    if least > SHOWN:
        return Finding(
            f"At {pruned(tables.CHOSEN)}, no difference of loss from `magnitude` is shown: "
            f"so few replicates can give no p up to {SHOWN} ({how}).",
            f"Ratio of losses, geometric mean, from the lowest on: {_names(rows)}.",
        )
    better = rows[(rows["ratio"] < 1) & (rows["adjusted"] <= SHOWN)]
    worse = rows[(rows["ratio"] > 1) & (rows["adjusted"] <= SHOWN)]
    rest = rows.drop([*better.index, *worse.index])
    return Finding(
        f"At {pruned(tables.CHOSEN)}, {_names(better) or 'no pruner'} "
        f"{'is' if len(better) < 2 else 'are'} shown to lose less than `magnitude`.",
        f"More: {_names(worse) or 'none'}. No difference shown: {_names(rest) or 'none'}. Ratio of "
        f"losses, geometric mean; p up to {SHOWN}, corrected for all pruners; {how}.",
    )


def landscape(likeness: pd.DataFrame, motifs: pd.DataFrame) -> list[Finding]:
    """Return whose motif profiles have the direction of magnitude's."""
    rows = likeness[likeness["density"] == tables.CHOSEN].set_index("pruner")
    if motifs.empty or "magnitude" not in rows.index:
        return []
    noise_level = CALIBRATED_LENGTH * motifs["motif"].nunique() ** 0.5
    own = rows.loc["magnitude"].to_dict()
    unit = f"n = {rows['within_n'].max():.0f} {rows['unit'].iloc[0]}"
    others = rows.drop("magnitude").dropna(subset="between")
    flat = others[others["length"] < noise_level]
    shown = others[others["length"] >= noise_level].sort_values("between", ascending=False)
    known = shown.dropna(subset=["between_low", "between_high"])
    apart = known[known["between_high"] < own["within_low"]]
    among = "not defined" if np.isnan(own["within"]) else fixed(own["within"], 2)
    verdict = (
        "there is no verdict on profiles other than magnitude's: too few replicates for an interval"
        if np.isnan(own["within_low"]) or known.empty
        else f"another motif profile than magnitude's is shown of {_plain(apart) or 'no pruner'}"
    )
    return [
        Finding(
            f"At {pruned(tables.CHOSEN)}, {verdict}.",
            f"Noise-corrected similarity with magnitude's profiles, z under `layered` on all nodes "
            f"({unit}): {_similar(shown) or 'none defined'}; among magnitude's own "
            f"{among}{_interval(own['within_low'], own['within_high'])}. Profiles as "
            "short as those of random wiring with the same layer densities (mean length of z under "
            f"{noise_level:.1f}): {_plain(flat) or 'none'}. Graphs whose nodes only have unequal "
            "degrees "
            "are as alike as most of these: no similarity here says more than that.",
        )
    ]


def sizes(motifs: pd.DataFrame) -> list[Finding]:
    """Return how much effect sizes differ between pruners, whatever the direction."""
    motifs = motifs.dropna(subset="log2_ratio")
    if motifs.empty:
        return []
    wide = motifs.pivot_table(index="pruner", columns="motif", values="log2_ratio", sort=False)
    most = "magnitude" if "magnitude" in wide.index else str(wide.index[0])
    name = str(wide.loc[most].idxmax())
    ratios = (2 ** wide[name]).sort_values(ascending=False)
    shown = zip(ratios.index, numbers(ratios), strict=True)
    listed = ", ".join(f"`{pruner}` {ratio}" for pruner, ratio in shown)
    return [
        Finding(
            f"Strength depends on the pruner: `{name}` occurs {ratios.iloc[0]:.2g} times as "
            f"often as expected under `{ratios.index[0]}`.",
            f"Count over expectation at {pruned(tables.CHOSEN)}, geometric mean over "
            f"units, of the motif that `{most}` has most of: {listed}.",
        )
    ]


def _similar(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"`{row['pruner']}` {fixed(row['between'], 2)}"
        f"{_interval(row['between_low'], row['between_high'])}"
        for row in rows.reset_index().to_dict("records")
    )


def _interval(low: float, high: float) -> str:
    """Return the ends of an interval in brackets, nothing where there is none."""
    return "" if np.isnan(low) else f" ({fixed(low, 2)} to {fixed(high, 2)})"


def _plain(rows: pd.DataFrame) -> str:
    return ", ".join(f"`{name}`" for name in rows.index)


def _names(rows: pd.DataFrame) -> str:
    return ", ".join(f"`{row['pruner']}` ({fixed(row['ratio'], 2)})" for _, row in rows.iterrows())


def _ratio(row: "pd.Series[float]") -> str:
    ends = "" if pd.isna(row["low"]) else f" ({fixed(row['low'], 2)} to {fixed(row['high'], 2)})"
    return f"{fixed(row['ratio'], 2)}{ends}"
