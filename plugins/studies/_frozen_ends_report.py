"""The report of the study `frozen-ends`: the answer, outcomes by condition, comparisons."""

from collections.abc import Mapping, Sequence

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

from . import _frozen_ends_tables as tables

_PLACE = {"regime": "start", "level": "level", "arm": "pruned"}


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary comparison, and losses and strengths by arm."""
    found = tables.outcomes(runs["ends"])
    compared = tables.comparisons(found)
    first = [_floors(found), _totals(compared), _degrees(tables.means(found))]
    return Opening(
        question,
        _primary(compared, found).claim,
        [Finding(one.claim) for one in first],
        _figure(found, "losses_and_strengths", ("loss", tables.PRIMARY)),
        _about(found),
        "harness study frozen-ends",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    found = tables.outcomes(runs["ends"])
    means, compared = tables.means(found), tables.comparisons(found)
    beyond = means[means["outcome"].isin(["hidden_degree", "whole_degree"])]
    means = means.assign(verdict=beyond.apply(tables.left, axis=1)).fillna({"verdict": ""})
    findings = [
        _primary(compared, found),
        _floors(found),
        _totals(compared),
        _degrees(means),
        _LIMITS,
    ]
    lead = [
        f"{_about(found)} Nulls: `layered`, exact; `degree`, 100 draws. Strength is the root mean "
        "square of z over classes of orders 2 and 3 and the layers where copies begin; random "
        "masks, the control, have about 1. Hypothesis, margins and rule were committed before the "
        "run: reports/frozen-ends/DESIGN.md."
    ]
    by_condition = conditions.table_of_means(
        "by_condition",
        "Geometric means over networks with 95 % intervals. Strengths stand only where at most "
        "one network in ten is at the floor. density: of all weights together.",
        means,
        _PLACE,
        Column("verdict", "verdict", "text"),
    )
    parts: list[Table | Figure] = []
    if len(compared):
        caption = "Mean differences of log2, paired by data seed, where both conditions are judged."
        parts = [conditions.table_of_differences("comparisons", caption, compared)]
    figure = _figure(found, "outcomes", tuple(tables.OUTCOMES))
    return [
        Section("answer", "The answer", lead, findings),
        Section("conditions", "Outcomes by condition", parts=[figure, by_condition]),
        Section("floors", "At the floor", parts=[_table_of_floors(found)]),
        Section("comparisons", "Comparisons", parts=parts),
        checklist(_RULES),
    ]


def _about(found: pd.DataFrame) -> str:
    return (
        f"{found['trial'].nunique()} networks pruned level by level: two starts, four ways to "
        f"prune, one network for each of {found['data_seed'].nunique()} data seeds. Unit: "
        f"{conditions.units(found)}."
    )


def _primary(compared: pd.DataFrame, found: pd.DataFrame) -> Finding:
    rows = compared[compared["family"] == "primary"] if len(compared) else compared
    if rows.empty or rows["low"].isna().any():
        return Finding("Not shown: too few replicates of the primary comparison.")
    parts = [
        f"{str(row['comparison']).partition(',')[0]} start: {_times(row)}, {row['verdict']}"
        for _, row in rows.iterrows()
    ]
    answers = {
        conditions.BEYOND: "Keeping the ends changes the motif profile of hidden layers",
        conditions.WITHIN: "Keeping the ends does not change the strength of the motif profile of "
        "hidden layers by a factor of 2",
    }
    verdicts = set(rows["verdict"])
    answer = answers.get(
        verdicts.pop() if len(verdicts) == 1 else "",
        "Whether keeping the ends changes the motif profile of hidden layers depends on the start, "
        "or is open",
    )
    return Finding(
        f"{answer} at {tables.hidden_pruned(tables.AT)} of hidden weights pruned "
        f"({'; '.join(parts)}; n = {rows['n'].min()} pairs).",
        "Ratio of root mean square z under `layered` of hidden layers, ends kept to all pruned, "
        f"95 % intervals; unit: {conditions.units(found)}; margin: a factor of 2; "
        f"p, corrected for both: {', '.join(f'{p:.2g}' for p in rows['adjusted'])}.",
    )


def _floors(found: pd.DataFrame) -> Finding:
    table = tables.floors(found)
    good = table[table["judged"]].groupby(["arm", "regime"])["level"].max()
    parts, deepest = [], {}
    for arm in (tables.KEPT, tables.ALL):
        levels = {regime: int(good.get((arm, regime), 0)) for regime in table["regime"].unique()}
        shares = {regime: tables.hidden_pruned(level) for regime, level in levels.items()}
        deepest[arm] = tables.hidden_pruned(min(levels.values()))
        parts += [f"{arm}, {regime}: {share}" for regime, share in shares.items()]
    out = table[~table["judged"]]
    return Finding(
        f"From both starts networks stay off the floor to {deepest[tables.KEPT]} of hidden weights "
        f"pruned if the ends are kept, to {deepest[tables.ALL]} if not.",
        f"Deepest of the levels measured: {'; '.join(parts)}. {len(out)} of {len(table)} "
        f"conditions are at the floor: more than one network in ten has {SHARE} of the best "
        "constant predictor's loss or more. Nothing is compared there.",
    )


def _totals(compared: pd.DataFrame) -> Finding:
    losses = compared
    if len(compared):
        at_total = compared["comparison"].str.endswith(tables.TOTAL)
        losses = compared[at_total & (compared["outcome"] == "loss")]
    if losses.empty:
        return Finding("At equal total density nothing is compared: one side is at the floor.")
    parts = [f"{_place(row)}: {_times(row)}, {row['verdict']}" for _, row in losses.iterrows()]
    beyond = losses["verdict"] == conditions.BEYOND
    worse, better = (int((beyond & side).sum()) for side in (losses["value"] > 0,
                                                             losses["value"] < 0))  # fmt: skip
    return Finding(
        f"At equal total density, keeping the ends makes loss worse by more than 1.25 times in "
        f"{worse} of {len(losses)} comparisons, better in {better}.",
        f"Loss, ends kept against all pruned: {'; '.join(parts)}. The ends take 7.5 % of all "
        "weights, so that a total of 8.0 % leaves 0.5 % of hidden weights.",
    )


def _degrees(means: pd.DataFrame) -> Finding:
    rows = means[means["outcome"] == "hidden_degree"]
    left = [tables.left(row) == "something is left" for _, row in rows.iterrows()]
    parts = [
        f"{row['regime']}, level {row['level']}, {row['arm']}: {conditions.ranged(row)}"
        for _, row in rows.iterrows()
    ]
    return Finding(
        f"In hidden layers something is left that degrees do not explain in {sum(left)} of "
        f"{len(rows)} conditions off the floor.",
        f"Strength under `degree`, above 2 with its interval: {'; '.join(parts)}.",
    )


_LIMITS = Finding(
    "It does not show full size, the published budget, other tasks, pruners or fractions kept, or "
    "ends that are not trained either.",
    "Networks of width 64. The ends keep all weights and are trained on. Levels are steps of one "
    "trajectory, so that levels are not independent of each other.",
)

_RULES = {
    "replication": "n = data seeds; each network has its own initial weights, flights and batches. "
    "Arms of one data seed share them, and are compared in pairs.",
    "similarity": "No similarity of profiles is claimed.",
    "degrees": "Strength under `degree` stands beside strength under `layered`; graphs with "
    "unequal degrees alone were not measured.",
    "floors": "Conditions at the floor are listed, have no strengths, and are not compared.",
    "equivalence": "Margins: a factor of 2 in strength, 1.25 in loss; 12 pairs; every comparison "
    "is in the table.",
    "one procedure": "Verdicts come from the intervals shown; p is of the same procedure.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; none below six pairs.",
    "calibration": "z over all nodes of dense layers, which no result chose.",
    "mixing": "`degree` chooses its number of trades by a check.",
    "faithfulness": "Width 64 and a short budget, not 400 and 107,800 steps: the answer is about "
    "these.",
}
"""How the page keeps each rule."""


def _place(row: pd.Series) -> str:
    start, _, rest = str(row["comparison"]).partition(", level ")
    return f"{start}, {tables.hidden_pruned(int(rest.partition(':')[0]))} of hidden pruned"


def _times(row: pd.Series) -> str:
    low, value, high = (2.0 ** row[name] for name in ("low", "value", "high"))
    return f"{value:.2f} times ({low:.2f} to {high:.2f})"


def _table_of_floors(found: pd.DataFrame) -> Table:
    columns = [
        *(Column(key, heading, "text") for key, heading in _PLACE.items()),
        Column("density", "density", note="all weights"),
        Column("n", "n"),
        Column("marked", "at the floor"),
        Column("judged", "compared", "text"),
    ]
    caption = "Networks with 0.9 of the best constant predictor's loss or more."
    return Table("floors", caption, tables.floors(found), columns)


def _figure(found: pd.DataFrame, name: str, outcomes: Sequence[str]) -> Figure:
    means = tables.means(found)
    shown = means.assign(
        outcome=means["outcome"] + ", " + means["regime"],
        pruned=means["level"].map(tables.hidden_pruned),
    )
    titles = {
        f"{outcome}, {regime}": f"{regime}: {tables.OUTCOMES[outcome]}"
        for outcome in outcomes
        for regime in means["regime"].unique()
    }
    return conditions.figure(
        name,
        "Outcomes by share of hidden weights pruned",
        f"Geometric means over {conditions.units(found)}; z as root mean square over classes and "
        "layers; loss as a share of the best constant's; beyond degrees: z under `degree`, "
        "else `layered`. Strengths only off the floor.",
        shown,
        titles,
        "pruned",
        "arm",
        log=True,
    )
