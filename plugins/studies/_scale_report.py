"""The report of the study `scale`: the answer, costs by number and activity, projections."""

from collections.abc import Mapping

import numpy as np
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
from harness.tables.parts import number, numbers, percent

from . import _scale_tables as tables
from .scale import AT_ONCE, FEW, MANY

MILLION = 1_000_000
HOUR, YEAR = 3600.0, 365.25 * 24 * 3600.0

PUBLISHED_STEPS = 107_800
ON_PAPER = {
    "published size and budget, two cores of an AMD EPYC": 1.729e-3,
    "published size and budget, one NVIDIA H200, TF32": 6.425e-6,
}
"""Seconds of a network-step of 331,735 weights: benchmarks/RESULTS.md, Training and GPU (4,096
networks at once)."""

RATES = {"products": 200e9, "traffic": 20e9}
"""What two cores of an AMD EPYC do: operations and bytes a second (benchmarks/RESULTS.md,
Training)."""

_OUTCOMES = {"cost": "seconds a network", "step": "seconds a network-step"}


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary comparison, and the chart of costs."""
    found = tables.measured(runs)
    findings = [_flat_from(found), _binding(found), _control(found)]
    return Opening(
        question,
        _primary(found).claim,
        [Finding(one.claim) for one in findings],
        _figure(found),
        _about(found),
        "harness study scale",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    found = tables.measured(runs)
    findings = [
        _primary(found),
        _flat_from(found),
        _binding(found),
        _control(found),
        _in_blocks(found),
        _projected(found),
        _LIMITS,
    ]
    lead = [
        f"{_about(found)} Hypothesis, margin and rule were committed before the run: "
        "reports/scale/DESIGN.md."
    ]
    return [
        Section("answer", "The answer", lead, findings),
        Section("costs", "Costs by number", parts=[_means(found)]),
        Section("activities", "What the time goes to", parts=[_shares(found)]),
        Section("comparisons", "Comparisons", parts=[_comparisons(found)]),
        Section("projection", "A million networks", parts=[_projection(found)]),
        Section("experiments", "Every experiment", parts=[_experiments(found)]),
        checklist(_RULES),
    ]


def _about(found: pd.DataFrame) -> str:
    rows = tables.counted(found)
    at_once = rows[rows["kind"] == AT_ONCE]
    kinds = at_once["networks"].nunique()
    return (
        f"{kinds} numbers of networks, from {at_once['networks'].min():,} to "
        f"{at_once['networks'].max():,}, all trained at once: digits, two hidden layers of 16 "
        f"nodes, {at_once['steps'].iloc[0]} steps, one pruning, exact motifs. Cost: wall seconds "
        "of training, pruning, evaluating and measuring for a network, without compilation and "
        f"start. Unit: repetitions, each with every number once; n = {rows['data_seed'].nunique()}."
    )


def _row(found: pd.DataFrame, family: str, comparison: str = "") -> "pd.Series | None":
    """Return a comparison that has an interval, or None."""
    compared = tables.comparisons(found)
    rows = compared[compared["family"] == family]
    rows = rows[rows["comparison"] == comparison] if comparison else rows
    return None if rows.empty or rows["low"].isna().any() else rows.iloc[0]


def _primary(found: pd.DataFrame) -> Finding:
    row = _row(found, "primary")
    if row is None:
        return Finding("Not shown: too few repetitions of the primary comparison.")
    busy, known = tables.disturbed(found)
    idle = f"others disturbed {busy} of {known} experiments"
    if not tables.idle(found):
        return Finding(f"Not shown: the machine was not idle ({idle}).")
    answers = {
        conditions.WITHIN: "A network costs the same",
        conditions.BEYOND: "A network costs " + ("more" if row["value"] > 0 else "less"),
        conditions.OPEN: "It is open whether a network costs the same",
    }
    value, low, high = conditions.times(row, 3)
    return Finding(
        f"{answers[tables.verdict(row)]} among {MANY:,} as among {FEW:,} trained at once: {value} "
        f"times (95 % {low} to {high}; n = {row['n']} repetitions; margin a factor of 1.25).",
        f"Geometric mean of ratios within repetitions; {idle}.",
    )


def _flat_from(found: pd.DataFrame) -> Finding:
    first, means = tables.flat_from(found), _costs(found)
    if first.empty or len(means) < 2:
        return Finding("From which number on costs are alike is not shown: no repetition is whole.")
    alone, lowest = means.iloc[0], means.iloc[means["value"].argmin()]
    times = number(alone["value"] / lowest["value"], 2)
    middle, never = float(first.median()), int(np.isinf(first).sum())
    detail = (
        f"Lowest: {lowest['condition']} networks, {conditions.ranged(lowest)} seconds a network. "
        "From which number on, by repetition: "
        f"{', '.join('none' if np.isinf(one) else f'{one:,.0f}' for one in first)}."
    )
    if np.isinf(middle):
        return Finding(
            f"Costs are lowest at {lowest['condition']} networks; at {means['condition'].iloc[-1]} "
            f"they lie over 25 % above in {never} of {len(first)} repetitions; "
            f"{alone['condition']} alone costs {times} times that.",
            detail,
        )
    return Finding(
        f"Costs are within 25 % of the lowest from {middle:,.0f} networks on; "
        f"{alone['condition']} alone costs {times} times as much (n = {alone['n']} repetitions).",
        detail,
    )


def _binding(found: pd.DataFrame) -> Finding:
    table = tables.shares(found)
    alone, most = table.iloc[0], table.iloc[table["networks"].argmax()]
    first, last = (f"{int(row['networks']):,}" for row in (alone, most))
    rates = [f"{percent(most[name] / rate)} of {what}" for (name, rate), what in zip(
        RATES.items(), ("200 GFLOP/s in products", "20 GB/s in weights and moments"), strict=True
    )]  # fmt: skip
    return Finding(
        f"Training takes {percent(most['train'])} of the cost at {last} networks, measuring "
        f"{percent(most['measure'])}; at {first} measuring takes {percent(alone['measure'])} "
        f"(n = {most['n']} repetitions).",
        f"A step at {last} reaches {' and '.join(rates)}, what two cores of an AMD EPYC do "
        "(benchmarks/RESULTS.md). Where both shares are small, neither binds; what else does was "
        "not measured. Activations move more bytes than weights here, and are not counted.",
    )


def _control(found: pd.DataFrame) -> Finding:
    row = _row(found, "control")
    if row is None:
        return Finding("The control, the same number again, has too few repetitions.")
    value, low, high = conditions.times(row, 3)
    verdict = tables.verdict(row)
    noise = "" if verdict == conditions.WITHIN else ", so noise may decide"
    return Finding(
        f"Control: {FEW:,} networks again cost {value} times as much (95 % {low} to {high}; "
        f"n = {row['n']}){noise}.",
        f"Its verdict by the same rule: {verdict}. The unit is a repetition.",
    )


def _in_blocks(found: pd.DataFrame) -> Finding:
    row = _row(found, "secondary", tables.BLOCKED)
    if row is None:
        return Finding("Blocks of the default width have too few repetitions.")
    rows = tables.counted(found)
    width = rows.loc[rows["condition"].str.endswith("in blocks"), "width"].max()
    value, low, high = conditions.times(row, 3)
    return Finding(
        f"In blocks of {width}, the default here, they cost {value} times as much as at once "
        f"(95 % {low} to {high}; n = {row['n']} repetitions).",
        f"{tables.BLOCKED}; {tables.verdict(row)}. The default is for networks of published size.",
    )


def _projected(found: pd.DataFrame) -> Finding:
    table = _projections(found)
    if table.empty:
        return Finding("Nothing is projected.")
    row = table.iloc[0]
    hours = numbers([row[name] / HOUR for name in ("seconds", "low", "high")], 2)
    return Finding(
        f"Projected, not measured: a million of these networks take {hours[0]} hours on this "
        f"machine ({hours[1]} to {hours[2]}), in blocks of {MANY:,}.",
        "A straight line through the cost at that number, with its interval: without compilation, "
        "start, writing and the page.",
    )


_LIMITS = Finding(
    "It does not show other machines, networks, budgets or batches, nor several workers.",
    "Two hidden layers of 16 nodes and few steps: with more steps measuring takes a smaller "
    "share, with larger networks fewer fill the machine. One machine; times of another differ. "
    "A study cannot choose an executor: benchmarks/RESULTS.md compares them.",
)

_RULES = {
    "replication": "n = repetitions. Each experiment has a seed of its own, so that no two train "
    "the same networks; the machine is one.",
    "similarity": "No similarity of profiles is claimed.",
    "degrees": "No motif profile is claimed; motifs are counted for their cost.",
    "floors": "No losses are compared: the budget is chosen for time.",
    "equivalence": "Margin: a factor of 1.25; every comparison is in the table.",
    "one procedure": "Verdicts come from the intervals shown, by one procedure.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; none below six repetitions.",
    "calibration": "No z is judged.",
    "mixing": "No null is drawn.",
    "faithfulness": "Small networks and few steps, not the published size and budget: those are "
    "projected on paper only.",
}
"""How the page keeps each rule."""


def _costs(found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean costs of the numbers trained at once, smallest number first."""
    means = tables.means(found)
    plain = means["condition"].str.fullmatch(r"[\d,]+")
    return means[(means["outcome"] == "cost") & plain].reset_index(drop=True)


def _figure(found: pd.DataFrame) -> Figure:
    return conditions.figure(
        "costs_by_number",
        "Cost of a network by their number",
        "Geometric means over repetitions; wall time without compilation and start. Control: the "
        f"same number again ({tables.CONTROL.split(' /')[0]}). In blocks: not at once, but some at "
        "a time, as is the default.",
        tables.means(found),
        _OUTCOMES,
        "condition",
        log=True,
    )


def _means(found: pd.DataFrame) -> Table:
    caption = (
        "Geometric means over repetitions with 95 % intervals. cost: wall seconds for a network, "
        "without compilation and start; step: of training, for a network and step."
    )
    means = tables.means(found)
    return conditions.table_of_means("means", caption, means, {"condition": "networks"})


def _shares(found: pd.DataFrame) -> Table:
    columns = [Column("condition", "networks", "text"), Column("n", "n")]
    columns += [Column(name, name, "share", note="of the cost") for name in tables.WORK]
    columns += [
        Column(name, name, note="s a network") for name in ("start", "compile", "rest", "wall")
    ]
    columns += [
        Column("products", "products", note="operations a second"),
        Column("traffic", "traffic", note="bytes a second"),
    ]
    caption = (
        "Means over repetitions. rest: writing, reading and all else that no activity "
        "accounts for; wall: all of it. products: of a step's matrix products; traffic: "
        "41 bytes a weight, without activations."
    )
    return Table("activities", caption, tables.shares(found), columns)


def _comparisons(found: pd.DataFrame) -> Table:
    caption = (
        "Mean differences of log2 cost, paired by repetition; within the margin: between "
        "1 / 1.25 and 1.25 times. Corrected: within a family."
    )
    return conditions.table_of_differences("comparisons", caption, tables.comparisons(found))


def _projections(found: pd.DataFrame) -> pd.DataFrame:
    """Return seconds for a million networks: of these, from `MANY`, and on paper of others."""
    costs = _costs(found)
    here = costs.loc[costs["condition"] == f"{MANY:,}", ["value", "low", "high"]].to_numpy(float)
    if not len(here):
        return pd.DataFrame(columns=["what", "each", "seconds", "low", "high", "basis", "years"])
    own = dict(zip(("seconds", "low", "high"), here[0] * MILLION, strict=True))
    first = {"what": "these networks, this machine", "each": here[0][0], **own}
    rows = [{**first, "basis": "projected from the cost"}]
    for what, step in ON_PAPER.items():
        each = step * PUBLISHED_STEPS
        basis = "on paper: training alone, from a network-step in benchmarks/RESULTS.md"
        rows.append({"what": what, "each": each, "seconds": each * MILLION, "basis": basis})
    made = pd.DataFrame(rows)
    return made.assign(years=made["seconds"] / YEAR)


def _projection(found: pd.DataFrame) -> Table:
    columns = [
        Column("what", "what", "text"),
        Column("each", "each", note="s"),
        Column("seconds", "a million", note="s"),
        Column("low", "from", note="95 %"),
        Column("high", "to", note="95 %"),
        Column("years", "a million", note="years"),
        Column("basis", "basis", "text"),
    ]
    caption = "Projections: a straight line through one measured figure. None was measured."
    return Table("projection", caption, _projections(found), columns)


def _experiments(found: pd.DataFrame) -> Table:
    keys = {"data_seed": "repetition", "condition": "networks", "cost": "cost", "wall": "wall",
            "others": "others"}  # fmt: skip
    seconds = {"cost": "s a network", "wall": "s", "others": "cores that others used"}
    columns = [
        Column(key, name, "text" if key == "condition" else "number", note=seconds.get(key, ""))
        for key, name in keys.items()
    ]
    columns += [
        Column(name, name, note="s") for name in (*tables.WORK, "start", "compile", "simulate")
    ]
    caption = "In the order in which they ran. Repetition 0 compiles and is not counted."
    kept = found.reset_index(drop=True)[[column.key for column in columns]]
    return Table("experiments", caption, kept, columns, sortable=True)
