"""The answer of the study `published` in words: sentences computed from its tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.report import Finding, RunTables
from harness.tables.parts import fixed, numbers, with_ends

from . import _published_quirks as quirks
from . import _published_tables as tables

LEVELS = (85, 90, 93)


def ran(runs: Mapping[str, RunTables]) -> str:
    """Return how many networks each ensemble has, and what they replicate."""
    parts = [f"`{name}`: {run.table('levels')['network'].nunique()}" for name, run in runs.items()]
    return (
        f"Networks by ensemble: {'; '.join(parts)}. `published` is pruned as the published code "
        "does, `mended` by plain magnitude, the other two without one of these two quirks. "
        "All share seeds and data: they replicate the initialisation, not the data."
    )


def reproduced(compared: pd.DataFrame) -> Finding:
    """Return which published mean z-scores are repeated, within which margin, and which are not."""
    main = compared[compared["percent"].isin(LEVELS)]
    inside = main[main["verdict"] == "equivalent"]
    names = {
        str(motif): ", ".join(f"{percent} %" for percent in rows["percent"])
        for motif, rows in inside.groupby("motif", sort=False)
    }
    parts = [
        f"`{row['motif']}` at {row['percent']} %: {fixed(row['difference'], 2, '+')} sd"
        f"{_range(row['low'], row['high'])}, {_judged(row)}"
        for _, row in main[main["verdict"].isin(["open", "different"])].iterrows()
    ]
    few = main[main["verdict"] == "too few"]
    if len(few):
        parts.append(
            f"{len(few)} without a verdict, with under {tables.FEWEST} networks on either side"
        )
    return Finding(
        f"Does it repeat? Counted as published, {len(inside)} of {len(main)} mean z-scores "
        f"({main['motif'].nunique()} classes at 85, 90 and 93 % pruned) are equivalent to the "
        "published within a margin of one published standard deviation over networks"
        f"{_margins(main)}: the 90 % interval of the difference (Welch) lies within it.",
        f"Equivalent: {_listed(names) or 'none'}. Not equivalent: {'; '.join(parts) or 'none'}. "
        "All these networks are given one data set.",
    )


def repeated_in_short(compared: pd.DataFrame) -> str:
    """Return in one sentence how many published mean z-scores are repeated."""
    main = compared[compared["percent"].isin(LEVELS)]
    inside = int((main["verdict"] == "equivalent").sum())
    different = int((main["verdict"] == "different").sum())
    return (
        f"Counted as published, {inside} of {len(main)} mean z-scores are equivalent to the "
        f"published (within one standard deviation over networks); {different} are different."
    )


def in_short(found: pd.DataFrame, rises: pd.DataFrame, percent: int) -> list[Finding]:
    """Return the findings of the first screen: excess beyond both nulls, and likeness."""
    findings = []
    every = found[(found["support"] == "all") & (found["ensemble"] == "mended")].dropna(subset="z")
    for null, beyond in (("layered", "layer densities"), ("degree", "degrees")):
        rows = every[every["null"] == null]
        if rows.empty:
            continue
        clear = rows[rows["q"] < 0.05]
        sizes = clear["log2_ratio"] if len(clear) else rows["log2_ratio"]
        row: Any = rows.iloc[rows.index.get_loc(sizes.abs().idxmax())]
        ends = [2.0 ** row[name] for name in ("log2_ratio", "ratio_low", "ratio_high")]
        findings.append(
            Finding(
                f"Beyond {beyond}, {row['motif']} departs most at {percent} % pruned: found over "
                f"expected {with_ends(*ends)}.",
                f"Mean z {fixed(row['z'], 1, '+')}{_range(row['low'], row['high'])}. Plain "
                f"magnitude (`mended`), null `{null}`, all nodes; n = {row['n']} networks.",
            )
        )
    last: list[dict[str, Any]] = rises[rises["order"] == rises["order"].max()].to_dict("records")
    named = {"published": "published pruning", "mended": "plain magnitude"}
    parts = [
        f"{fixed(row['difference'], 2, '+')}{_range(row['low'], row['high'], 2)} under "
        f"{named[row['source']]}"
        for row in last
        if row["source"] in named
    ]
    if parts:
        findings.append(
            Finding(
                f"To {percent} % pruned, likeness changes by {' and '.join(parts)}.",
                "Similarity of z profiles, corrected for noise. It says more than unequal degrees "
                "only beside controls.",
            )
        )
    return findings


def _listed(names: Mapping[str, str]) -> str:
    return "; ".join(f"`{motif}` at {levels}" for motif, levels in names.items())


def _margins(rows: pd.DataFrame) -> str:
    """Return the margin in standard errors of the difference; nothing if none is known."""
    errors = (rows["published_sd"] / rows["error"]).dropna()
    if errors.empty:
        return ""
    return f", {errors.min():.1f} to {errors.max():.1f} standard errors of the difference"


def _judged(row: "pd.Series[Any]") -> str:
    """Return whether a mean that is not equivalent differs, or is not known well enough."""
    if row["verdict"] == "different":
        return "different"
    known = (
        f"the {row['published_n']} published networks leave their mean open by "
        f"±{row['alone']:.2f} sd"
    )
    if row["low"] <= 0 <= row["high"]:
        return f"no difference shown, {known}"
    return f"a difference, its size not settled: {known}"


def losses(runs: Mapping[str, RunTables]) -> Finding:
    """Return losses beside the published, dense and where the published ones rise."""
    table = tables.losses(runs)
    train = table[table["split"] == "train"].pivot(
        index="source", columns="percent", values="median"
    )
    percents = [percent for percent in (0, 93, 94) if percent in train]
    parts = [
        f"{_ensemble(source)} {', '.join(numbers(row.dropna(), 2))}"
        for source, row in train.loc[:, percents].iterrows()
    ]
    shares = tables.passing(runs)
    passed = shares[shares["percent"] >= 93].groupby("source")["share"].sum()
    last = ", ".join(
        f"{_ensemble(source)} {passed.get(source, 0):.0%}" for source in shares["source"].unique()
    )
    return Finding(
        "What does pruning as published cost? Median training loss at "
        f"{', '.join(map(str, percents))} % pruned: {'; '.join(parts)}.",
        f"Share of networks with a training loss up to 1e-3 at 93 %: {last}.",
    )


def _ensemble(source: object) -> str:
    return tables.THEIRS if source == tables.THEIRS else f"`{source}`"


def converged(rises: pd.DataFrame, beside: pd.DataFrame) -> list[Finding]:
    """Return whether enforced sparsity makes differently initialised networks alike."""
    main = rises[rises["source"].isin(["published", "mended"])]
    if main.empty:
        return []
    rose = main["low"] > 0
    first, last = main.iloc[0][["first", "last"]]
    head = "become more alike" if rose.all() else "do not become clearly more alike"
    if rose.any() and not rose.all():
        head = "become more alike in part"
    parts = [
        f"`{row['source']}`, order {row['order']}: {fixed(row['similarity_first'], 2)} to "
        f"{fixed(row['similarity_last'], 2)}, change {fixed(row['difference'], 2, '+')}"
        f"{_range(row['low'], row['high'], 2)}, {row['n']} networks"
        for row in main.to_dict("records")
    ]
    return [
        Finding(
            "Does enforced sparsity make differently initialised networks alike? Their z profiles "
            f"{head} from {first} to {last} % pruned: noise-corrected similarity "
            f"{'; '.join(parts)}.",
            "Exact z under `layered`, all nodes; 95 % intervals over networks; the change is less "
            "the jackknife's estimate of bias.",
        ),
        _exceeding(beside, int(last)),
    ]


def _exceeding(beside: pd.DataFrame, percent: int) -> Finding:
    """Return whether degrees alone make graphs as alike."""
    if beside.empty:
        return Finding(
            "Is it more than unequal degrees make? Not known: these runs hold no controls.",
            "Simulated graphs whose nodes only have unequal degrees are alike to 0.98 and more "
            "(90 % pruned; tests/motifs/test_unequal_degrees.py).",
        )
    beside = beside.dropna(subset=["similarity", "of_control", "difference"])
    if beside.empty:
        return Finding(
            f"Is it more than unequal degrees make, at {percent} % pruned? Not known: no signal of "
            "these networks and their controls is clear of the null's noise.",
        )
    parts = [
        f"`{row['source']}`, order {row['order']}, {row['control']}: {fixed(row['similarity'], 2)} "
        f"against {fixed(row['of_control'], 2)}, difference {fixed(row['difference'], 2, '+')}"
        f"{_range(row['low'], row['high'], 2)}"
        for row in beside.to_dict("records")
    ]
    clear = (beside["low"] > 0).all()
    return Finding(
        f"Is it more than unequal degrees make, at {percent} % pruned? "
        f"{'Yes' if clear else 'Not shown for all'}: {'; '.join(parts)}.",
        "Random graphs made for each network: with degrees as unequal, or with its own degrees.",
    )


def represented(found: pd.DataFrame, percent: int) -> list[Finding]:
    """Return what is over- and under-represented beyond layer densities, and beyond degrees."""
    findings = []
    for null, beyond in (("layered", "layer densities"), ("degree", "degrees")):
        part = found[(found["null"] == null) & (found["support"] == "all")]
        parts, tested = [], []
        for ensemble, rows in part.groupby("ensemble", sort=False):
            parts.append(f"`{ensemble}` {_directions(rows)}")
            tested.append(
                f"`{ensemble}` {rows['n'].max()} networks, {rows['p'].notna().sum()} classes"
            )
        if parts:
            findings.append(
                Finding(
                    f"What do {beyond} not explain, at {percent} % pruned? {'; '.join(parts)}.",
                    f"Mean z under `{null}`, exact counts without bias units, all nodes; q < 0.05 "
                    f"over the classes that vary ({'; '.join(tested)}).",
                )
            )
    return findings


def _directions(rows: pd.DataFrame) -> str:
    if rows["q"].isna().all():
        return f"has too few networks for a test, mean z {_named(rows)}"
    clear = rows[rows["q"] < 0.05]
    over, under, rest = (
        clear[clear["z"] > 0],
        clear[clear["z"] < 0],
        rows[rows["q"].notna() & ~(rows["q"] < 0.05)],
    )
    parts = [
        f"{words} {_named(some)}"
        for words, some in (
            ("over", over),
            ("under", under),
            ("like chance", rest),
        )
        if len(some)
    ]
    return ", ".join(parts)


def _named(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{row.motif} ({fixed(row.z, 1, '+')})" for row in rows.dropna(subset="z").itertuples()
    )


def chains(table: pd.DataFrame, effects: pd.DataFrame, percent: int) -> list[Finding]:
    """Return what remains of the under-representation of chains when chains are counted."""
    findings = []
    sums = table[table["base_layer"] == -1]
    for motif, part in sums.groupby("motif"):
        parts = [
            f"`{row['ensemble']}` on {row['support']} nodes {fixed(row['z'], 1, '+')}"
            f"{_range(row['low'], row['high'])}, {2 ** row['log2_ratio']:.2f} times what is "
            "expected"
            for _, row in part.iterrows()
        ]
        findings.append(
            Finding(
                f"Is `{motif}` under-represented? Counted as chains, at {percent} % pruned, "
                f"{_verdict(part)}: mean z of the sum over layers {'; '.join(parts)}. "
                f"{_by_layer(table[(table['base_layer'] >= 0) & (table['motif'] == motif)])}",
                "Exact under `layered`, without bias units; 95 % intervals over networks, given "
                "one data set.",
            )
        )
    return [*findings, *_pairs(effects)]


def _verdict(rows: pd.DataFrame) -> str:
    """Return whether the sum over layers is below or above what is expected, and where."""
    fewer, more = rows["high"] < 0, rows["low"] > 0
    if rows["low"].isna().all():
        return "with too few networks for an interval"
    if fewer.all():
        return "yes"
    if more.all():
        return "no, there are more of them than expected"
    where = [f"`{row['ensemble']}` on {row['support']} nodes" for _, row in rows[fewer].iterrows()]
    return f"only {', '.join(where)}" if where else "not as a sum over layers"


def _by_layer(rows: pd.DataFrame) -> str:
    """Return from which layers chains are fewer than expected, whatever their sum is."""
    if rows.empty:
        return "Counts by layer are not in these tables."
    if rows["low"].isna().all():
        return "By the layer that they begin in, too few networks for intervals."
    parts = [
        f"from layer {base} ({'; '.join(_layer(row) for _, row in part.iterrows())})"
        for base, part in rows[rows["high"] < 0].groupby("base_layer")
    ]
    return f"By the layer that they begin in, fewer than expected {', '.join(parts) or 'nowhere'}."


def _layer(row: "pd.Series[Any]") -> str:
    return f"`{row['ensemble']}` on {row['support']} nodes {fixed(row['z'], 1, '+')}"


def _pairs(effects: pd.DataFrame) -> list[Finding]:
    """Return z of the published masks and null, chains counted as pairs and as chains."""
    counted = effects[effects["quirk"] == next(iter(quirks.COUNTED))]
    parts = [
        f"{row.motif} at {row.percent} % {fixed(row.with_quirk, 1, '+')} as pairs, "
        f"{fixed(row.mended, 1, '+')} as chains"
        for row in counted[counted["motif"].isin(["chain2", "chain3"])].itertuples()
    ]
    if not parts:
        return []
    return [
        Finding(
            "The published masks under the published null, bias units included, mean z: "
            f"{'; '.join(parts)}.",
            "Published are connected pairs of nodes, however many chains connect them.",
        )
    ]


def matters(effects: pd.DataFrame, percent: int) -> list[Finding]:
    """Return for each quirk the class whose z it changes most."""
    part = effects[effects["percent"] == percent].dropna(subset="difference")
    if part.empty:
        return []
    most = part.loc[
        part.groupby("quirk", sort=False)["difference"].apply(lambda d: d.abs().idxmax())
    ]
    parts = [
        f"{row.quirk}: {row.motif} {fixed(row.with_quirk, 1, '+')} to {fixed(row.mended, 1, '+')}"
        for row in most.itertuples()
    ]
    return [
        Finding(
            f"What each quirk changes most at {percent} % pruned, mean z with it and without "
            f"it alone: {'; '.join(parts)}.",
            "The other settings of the factorial are in the table of quirks.",
        )
    ]


def _range(low: float, high: float, digits: int = 1) -> str:
    """Return an interval in brackets; nothing where there is none."""
    return "" if np.isnan(low) else f" ({fixed(low, digits, '+')} to {fixed(high, digits, '+')})"
