"""The first screen: what was compared, the answer in a sentence, three findings and a chart."""

import shlex
from collections.abc import Sequence

import pandas as pd

from harness.report.sections import ranking
from harness.report.sections.loss_ratios import loss_ratios_of
from harness.report.sections.of_metrics import ANSWER, sections_of_metrics
from harness.report.sections.similarity import control_tests_of, profiles_of
from harness.tables import units
from harness.tables.collection import Collection, name_of
from harness.tables.parts import (
    MOST_FINDINGS,
    MOST_WORDS,
    Figure,
    Finding,
    Opening,
    Section,
    counted,
    listed,
    number,
    numbers,
    pruned,
    with_ends,
)
from harness.tables.report import Report
from harness.tables.summaries import CHOSEN_DENSITY

_NAMED = 3
"""More pruners, tasks or architectures than these are counted in a title, not named."""


def opening_of(report: Report) -> Opening:
    """Return the first screen of the report on some runs."""
    data = report.data
    added = [one for one in sections_of_metrics(report) if one.anchor == ANSWER]
    if data.levels.empty:
        return Opening(title(data), "No trial has finished yet.", command=command(data))
    of_metrics = [one for section in added for one in section.short]
    offered = [cost(report), *ranking.span(report), *of_metrics]
    findings = [one for one in [*offered, alike(report)] if one and _short(one)]
    return Opening(
        title(data),
        verdict(report, added),
        findings[:MOST_FINDINGS],
        hero(report, added),
        about(report),
        command(data),
    )


def title(data: Collection) -> str:
    """Return a title that a person would write: which pruning of which networks on which task."""
    done = data.trials[data.trials["status"] == "done"]
    trials = done if len(done) else data.trials
    tasks = [name_of(str(name).split(" · ")[0]) for name in trials["task"].unique()]
    kinds = [name_of(str(name)) for name in trials["architecture"].unique() if name]
    pruners = [_plain(str(name)) for name in trials["pruner"].unique()]
    on = listed(list(dict.fromkeys(tasks))) if len(set(tasks)) <= _NAMED else f"{len(tasks)} tasks"
    kinds = list(dict.fromkeys(kinds))
    what = f"{listed(kinds)} networks" if len(kinds) > 1 else "networks"
    if len(pruners) == 1:
        return f"What {pruners[0]} pruning does to {what} on {on}"
    who = (
        f"{listed(pruners)} pruning"
        if len(pruners) <= _NAMED
        else f"{len(pruners)} ways of pruning"
    )
    return f"{who[:1].upper()}{who[1:]} compared on {on}" + (
        f" in {what}" if len(kinds) > 1 else ""
    )


def _plain(pruner: str) -> str:
    """Return a pruner's name without parameters, unless it wraps another one."""
    return pruner if "[of=" in pruner else name_of(pruner)


def verdict(report: Report, added: Sequence[Section]) -> str:
    """Return the answer in one sentence: what pruning costs, and what metrics conclude."""
    ratios = loss_ratios_of(report)
    clauses = []
    if len(ratios) == 1:
        clauses.append(f"the loss is {number(ratios['ratio'].iloc[0])} times that before pruning")
    elif len(ratios):
        first, last = ratios.iloc[0], ratios.iloc[-1]
        low, high = number(first["ratio"]), number(last["ratio"])
        clauses.append(
            f"{first['condition']} has the lowest loss, {low} times that before "
            f"pruning, and {last['condition']} the highest, {high} times"
        )
    clauses += [section.verdict for section in added if section.verdict]
    if not clauses:
        return "Nothing has been measured that a sentence could sum up."
    return f"At {pruned(report.density)}, {'; '.join(clauses)}."


def cost(report: Report) -> Finding | None:
    """Return what pruning costs in loss, with its interval."""
    ratios = loss_ratios_of(report)
    if ratios.empty:
        return None
    row = ratios.iloc[0]
    of = f" with {row['condition']}, the lowest of {len(ratios)}" if len(ratios) > 1 else ""
    floor = " It does no better than a constant." if row["left_out"] else ""
    loss = f"Loss at {pruned(row['density'])} over dense loss"
    return Finding(
        f"{loss}{of}: {_interval(row, 'ratio')}.",
        f"Geometric mean over n\u00a0=\u00a0{row['n']} {row['unit']}.{floor}",
    )


def alike(report: Report) -> Finding | None:
    """Return how alike networks are beside graphs with unequal degrees and nothing else."""
    tests, found = control_tests_of(report), profiles_of(report.data)
    if tests.empty or not found:
        return None
    rows = tests[tests["density"] == report.density].dropna(subset=["similarity", "of_control"])
    if rows.empty:
        return None
    group = next(iter(found.values()))[0].group
    row = rows[rows[group] == rows[group].max()].iloc[0]
    of = f"{row['condition']}: " if len(report.data.conditions) > 1 else ""
    more = "more" if pd.notna(row["low"]) and row["low"] > 0 else "not shown to be more"
    alike = " against ".join(numbers([row["similarity"], row["of_control"]], 2))
    ends = f"difference {_interval(row, 'difference', 2)}" if pd.notna(row["low"]) else ""
    return Finding(
        f"{of}Networks are {more} alike in motifs than graphs with {row['control']}: {alike}.",
        f"Similarity corrected for noise; {ends or 'too few networks for an interval'} "
        f"(n\u00a0=\u00a0{row['n']}).",
    )


def _interval(row: "pd.Series", value: str, digits: int = 3) -> str:
    if pd.isna(row["low"]):
        return f"{number(row[value], digits)} (too few for an interval)"
    return with_ends(row[value], row["low"], row["high"], digits, "95\u00a0% ")


def _short(finding: Finding) -> bool:
    return len(finding.claim.split()) <= MOST_WORDS


def hero(report: Report, added: Sequence[Section]) -> Figure | None:
    """Return the chart of the first screen: all conditions ranked, or the first of a metric."""
    offered = [part for section in added for part in section.parts if isinstance(part, Figure)]
    return next(iter([*ranking.figure(report), *offered]), None)


def about(report: Report) -> str:
    """Return on how much the page rests: tasks, networks, levels, schedules and data."""
    data = report.data
    done = data.trials[data.trials["status"] == "done"]
    each = units.range_of(units.networks_of(data.levels), "network")
    per = f" in each of {len(data.conditions)} conditions" if len(data.conditions) > 1 else ""
    seeds = done["data_seed"].nunique()
    places = data.levels[["density", "later"]].drop_duplicates()
    schedules = listed([name_of(str(name)) for name in done["schedule"].unique()])
    return (
        f"{_tasks(data)}{each}{per}, {counted(seeds, 'data set')}, schedule {schedules}, "
        f"{counted(len(places), 'level')} to {pruned(min(data.densities))}. Shown: the "
        f"level nearest the paper's {pruned(CHOSEN_DENSITY)}. Intervals are over "
        f"{units.said(list(units.by_condition(data).values()))}."
    )


def _tasks(data: Collection) -> str:
    """Say what each task is, in the words of its plugin; runs of earlier versions have none."""
    known = {
        name: words
        for run in data.runs
        for name, words in dict(run.provenance.get("tasks", {})).items()
    }
    return "".join(f"Task {name}: {words.rstrip('.')}. " for name, words in known.items())


def command(data: Collection) -> str:
    """Return the command that made the first run, if it is known."""
    for run in data.runs:
        asked = run.provenance.get("command", "") if hasattr(run.provenance, "get") else ""
        if asked:
            return asked if isinstance(asked, str) else shlex.join(map(str, asked))
    return ""
