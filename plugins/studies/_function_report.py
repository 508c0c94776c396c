"""The report of the study `function`: the answer, losses by dose, lesions, correlations."""

from collections.abc import Mapping
from typing import NamedTuple

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

from . import _function_tables as tables
from .function import MOTIF, TARGETS

_ARMS = {"start": "from the initial weights", "new": "from new weights"}
_START = Column("start", "start", "text")


class _Judged(NamedTuple):
    """The networks of the correlation, and what the rules of the design say of all."""

    networks: pd.DataFrame
    doses: pd.DataFrame
    slopes: pd.DataFrame
    lesions: pd.DataFrame
    correlations: pd.DataFrame


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary outcome, and losses by dose."""
    judged = _judged(runs)
    findings = [_correlated(judged), _anew(judged), _lesioned(judged)]
    return Opening(
        question,
        _primary(judged).claim,
        [Finding(one.claim) for one in findings],
        _figure(judged.doses),
        _about(judged),
        "harness study function",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    judged = _judged(runs)
    asked = (_primary, _correlated, _anew, _moved, _lesioned)
    findings = [*(finding(judged) for finding in asked), _LIMITS]
    lead = [
        f"{_about(judged)} Null: `degree` (100 draws for the correlation, else 50), which keeps "
        "every node's degrees, as rewiring does. Control: shams, as many swaps that leave all six "
        "classes as they were. Hypotheses, margin and rules were committed before the run: "
        "reports/function/DESIGN.md."
    ]
    return [
        Section("answer", "The answer", lead, findings),
        Section("doses", "Rewired networks", parts=[_slopes(judged), _reached(judged)]),
        Section("lesions", "Lesions", parts=[_lesions(judged)]),
        Section("correlations", "Correlations", parts=[_correlations(judged), _profile(runs)]),
        checklist(_RULES),
    ]


def _judged(runs: Mapping[str, RunTables]) -> _Judged:
    found, changed, anew = (tables.networks(runs[name]) for name in ("networks", "changed", "anew"))
    doses = tables.doses(pd.concat([changed, anew], ignore_index=True))
    return _Judged(
        found,
        doses,
        tables.slopes(doses),
        tables.lesions(changed),
        tables.correlations(found, tables.covariates(runs["networks"])),
    )


def _about(judged: _Judged) -> str:
    return (
        f"{judged.doses['data_seed'].nunique()} networks from each of two starts rewired and "
        f"lesioned; {len(judged.networks)} for the correlation. Unit: "
        f"{conditions.units(judged.networks)}."
    )


def _percent(log2: float) -> str:
    return f"{100 * (2.0**log2 - 1):+.0f} %".replace("-", "−")


def _named(row: pd.Series) -> str:
    low, value, high = (_percent(row[name]) for name in ("low", "value", "high"))
    return f"{value} from the {row['start']} start (95 % {low} to {high}; n = {row['n']})"


def _primary(judged: _Judged) -> Finding:
    rows = _slopes_of(judged, tables.PRIMARY)
    if rows.empty or rows["low"].isna().any():
        return Finding("Not shown: too few replicates of the primary comparison.")
    verdicts = set(rows["verdict"])
    answers = {
        conditions.BEYOND: "Motifs matter for function",
        conditions.WITHIN: "Motifs do not matter for function by as much as 10 %",
    }
    answer = answers.get(verdicts.pop(), "") if len(verdicts) == 1 else ""
    depends = {conditions.BEYOND, conditions.WITHIN} <= {*rows["verdict"]}
    other = "Whether motifs matter depends on the start" if depends else _OPEN
    changes = "; ".join(_named(row) for _, row in rows.iterrows())
    return Finding(
        f"{answer or other}: 10 more in z of {MOTIF} at the same degrees change the loss by "
        f"{changes}.",
        f"Mean slope; networks trained again from their initial weights, rewired to {MOTIF} z of "
        f"{_TARGETS}, against shams; z under `degree`. Margin: 10 %. "
        + "; ".join(f"{row['start']}: {row['verdict']}" for _, row in rows.iterrows())
        + ".",
    )


_OPEN = "Whether motifs matter for function is open"


_TARGETS = " and ".join(f"{target:g}" for target in TARGETS).replace("-", "−")


def _slopes_of(judged: _Judged, arm: str) -> pd.DataFrame:
    return judged.slopes[(judged.slopes["arm"] == arm) & (judged.slopes["outcome"] == "slope")]


def _anew(judged: _Judged) -> Finding:
    rows = _slopes_of(judged, "new")
    return Finding(
        f"Trained from new weights instead, by start: {_counted(rows)} (margin: 10 % for 10 in z).",
        _each(rows),
    )


def _moved(judged: _Judged) -> Finding:
    doses = judged.doses[judged.doses["arm"] == tables.PRIMARY]
    means = doses.groupby(["start", "target"], sort=False)[["z", "others"]].mean()
    ends = [
        f"{part['z'].iloc[0]:.1f} and {part['z'].iloc[-1]:.1f} ({start})".replace("-", "−", 1)
        for start, part in means.groupby("start", sort=False)
    ]
    return Finding(
        f"Rewiring reached {MOTIF} z of {', '.join(ends)}, in the mean; {_TARGETS} were asked.",
        f"Largest difference of z of another class from the sham, in the mean: "
        f"{means['others'].max():.1f}.",
    )


def _lesioned(judged: _Judged) -> Finding:
    rows = judged.lesions
    return Finding(
        "Loss with edges of most copies cut, against matched edges, by class and start: "
        f"{_counted(rows)}.",
        _each(rows, "motif"),
    )


def _each(rows: pd.DataFrame, *by: str) -> str:
    named = (": ".join([*(row[name] for name in by), _named(row)]) for _, row in rows.iterrows())
    verdicts = rows["verdict"]
    return "; ".join(f"{one}, {verdict}" for one, verdict in zip(named, verdicts, strict=True))


def _counted(rows: pd.DataFrame) -> str:
    parts = [
        f"{number} {verdict}"
        for verdict in (conditions.BEYOND, conditions.WITHIN, conditions.OPEN, tables.AT_FLOOR)
        if (number := int((rows["verdict"] == verdict).sum()))
    ]
    return ", ".join(parts)


def _correlated(judged: _Judged) -> Finding:
    rows = judged.correlations
    shown = int((rows["adjusted"] <= tables.ALPHA).sum())
    on_ranks = int((rows["rank_adjusted"] <= tables.ALPHA).sum())
    each = "; ".join(
        f"{row.motif} {row.correlation:+.2f} (p {row.adjusted:.2g}), on ranks "
        f"{row.rank_correlation:+.2f} (p {row.rank_adjusted:.2g})"
        for row in rows.itertuples()
    )
    return Finding(
        f"Over {rows['n'].min()} networks, loss goes with z at given degrees for {shown} of "
        f"{len(rows)} classes; on ranks, a check added after the run, for {on_ranks}.",
        "Glorot start; partial correlations of log2 loss, given dense loss, effective density and "
        f"degree variances of each layer, p corrected for the classes: {each}. No cause is shown.",
    )


_LIMITS = Finding(
    "It does not show what other classes or higher orders do, nor networks of full size.",
    "One class was rewired, on one task, at one density, pruner and size; degrees, layer densities "
    "and paths were held, so that what these do for function is another question.",
)

_RULES = {
    "replication": "n = data seeds; each network has its own initial weights, flights and batches. "
    "Changed networks are compared with shams or lesions of the same data seed.",
    "similarity": "No similarity of profiles is claimed.",
    "degrees": "All z are under `degree`, strength under `layered` beside it; rewiring keeps every "
    "degree, and correlations are at given degree variances.",
    "floors": "Conditions with over 10 % of networks at 0.9 of the best constant's loss have no "
    "verdict but that; no single network is dropped.",
    "equivalence": "Margin: 10 % of loss for 10 in z, or for a lesion; every comparison is in a "
    "table.",
    "one procedure": "Verdicts come from the intervals shown; correlations have p alone.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; none below six networks.",
    "calibration": "z over all nodes of dense layers, which no result chose.",
    "mixing": "`degree` chooses its number of trades by a check.",
    "faithfulness": "Small networks, one pruning and 8,000 steps, not 400 wide and 107,800: the "
    "answer is about these.",
}
"""How the page keeps each rule."""


def _figure(doses: pd.DataFrame) -> Figure:
    keys = ["target", "arm", "data_seed"]
    wide = doses.assign(arm=doses["arm"].map(_ARMS)).pivot(
        index=keys, columns="start", values="ratio"
    )
    wide = wide.reset_index()
    starts = [start for start in tables.STARTS if start in wide]
    return conditions.figure(
        "loss_by_target",
        "Loss of rewired networks by target",
        "Loss over that of the sham, geometric means over networks; 1: no difference. Target: z "
        f"of {MOTIF} under `degree`.",
        conditions.means(wide, keys[:2], starts, geometric=True),
        {start: f"{start} start" for start in starts},
        "target",
        "arm",
        log=True,
    )


def _slopes(judged: _Judged) -> Table:
    return conditions.table_of_means(
        "slopes",
        "Slope: change of log2 loss for 10 in z, rewired against sham. Contrast: log2 of the "
        "loss's ratio at the highest target over that at the lowest (added after the run).",
        judged.slopes,
        {"start": "start", "arm": "arm"},
        Column("floor", "at the floor"),
        Column("verdict", "verdict", "text"),
    )


def _reached(judged: _Judged) -> Table:
    by = judged.doses.groupby(["start", "arm", "target"], sort=False)
    names = ["z", "sham_z", "dose", "others", "ratio", "floor"]
    frame = by[names].mean().join(by.size().rename("n")).reset_index()
    caption = (
        f"What was reached, means over networks. z: of {MOTIF} under `degree`; others: largest "
        "difference of z from the sham over the other five classes; ratio: loss over the sham's."
    )
    numbers = [Column(name, name.replace("_", " ")) for name in ("target", "n", *names)]
    texts = [_START, Column("arm", "arm", "text")]
    return Table("reached", caption, frame, [*texts, *numbers], sortable=True)


def _lesions(judged: _Judged) -> Table:
    return conditions.table_of_means(
        "lesions",
        "log2 of the loss without the 1 % of edges in most copies of a class, over the loss "
        "without as many matched ones; no training.",
        judged.lesions,
        {"start": "start", "motif": "class"},
        Column("floor", "at the floor"),
        Column("verdict", "verdict", "text"),
    )


def _correlations(judged: _Judged) -> Table:
    caption = (
        "log2 loss and z under `degree`, given dense loss, effective density and degree variances "
        "of each layer: permutations after Freedman and Lane. Slope: log2 loss for 10 in z. "
        "Corrected: for the six classes of a start (max-T)."
    )
    texts = [_START, Column("motif", "class", "text")]
    headings = {"n": "n", "correlation": "partial correlation", "slope": "slope", "p": "p"}
    headings |= {"adjusted": "p, corrected", "rank_correlation": "on ranks",
                 "rank_adjusted": "p on ranks, corrected"}  # fmt: skip
    numbers = [Column(name, heading) for name, heading in headings.items()]
    return Table("correlations", caption, judged.correlations, [*texts, *numbers], sortable=True)


def _profile(runs: Mapping[str, RunTables]) -> Table:
    """Return the mean z of each class under both nulls, by start."""
    found = tables.networks(runs["networks"])[["trial", "start"]]
    parts = []
    for null, rows in tables.profiles(runs["networks"]).items():
        by = rows.merge(found, on="trial").groupby(["start", "motif"], sort=False)["z"]
        parts.append(by.agg(["mean", "std"]).reset_index().assign(null=null))
    columns = [_START, Column("motif", "class", "text"), Column("null", "null", "text"),
               Column("mean", "mean z"), Column("std", "sd of z")]  # fmt: skip
    caption = "z of each class over the networks of the correlation, under both nulls."
    return Table("classes", caption, pd.concat(parts, ignore_index=True), columns, sortable=True)
