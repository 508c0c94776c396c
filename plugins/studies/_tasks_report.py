"""The report of the study `tasks`: the answer, accuracies by features, the tasks one by one."""

from collections.abc import Mapping
from functools import lru_cache
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
    units_of,
)

from . import _tasks_tables as tables

_BEYOND = 2.0
"""The strength of hidden z from which on something is left that degrees do not explain."""


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: what z adds, and the chart of all accuracies."""
    of = _outcomes(runs)
    findings = [Finding(one.claim) for one in (_teachers(of), _alone(of), _controls(of))]
    return Opening(
        question, _primary(of).claim, findings, _figure(of), _about(of), "harness study tasks"
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    of = _outcomes(runs)
    findings = [_primary(of), _teachers(of), _alone(of), _others(of), _controls(of), _floors(of)]
    findings.append(_LIMITS)
    lead = [
        f"{_about(of)} Features: counts and z of copies whose edges all lie between hidden layers. "
        "Null of z: `degree`, 100 draws. Every such layer keeps the same number of edges in every "
        "network, so layer densities name the task no better than chance. Hypothesis, margin and "
        "rule were committed before the run: reports/tasks/DESIGN.md."
    ]
    return [
        Section("answer", "The answer", lead, findings),
        Section("accuracy", "How often the task is named", parts=[_accuracies(of), _gains(of)]),
        Section("confusion", "Which task is taken for which", parts=[_confusion(of)]),
        Section("tasks", "Task by task", parts=[_tasks(of), _classes(runs["networks"], of)]),
        checklist(_RULES),
    ]


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def _outcomes(runs: Mapping[str, RunTables]) -> tables.Outcomes:
    """Return what the classifiers do, once for the first screen and the sections."""
    return _once(tuple(runs.items()))


@lru_cache(maxsize=2)
def _once(runs: tuple[tuple[str, Any], ...]) -> tables.Outcomes:
    known = dict(runs)
    return tables.outcomes(known["networks"], known["controls"], known["controls-again"])


def _about(of: tables.Outcomes) -> str:
    trained = of.networks[of.networks["group"].isin(tables.STARTS)]
    seeds = trained["data_seed"].nunique()
    return (
        f"{len(trained)} networks: {trained['task'].nunique()} tasks from "
        f"{trained['group'].nunique()} starts, one network for each of {seeds} data seeds; "
        f"{len(of.networks) - len(trained)} random and shuffled masks as controls. Each task is "
        "named by a classifier that has seen the other data seeds only. "
        f"Unit: {units_of(trained.drop_duplicates('data_seed'))}."
    )


def _primary(of: tables.Outcomes) -> Finding:
    gains, means = tables.gains(of), tables.means(of)
    rows = gains[gains["family"] == "primary"]
    if rows.empty or rows["low"].isna().any():
        return Finding("Not shown: too few replicates.")
    words = {
        "adds": "motifs beyond degrees help to name the task",
        "adds less than the margin": "motifs beyond degrees add less than 0.1 of accuracy",
        "open": "whether motifs beyond degrees help to name the task is open",
    }
    parts = []
    for _, row in rows.iterrows():
        start = row["comparison"].partition(",")[0]
        less, more = (_accuracy(means, start, one) for one in (tables.VARIANCES, tables.BOTH))
        parts.append(
            f"from the {start} start, {words[row['verdict']]}: accuracy {less['value']:.2f} with "
            f"degree variances, {more['value']:.2f} with both ({_signed(row['value'])}, 95 % "
            f"{_signed(row['low'])} to {_signed(row['high'])}; chance {more['chance']:.2f})"
        )
    answer = "; ".join(parts)
    adjusted = ", ".join(f"{p:.2g}" for p in rows["adjusted"])
    return Finding(
        f"{answer[0].upper()}{answer[1:]}; n = {rows['n'].min()} data seeds.",
        "Mean gain in accuracy over left-out data seeds, tasks of equal ends, null of z `degree`; "
        f"p, corrected for both: {adjusted}.",
    )


def _alone(of: tables.Outcomes) -> Finding:
    means = tables.means(of)
    rows = means[(means["features"] == tables.ALONE) & (means["tasks"] == tables.EQUAL)
                 & means["group"].isin(tables.STARTS)]  # fmt: skip
    parts = [f"{row['value']:.2f} ({row['group']} start)" for _, row in rows.iterrows()]
    texts = [f"{row['group']}: {conditions.ranged(row)}, p {row['p']:.2g}"
             for _, row in rows.iterrows()]  # fmt: skip
    return Finding(
        f"z alone, without degrees, names the task with accuracy {' and '.join(parts)}.",
        f"95 % intervals; p by labels permuted within data seeds: {'; '.join(texts)}.",
    )


def _others(of: tables.Outcomes) -> Finding:
    gains = tables.gains(of)
    rows = gains[gains["family"] == "after looking"]
    texts = [f"{row['comparison'].partition(',')[0]} start {_signed(row['value'])} "
             f"({_signed(row['low'])} to {_signed(row['high'])}): {row['verdict']}"
             for _, row in rows.iterrows()]  # fmt: skip
    return Finding(
        f"Without the planted teacher z adds: {'; '.join(texts)}.",
        "This comparison was made after looking: it asks whether the gain is that teacher's alone.",
    )


def _teachers(of: tables.Outcomes) -> Finding:
    rows = of.named[(of.named["tasks"] == tables.EQUAL) & of.named["group"].isin(tables.STARTS)]
    rows = rows[rows["task"].isin([tables.PLANTED, "teacher"])]
    if rows.empty:
        return Finding("No teacher was named.")
    right = rows["networks"].where(rows["task"] == rows["named"], 0)
    by = [rows["group"], rows["features"]]
    summed = pd.DataFrame({"right": right, "all": rows["networks"]}).groupby(by).sum().reset_index()
    counts = {
        (str(group), str(features)): f"{n} of {number}"
        for group, features, n, number in summed.to_numpy().tolist()
    }
    start = str(rows["group"].iloc[0])
    texts = [f"{group}, {features}: {text}" for (group, features), text in counts.items()]
    return Finding(
        f"Two teachers differ in bi-fans but not in degrees ({start} start): degree variances name "
        f"{counts[start, tables.VARIANCES]} students right, with z {counts[start, tables.BOTH]}.",
        f"Teachers named right: {'; '.join(texts)}.",
    )


def _controls(of: tables.Outcomes) -> Finding:
    means = tables.means(of)
    rows = means[means["group"].isin(tables.CONTROLS)]
    off = rows[(rows["low"] > rows["chance"]) | (rows["high"] < rows["chance"])]
    texts = [f"{row['group']}, {row['features']}: {conditions.ranged(row)}, p {row['p']:.2g}"
             for _, row in rows.iterrows()]  # fmt: skip
    names = ", ".join(f"{row['group']} ({row['features']})" for _, row in off.iterrows())
    return Finding(
        f"Controls, random and shuffled masks: {len(rows) - len(off)} of {len(rows)} classifiers "
        "are at chance.",
        f"Not at chance: {names or 'none'}. 95 % intervals; {'; '.join(texts)}.",
    )


def _floors(of: tables.Outcomes) -> Finding:
    out = tables.floored(of.networks)
    if not out:
        return Finding("No task is at the floor from either start: none is left out.")
    names = ", ".join(f"{task} ({group} start)" for group, task in out)
    return Finding(f"Left out, because more than 10 % of networks are at the floor: {names}.")


_LIMITS = Finding(
    "It does not show why tasks differ, nor what happens at full size and in the published budget.",
    "Tasks differ in difficulty and in loss at one budget, so that what names a task may be how "
    "far training went. Edges at inputs and outputs are not looked at. One classifier, linear in "
    "log counts and asinh z: another may see more.",
)


_RULES = {
    "replication": "n = data seeds; whole data seeds are left out of learning. Networks of one "
    "data seed share initial weights over tasks, and labels are permuted within it.",
    "similarity": "No similarity of profiles is claimed.",
    "degrees": "The claim is what z under `degree` adds to degree variances, and to all counts "
    "that degrees determine.",
    "floors": "A task with more than 10 % of networks at the floor is left out; see the answer.",
    "equivalence": "Margin: 0.1 of accuracy; every gain is in the table.",
    "one procedure": "Verdicts come from the intervals shown, and p of gains from the same "
    "procedure; p of chance is of permuted labels.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; none below six replicates.",
    "calibration": "z is a feature, not a test. All nodes of dense layers count.",
    "mixing": "`degree` chooses its number of trades by a check.",
    "faithfulness": "Four hidden layers of equal width and few steps, not the published network "
    "and budget: the answer is about these.",
}
"""How the page keeps each rule."""


def _accuracy(means: pd.DataFrame, group: str, features: str) -> pd.Series:
    rows = means[(means["group"] == group) & (means["features"] == features)]
    return rows[rows["tasks"] == tables.EQUAL].iloc[0]


def _figure(of: tables.Outcomes) -> Figure:
    means = tables.means(of)
    rows = means[means["tasks"] == tables.EQUAL].rename(columns={"group": "networks"})
    chances = rows.groupby("networks", sort=False)["chance"].first()
    return conditions.figure(
        "accuracy_by_features",
        "Accuracy of naming the task",
        "Share of networks whose task is named, tasks of equal ends, over "
        f"{int(rows['n'].max())} data seeds left out in turn. Chance: "
        f"{', '.join(f'{name} {value:.2f}' for name, value in chances.items())}. Controls: random "
        "and shuffled masks.",
        rows,
        {"accuracy": "accuracy"},
        "features",
        "networks",
    )


def _accuracies(of: tables.Outcomes) -> Table:
    place = {"group": "networks", "tasks": "tasks", "features": "features"}
    return conditions.table_of_means(
        "accuracies",
        "Accuracy by networks, tasks and features; p: labels permuted within data seeds, "
        f"{tables.PERMUTATIONS} times.",
        tables.means(of),
        place,
        Column("chance", "chance"),
        Column("p", "p"),
    )


def _gains(of: tables.Outcomes) -> Table:
    return conditions.table_of_differences(
        "gains",
        "Mean gain in accuracy by z, paired by data seed. Corrected within each family.",
        tables.gains(of),
    )


def _confusion(of: tables.Outcomes) -> Table:
    rows = of.named[of.named["group"].isin(tables.STARTS)]
    texts = [Column(name, name, "text") for name in (*tables.BY, "task")]
    columns = [*texts, Column("named", "named as", "text"), Column("networks", "networks")]
    return Table("confusion", "How often each task was given each name.", rows, columns,
                 sortable=True)  # fmt: skip


def _tasks(of: tables.Outcomes) -> Table:
    outcomes = ("beyond_degrees", "loss")
    means = conditions.means(of.networks, ("group", "task"), outcomes, geometric=True)
    rows = means[means["group"].isin(tables.STARTS) | (means["outcome"] == "beyond_degrees")]
    left = [_left(row) for _, row in rows.iterrows()]
    return conditions.table_of_means(
        "by_task",
        "Geometric means over networks. beyond_degrees: root mean square z under `degree` between "
        "hidden layers, about 1 for a draw of the null; loss: share of the best constant's.",
        rows.assign(verdict=left),
        {"group": "networks", "task": "task"},
        Column("verdict", "verdict", "text"),
    )


def _left(row: pd.Series) -> str:
    if row["outcome"] == "loss":
        return ""
    return conditions.left(row, _BEYOND)


def _classes(run: RunTables, of: tables.Outcomes) -> Table:
    columns = [Column("group", "start", "text"), Column("task", "task", "text"),
               Column("motif", "motif", "text"), Column("base_layer", "first layer"),
               Column("n", "n"), Column("z", "mean z")]  # fmt: skip
    caption = "Mean z under `degree` of copies between hidden layers, by the layer they begin in."
    return Table("classes", caption, tables.classes(run, of.networks), columns, sortable=True)
