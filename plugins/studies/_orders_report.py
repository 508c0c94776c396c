"""The report of the study `orders`: the answer, strengths by kind of graph, classes one by one."""

from collections.abc import Mapping

import pandas as pd

from harness.report import (
    Column,
    Figure,
    Finding,
    Opening,
    RunTables,
    Section,
    Table,
    checklist,
    conditions,
    units_of,
)
from harness.report.constant_predictor import SHARE

from . import _orders_tables as tables

_WORDS = {
    "something is left": "go beyond degrees",
    "nothing is left": "do not go beyond degrees by the margin",
    "open": "are open, beyond degrees",
}
_LEFT = {
    "something is left": "something is left",
    "nothing is left": "less than the margin is left",
    "open": "open",
}


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: order 4 beyond degrees, and the chart of strengths."""
    rows, means = _read(runs)
    findings = [Finding(one.claim) for one in (_given(means), _shown(rows), _power(rows))]
    return Opening(
        question,
        _primary(means).claim,
        findings,
        _figure(means, ("order4", "given3"), "strength_of_order_4"),
        _about(runs),
        "harness study orders",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    rows, means = _read(runs)
    findings = [_primary(means), _given(means), _shown(rows), _power(rows), _loss(runs), _LIMITS]
    lead = [
        f"{_about(runs)} Null: `degree`. Strength is the root mean square z over the classes of "
        "order 4 that vary under it; for a draw of the null it is about 1. Hypothesis, margin and "
        "rule were committed before the run: reports/orders/DESIGN.md."
    ]
    strengths = conditions.table_of_means(
        "strengths",
        "Geometric means of root mean square z over networks with 95 % intervals; the six draws, "
        "and the six planted graphs, of a network are pooled. lower: linear, descriptive.",
        means,
        {"start": "start, pruned", "kind": "graph"},
        Column("verdict", "verdict", "text"),
    )
    figure = _figure(means, tuple(tables.OUTCOMES), "outcomes")
    return [
        Section("answer", "The answer", lead, findings),
        Section("strengths", "Networks, draws and planted graphs", parts=[figure, strengths]),
        Section("power", "What the tests find in controls", parts=[_power_table(rows)]),
        Section("classes", "Motif by motif", parts=[_classes(rows)]),
        checklist(_RULES),
    ]


def _read(runs: Mapping[str, RunTables]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = tables.measured(runs)
    return rows, tables.means(tables.outcomes(rows))


def _about(runs: Mapping[str, RunTables]) -> str:
    found = tables.levels(runs)
    return (
        f"{len(found)} networks: two starts at {found['start'].nunique() // 2} densities, one for "
        f"each of {found['data_seed'].nunique()} data seeds; six draws of its own null and six "
        f"planted graphs beside each. Unit: {units_of(found.drop_duplicates('data_seed'))}."
    )


def _rows(means: pd.DataFrame, outcome: str, kind: str) -> pd.DataFrame:
    return means[(means["outcome"] == outcome) & (means["kind"] == kind)]


def _listed(rows: pd.DataFrame) -> str:
    return "; ".join(
        f"{row['start']} pruned: {conditions.ranged(row)}" for _, row in rows.iterrows()
    )


def _by_verdict(rows: pd.DataFrame, words: Mapping[str, str]) -> str:
    parts = rows.groupby("verdict", sort=False)
    return "; ".join(f"{words[str(verdict)]} ({_listed(part)})" for verdict, part in parts)


def _primary(means: pd.DataFrame) -> Finding:
    rows = _rows(means, "order4", tables.NETWORK)
    if rows.empty or rows["low"].isna().any():
        return Finding("Not shown: too few replicates.")
    if not tables.calibrated(means):
        return Finding("Not shown: draws of the null are not calibrated.")
    return Finding(
        f"Motifs of order 4 {_by_verdict(rows, _WORDS)}: root mean square z under `degree`, margin "
        f"{tables.MARGIN:g}, 95 % intervals, n = {rows['n'].min()} networks each.",
        f"Control, draws of the same null: {_listed(_rows(means, 'order4', tables.DRAW))}.",
    )


def _given(means: pd.DataFrame) -> Finding:
    own, planted = (_rows(means, "given3", kind) for kind in (tables.NETWORK, tables.PLANTED))
    if own.empty or own["low"].isna().any():
        return Finding("Given order 3, nothing is shown: too few replicates.")
    trusted = (planted["high"] < tables.MARGIN).all()
    values = ", ".join(f"{row['value']:.2g} ({row['start']})" for _, row in own.iterrows())
    trust = "planted graphs stay below 2" if trusted else "descriptive: planted graphs exceed 2"
    return Finding(
        f"Given the counts of order 3, it is {values}; {trust}.",
        f"Networks: {_by_verdict(own, _LEFT)}. Graphs with a planted excess of order 3 "
        f"and nothing else: {_listed(planted)}. Margin: {tables.MARGIN:g}.",
    )


def _shown(rows: pd.DataFrame) -> Finding:
    of = tables.classes(rows[rows["kind"] == tables.NETWORK]).dropna(subset=["q"])
    shown = of[of["q"] < tables.SHOWN]
    counts = [
        f"{len(shown[shown['start'] == start])}/{len(part)} ({start})"
        for start, part in of.groupby("start", sort=False)
    ]
    if not counts:
        return Finding("No class of order 4 was measured.")
    most = shown.reindex(shown["value"].abs().sort_values(ascending=False).index).head(6)
    texts = [f"{row['motif']} {row['value']:+.1f} ({row['start']})" for _, row in most.iterrows()]
    return Finding(
        f"Classes of order 4 unlike the null: {', '.join(counts)}; "
        f"{int((shown['value'] > 0).sum())} of {len(shown)} in excess.",
        f"Mean z over networks, q below {tables.SHOWN:g} within the classes of a start that vary. "
        f"Largest: {'; '.join(texts)}.",
    )


def _power(rows: pd.DataFrame) -> Finding:
    found = tables.power(rows)
    planted = found[found["graph"].astype(str).str.startswith(tables.PLANTED)]
    drawn = found[found["graph"] == tables.DRAW]
    if planted.empty or drawn.empty:
        return Finding("Controls: too few replicates to say which classes differ.")
    share = planted["sum"].sum() / planted["size"].sum()
    texts = [
        f"{row['start']}, {row['graph']} to z {row['reached']:.1f}: {row['sum']:.0f} of "
        f"{row['size']:.0f}, given order 3 {row['sum_given']:.0f}"
        for _, row in planted.iterrows()
    ]
    false = drawn["sum"].sum() / drawn["size"].sum()
    return Finding(
        f"Controls: a planted excess of one order-3 class (z 5) changes {share:.0%} of order-4 "
        f"classes; draws of the null, {false:.1%}.",
        f"Classes with q below {tables.SHOWN:g}. {'; '.join(texts)}.",
    )


def _loss(runs: Mapping[str, RunTables]) -> Finding:
    found = tables.levels(runs)
    table = conditions.means(found, ("start", "seed"), ["loss"], geometric=True)
    floor = int((found["loss"] >= SHARE).sum())
    names = " and ".join(tables.floored(found))
    out = f" Nothing is claimed of {names} pruned, too often at the floor." if names else ""
    return Finding(
        f"{floor} of {len(found)} networks are at the floor ({SHARE:g} of the best "
        "constant's loss or more).",
        f"Mean loss as a share of it: {_listed(table)}.{out}",
    )


_LIMITS = Finding(
    "It does not show what happens at full size and in the published budget, on other tasks, or "
    "whether these motifs matter for function.",
    "Small networks, one pruner, one density. The prediction from order 3 is linear: what it "
    "leaves may be a bend. An excess of order 4 at fixed order 3 was not planted, so the power to "
    "see one is unknown.",
)


_RULES = {
    "replication": "n = data seeds; each network has its own initial weights, flights and batches.",
    "similarity": "No similarity of profiles is claimed.",
    "degrees": "All of it is beyond degrees: null `degree`, whose own draws stand beside it.",
    "floors": "Nothing is claimed of a start of which more than 10 % of networks are at the floor; "
    "they are counted in the answer.",
    "equivalence": "Margin: a root mean square z of 2; every strength is in the table.",
    "one procedure": "Verdicts come from the intervals shown; q of classes from `mean_tests`.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; none below six networks.",
    "calibration": "All nodes of dense layers count; draws of the null, scored like networks, "
    "show z is calibrated. `lower` is descriptive, as the table says.",
    "mixing": "The number of trades is chosen by a check; draws are independent given a network.",
    "faithfulness": "Width 32 and few steps, not 400 and 107,800: the answer is about these.",
}
"""How the page keeps each rule."""


def _figure(means: pd.DataFrame, outcomes: tuple[str, ...], name: str) -> Figure:
    return conditions.figure(
        name,
        "Strength of motifs by kind of graph",
        "Root mean square z over classes, geometric means over networks. network: pruned ones; "
        "draw: of their null `degree`, the control; planted: draws with an excess of one class of "
        "order 3.",
        means,
        {one: tables.OUTCOMES[one] for one in outcomes},
        "kind",
        "start",
        log=True,
    )


def _power_table(rows: pd.DataFrame) -> Table:
    columns = [
        Column("start", "start", "text"),
        Column("graph", "graph", "text"),
        Column("reached", "z planted"),
        Column("sum", "classes that differ"),
        Column("size", "of"),
        Column("sum_given", "given order 3"),
        Column("size_given", "of", note="given"),
    ]
    caption = (
        f"Order-4 classes with q below {tables.SHOWN:g} over networks, each start and graph a "
        "family of its own; of draws, the mean of six sets. z planted: mean z reached by the class "
        "of order 3."
    )
    return Table("power", caption, tables.power(rows), columns)


def _classes(rows: pd.DataFrame) -> Table:
    own = rows[rows["kind"] == tables.NETWORK]
    keys = ["start", "motif"]
    wide = tables.classes(own).merge(
        tables.classes(own, "z_given"), on=keys, how="left", suffixes=("", "_given")
    )
    columns = [*(Column(key, key, "text") for key in keys), Column("n", "n"),
               Column("value", "mean z"), *conditions.INTERVAL, Column("p", "p"), Column("q", "q"),
               Column("value_given", "given order 3"), Column("q_given", "q, given")]  # fmt: skip
    caption = (
        "Mean z of order-4 classes under `degree`, over networks, and of what order 3 does not "
        "predict. Names: nodes per layer, then edges. q: within the classes of a start that vary."
    )
    return Table("classes", caption, wide[[one.key for one in columns]], columns, sortable=True)
