"""The report of the study `training`: the answer, all outcomes by condition, comparisons."""

from collections.abc import Mapping, Sequence
from typing import Any

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
)
from harness.report.constant_predictor import SHARE
from harness.tables.parts import numbers, p_value, pruned

from . import _training_tables as tables
from .training import DENSITY

_HERO = "How far motif counts lie from chance, by start"
_PLACE = (Column("start", "start", "text"), Column("decay", "early decay", "text"))


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary comparison, and the chart of all outcomes."""
    found = tables.outcomes(runs["starts"])
    means, compared = _with_verdicts(found)
    judged = (_secondary(compared), _degrees(means), _loss(means, found))
    return Opening(
        question,
        _primary(found).claim,
        [Finding(one.claim) for one in judged],
        _figure(found, "strength_by_start", tuple(tables.OUTCOMES)[:2], _HERO),
        _about(found),
        "harness study training",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    found = tables.outcomes(runs["starts"])
    means, compared = _with_verdicts(found)
    findings = [
        _primary(found),
        _degrees(means),
        _loss(means, found),
        _secondary(compared),
        _LIMITS,
    ]
    lead = [
        f"{_about(found)} Null: `layered`, exact; beyond degrees: `degree`, 100 draws. "
        "Random masks, the control, have a root mean square z of about 1. Hypothesis, margin and "
        "rule were committed before the run: reports/training/DESIGN.md."
    ]
    caption = (
        "Geometric means over networks with 95 % intervals. chance: overlap expected by chance; "
        "log2_ratio: mean of |log2(count / expected)| over classes under `layered`."
    )
    verdict = Column("verdict", "verdict", "text")
    place = {"start": "start", "decay": "early decay"}
    by_condition = conditions.table_of_means("by_condition", caption, means, place, verdict)
    differences = conditions.table_of_differences(
        "comparisons",
        "Mean differences of log2, paired by data seed. Corrected: for all secondary comparisons "
        "of one outcome.",
        compared,
    )
    figure = _figure(found, "outcomes", tuple(tables.OUTCOMES), "Outcomes by start")
    return [
        Section("answer", "The answer", lead, findings),
        Section("conditions", "Outcomes by condition", parts=[figure, by_condition]),
        Section("comparisons", "Comparisons", parts=[differences]),
        Section("classes", "Motif by motif", parts=[_classes(runs["starts"], found)]),
        checklist(_RULES),
    ]


def _with_verdicts(found: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the means and the comparisons, with the verdicts of the design's rule."""
    means, compared = tables.means(found), tables.comparisons(found)
    strengths = compared[compared["outcome"] == "strength"]
    compared = compared.assign(verdict=strengths.apply(tables.verdict, axis=1))
    beyond = means[means["outcome"] == "beyond_degrees"]
    means = means.assign(verdict=beyond.apply(tables.left, axis=1))
    return means.fillna({"verdict": ""}), compared.fillna({"verdict": ""})


def _about(found: pd.DataFrame) -> str:
    return (
        f"{len(found)} networks: {found.groupby(list(tables.CONDITION)).ngroups} conditions, one "
        f"network for each of {found['data_seed'].nunique()} data seeds. Unit: "
        f"{conditions.units(found)}."
    )


def _primary(found: pd.DataFrame) -> Finding:
    compared = tables.comparisons(found)
    rows = compared[(compared["family"] == "primary") & (compared["outcome"] == "strength")]
    if rows.empty or rows["low"].isna().any():
        return Finding("Not shown: too few replicates of the primary comparison.")
    row = rows.iloc[0]
    answers = {
        conditions.BEYOND: "The start decides how far motif counts lie from chance",
        conditions.WITHIN: "The start changes how far motif counts lie from chance by less than 2",
        conditions.OPEN: "Whether the start decides how far motif counts lie from chance is open",
    }
    value, low, high = conditions.times(row)
    return Finding(
        f"{answers[tables.verdict(row)]}: without weight decay z under `layered` is {value} times "
        f"as large from initial weights of sd 0.05 as of sd 0.5 (95 % {low} to {high}; "
        f"n = {row['n']} pairs).{_decay(compared)}",
        f"Root mean square z under `layered` at {pruned(DENSITY)}; "
        f"unit: {conditions.units(found)}. p {p_value(row['p'])}; margin: a factor of 2.",
    )


def _decay(compared: pd.DataFrame) -> str:
    """Say what early weight decay does to the start whose z is smallest without it."""
    start = tables.BASELINE[0]
    chosen = compared["comparison"] == f"{start}: early decay against none"
    rows = compared[chosen & (compared["outcome"] == "strength")].dropna(subset="low")
    if rows.empty:
        return ""
    value, low, high = conditions.times(rows.iloc[0])
    return f" Early decay makes it {value} times as large from {start} (95 % {low} to {high})."


def _degrees(means: pd.DataFrame) -> Finding:
    rows = means[means["outcome"] == "beyond_degrees"]
    parts = [
        f"{verdict}: {'; '.join(f'{_named(one)} {_range(one)}' for one in part)}"
        for verdict in ("degrees explain it", "something is left", "open")
        if (part := list(rows[rows["verdict"] == verdict].itertuples()))
    ]
    left = int((rows["verdict"] == "something is left").sum())
    return Finding(
        f"Something is left that degrees do not explain in {left} of {len(rows)} conditions.",
        f"Root mean square z under `degree`, mean with 95 % interval; {'. '.join(parts)}.",
    )


def _loss(means: pd.DataFrame, found: pd.DataFrame) -> Finding:
    rows = means[means["outcome"] == "loss"].sort_values("value")
    best, worst = (next(rows.iloc[[at]].itertuples()) for at in (0, -1))
    floor = int((found["loss"] >= SHARE).sum())
    shown = numbers([best.value, worst.value], 2)
    return Finding(
        f"Mean losses are {' to '.join(shown)} of that of the best constant; "
        f"{floor} of {len(found)} networks hardly do better than it ({SHARE} or more).",
        f"Lowest: {_named(best)} {_range(best)}; highest: {_named(worst)} {_range(worst)}.",
    )


def _secondary(compared: pd.DataFrame) -> Finding:
    rows = compared[(compared["outcome"] == "strength") & (compared["family"] == "secondary")]
    beyond = []
    for _, one in rows[rows["verdict"] == "beyond the margin"].iterrows():
        value, low, high = conditions.times(one)
        beyond.append(f"{one['comparison']}: {value} times ({low} to {high})")
    return Finding(
        f"Early decay and start change z by more than a factor of 2 in {len(beyond)} of "
        f"{len(rows)} other comparisons.",
        "; ".join(beyond),
    )


_LIMITS = Finding(
    "It does not show what happens at full size and in the published budget, on other tasks, "
    "or why.",
    "Networks of width 64, 10,000 steps, one learning rate, batch size and pruner. Movement and "
    "overlap are outcomes, as strength is: that they go together over conditions is no cause. "
    "Early decay shrinks weights, which counts as movement.",
)


_RULES = {
    "replication": "n = data seeds; each network has its own initial weights, flights and batches. "
    "Conditions of one data seed share data, and are compared in pairs.",
    "similarity": "No similarity of profiles is claimed.",
    "degrees": "Strength under `degree` stands beside strength under `layered`; graphs with "
    "unequal degrees alone were not measured.",
    "floors": "The first screen counts networks at the floor; the design leaves none out.",
    "equivalence": "Margin: a factor of 2 in strength; 12 pairs; every comparison is in the table.",
    "one procedure": "Verdicts come from the intervals shown; p is of the same procedure.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; none below six pairs.",
    "calibration": "z over all nodes of dense layers, which no result chose.",
    "mixing": "`degree` chooses its number of trades by a check; all draws were mixed.",
    "faithfulness": "Width 64 and 10,000 steps, not 400 and 107,800: the answer is about these.",
}
"""How the page keeps each rule."""


def _named(row: Any) -> str:
    return f"{row.start} {'without' if row.decay == 'none' else 'with early'} decay"


def _range(row: Any) -> str:
    return conditions.ranged(row._asdict())


def _figure(found: pd.DataFrame, name: str, outcomes: Sequence[str], title: str) -> Figure:
    return conditions.figure(
        name,
        title,
        f"Geometric means at {pruned(DENSITY)}, over {conditions.units(found)}; z: root mean "
        "square over motif classes, 1 by chance; colour: weight decay early in training.",
        tables.means(found).rename(columns={"decay": "early_decay"}),
        {outcome: tables.OUTCOMES[outcome] for outcome in outcomes},
        "start",
        "early_decay",
        log=True,
    )


def _classes(run: RunTables, found: pd.DataFrame) -> Table:
    parts = []
    for null, name in (("layered", "motifs"), ("degree", "sampled")):
        rows = tables.whole(run, name).merge(found[["trial", *tables.CONDITION]], on="trial")
        by = rows.groupby([*tables.CONDITION, "motif"], sort=False)[["z", "log2_ratio"]]
        parts.append(by.mean().reset_index().assign(null=null))
    caption = "Mean z and log2(count / expected) of each class, over networks, under both nulls."
    columns = [*_PLACE, Column("null", "null", "text"), Column("motif", "motif", "text"),
               Column("z", "z"), Column("log2_ratio", "log2 ratio")]  # fmt: skip
    return Table("classes", caption, pd.concat(parts, ignore_index=True), columns, sortable=True)
