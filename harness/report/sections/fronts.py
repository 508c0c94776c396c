"""Fronts: loss against density, what training took against what is left; and budgets."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report import constant_predictor
from harness.report.charts import RULE, band_and_line, colour, crosses, kept, shape
from harness.report.pruner_comparison import AT_START, PrunerComparison, comparisons_of
from harness.report.sections.pruner_parts import (
    KEPT,
    LEVEL,
    PRUNER,
    PrunerChart,
    at_levels,
    columns,
    figure,
    of_each,
    panels_by_task,
)
from harness.tables.collection import NETWORK, Collection
from harness.tables.parts import Column, Part, Section, Table
from harness.tables.report import Report
from harness.tables.summaries import spread

PLACE = ["trial", "level"]
BY = ["pruner", "level", "density", "left_out"]
_FRONT = Column("on_front", "front", "text", note="whether no other row of the task dominates it")


def loss_front(comparison: PrunerComparison) -> pd.DataFrame:
    """Median validation loss over networks, with quartiles, by pruner and level.

    `front` marks what no other pruner and level of the task dominates: with no more weights and
    no more loss, and less of one. Levels that are `left_out` dominate nothing and are not on it.
    """
    table = spread(comparison.rows, BY, "loss")
    return _marked(table, ["density", "median"])


def cost_front(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Cost of a pruner's networks in theory and as measured, by level.

    `weights` is the median number of kept edges of a network, each of them one multiply-add of a
    forward pass where no weight is shared; `live` those of them on a path from an input to an
    output. `seconds` is measured: the wall time of training and pruning up to that density, divided
    by the networks that were trained together, mean over networks. `front` marks what no other row
    of the task dominates in `weights` and `seconds`.
    """
    places = [*PLACE, "network"]
    rows = comparison.rows.merge(_seconds(comparison, data), how="left", on=PLACE)
    for name, measured in (("weights", "edges"), ("live", "effective_edges")):
        rows = rows.merge(_edges(data, measured, name), how="left", on=places)
    table = rows.groupby(BY, sort=False).agg(
        weights=("weights", "median"),
        live=("live", "median"),
        # One trial without its times leaves the mean undefined, not that of the others.
        seconds=("seconds", lambda found: found.mean(skipna=False)),
        loss=("loss", "median"),
        trials=("trial", "nunique"),
        n=("network", "size"),
    )
    return _marked(table.reset_index(), ["weights", "seconds"])


def _marked(table: pd.DataFrame, costs: Sequence[str]) -> pd.DataFrame:
    values = table[list(costs)].to_numpy(dtype=float)
    values[table["left_out"].to_numpy(dtype=bool)] = np.nan
    return table.assign(front=stats.non_dominated(values))


def _edges(data: Collection, role: str, name: str) -> pd.DataFrame:
    """Edges of each network and level, over all layers."""
    places = [*PLACE, "network"]
    once = data.role(role).drop_duplicates([*places, "layer"]).astype({"trial": str})
    return once.groupby(places)["value"].sum().rename(name).reset_index()


def _seconds(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Seconds for each network of a trial up to each level, undefined where they are not recorded.

    A dense level that a trial took over from another pruner's counts as it took there: each would
    have had to train it.
    """
    spent = _spent(data)
    trials = data.trials.set_index("trial")
    networks = trials["networks"].to_dict()
    found = []
    for trial, rows in comparison.rows.groupby("trial", sort=False):
        levels = sorted(rows["level"].unique())
        seconds = np.array([spent.get((trial, level), np.nan) for level in levels], dtype=float)
        if np.isnan(seconds[0]):
            seconds[0] = _taken_over(trials, str(trial), spent, data)
        at_start = comparison.trained[rows["pruner"].iloc[0]] == AT_START
        per_network = (seconds if at_start else np.cumsum(seconds)) / networks[trial]
        found.append(pd.DataFrame({"trial": trial, "level": levels, "seconds": per_network}))
    return pd.concat(found, ignore_index=True)


def _spent(data: Collection) -> pd.Series:
    """Seconds of training and pruning by trial and level, of levels whose training was timed."""
    table = data.timings.astype({"trial": str, "activity": str})
    trained = table[table["activity"] == "train"].groupby(PLACE)["seconds"].sum()
    pruned = table[table["activity"] == "prune"].groupby(PLACE)["seconds"].sum()
    return trained + pruned.reindex(trained.index).fillna(0.0)


def _taken_over(trials: pd.DataFrame, trial: str, spent: pd.Series, data: Collection) -> float:
    """Seconds of the dense level of the trial that another took it over from; NaN if from none."""
    own = data.timings[data.timings["trial"].astype(str) == trial]
    if "take over" not in set(own["activity"]):
        return float("nan")
    shared = ["task", "schedule", "data_seed", "first_network", "networks", "run"]
    same = (trials[shared] == trials.loc[trial, shared]).all(axis=1)
    # Only pruners that wait for the end of a level share it (`harness.execution.shared_dense`).
    givers = trials.index[same & trials["when"].isin(["level", ""])]
    times = [spent[other, 0] for other in givers if (other, 0) in spent.index]
    return min(times, default=float("nan"))


def budgets(comparison: PrunerComparison) -> pd.DataFrame:
    """Training steps of a pruner's networks: up to the last level in common, and in all.

    `equal` counts the levels, of the `levels` in common, up to which every network was given as
    many steps as under the baseline. Levels of one density count each.
    """
    common = pd.DataFrame(comparison.levels, columns=["density", "later"])
    units = [*NETWORK, "density", "later"]
    shared = comparison.rows.merge(common, on=["density", "later"])
    base = shared[shared["pruner"] == comparison.baseline].set_index(units)["reached"]
    base = base.rename("wanted")
    rows = []
    for label in comparison.pruners:
        own = shared[shared["pruner"] == label]
        paired = own.join(base, on=units).dropna(subset="wanted")
        equal = paired.assign(equal=paired["reached"] == paired["wanted"])
        same = equal.groupby(["density", "later"])["equal"].all()
        last = own.loc[(own["density"] == common["density"].min()) & (own["later"] == 0), "reached"]
        whole = comparison.of(label).groupby([*NETWORK])["steps"].sum()
        rows.append(
            {
                "pruner": label,
                "trained": comparison.trained[label],
                "steps": last.median(),
                "fewest": last.min(),
                "most": last.max(),
                "in_all": whole.median(),
                "equal": int(same.sum()),
                "levels": len(common),
                "n": len(whole),
            }
        )
    return pd.DataFrame(rows)


def loss_front_chart(table: pd.DataFrame, pruners: Sequence[str]) -> PrunerChart:
    """Median loss against density, with quartiles; ringed where nothing dominates.

    The table is that of `loss_front`, with its task. Levels that are left out are crossed.
    """
    y = alt.Y(
        "median:Q",
        title="validation loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".6~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("median:Q", title="median loss", format=".4~g"),
        alt.Tooltip("lower:Q", title="lower quartile", format=".4~g"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    below = [_rings(kept(), y), crosses(kept(), y)]
    return panels_by_task(
        band_and_line(table, kept(), y, pruners, "pruner", tooltip, below=below), table
    )


def cost_front_chart(table: pd.DataFrame, pruners: Sequence[str]) -> PrunerChart:
    """Measured seconds against weights kept, both a network; ringed where nothing dominates.

    The table is that of `cost_front`, with its task. Levels that are left out are crossed.
    """
    x = alt.X(
        "weights:Q",
        title="theoretical: weights kept of a network (median), log scale",
        scale=alt.Scale(type="log", reverse=True, nice=False, padding=6),
        axis=alt.Axis(format="~s", grid=False, labelOverlap="greedy"),
    )
    y = alt.Y(
        "seconds:Q",
        title="measured: seconds a network, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("weights:Q", title="weights", format=".4~s"),
        alt.Tooltip("seconds:Q", title="seconds a network", format=".4~g"),
        alt.Tooltip("loss:Q", title="median loss", format=".4~g"),
    ]
    pick = alt.selection_point(fields=["pruner"], bind="legend")
    strong = alt.condition(pick, alt.value(1.0), alt.value(0.12))
    base = alt.Chart().encode(x=x, y=y, color=colour(pruners, "pruner"), opacity=strong)
    line = base.mark_line(strokeWidth=1.75)
    points = base.mark_point(size=26, filled=True).encode(
        shape=shape(pruners, "pruner"), tooltip=tooltip
    )
    layers = [_rings(x, y), crosses(x, y), line, points.add_params(pick)]
    return panels_by_task(alt.LayerChart(data=table, layer=layers), table)


def _rings(x: alt.X, y: alt.Y) -> alt.Chart:
    """Rings around the points that are on the front."""
    ring = alt.Chart().transform_filter("datum.front")
    return ring.mark_point(size=150, filled=False, color=RULE, strokeWidth=1.5).encode(x=x, y=y)


def section(report: Report) -> Section:
    """Loss against density, seconds against weights, and training steps."""
    if not comparisons_of(report):
        return Section("fronts", "Fronts and budgets")
    lead = (
        "A pruner at a density is on the front where no other row of its task is at most as costly "
        "in both respects and less in one. Medians decide, so that near ties may fall either way."
    )
    parts = [*_losses(report), *_costs(report), *_budgets(report)]
    return Section("fronts", "Fronts and budgets", [lead], parts=parts)


def _losses(report: Report) -> list[Part]:
    table = of_each(report, loss_front)
    if table.empty:
        return []
    caption = (
        "Validation loss at the end of each level. Lines: median over networks; bands: quartiles "
        f"({report.networks}). Ringed: not dominated by any pruner at any density."
        f"{constant_predictor.crossed(report.data)}"
    )
    front = table[table["front"]].sort_values("density", ascending=False, kind="stable")
    front = front.sort_values("task", kind="stable")
    own = (
        PRUNER,
        LEVEL,
        KEPT,
        Column("median", "median loss"),
        Column("lower", "from", note="lower quartile over networks"),
        Column("upper", "to", note="upper quartile over networks"),
        Column("n", "n", note="networks"),
    )
    said = "Pruners and levels that no other dominates in median loss and density."
    return [
        figure(report, "loss_front", "Loss against density", caption, loss_front_chart, table),
        Table("loss_front_points", said, front, columns(report, *own)),
    ]


def _costs(report: Report) -> list[Part]:
    table = of_each(report, lambda comparison: cost_front(comparison, report.data))
    table = table.assign(on_front=np.where(table["front"], "yes", ""))
    if table["seconds"].isna().all() or table["weights"].isna().all():
        return []
    caption = (
        "Measured against theoretical cost. Theoretical: kept weights, each one multiply-add of a "
        "forward pass where no weight is shared. Measured: wall time of training and pruning up "
        "to that density over the networks trained together, compilation apart; a dense level "
        "taken over from another pruner counts as it took there, and a level that was interrupted "
        "from then on only. Masks spare no time in training: it computes the dense network. Times "
        "depend on the machine and on what else it did. Ringed: not dominated."
        f"{constant_predictor.crossed(report.data)}"
    )
    own = [
        PRUNER,
        LEVEL,
        KEPT,
        Column("weights", "weights kept", note="theoretical: multiply-adds of a forward pass"),
        Column("live", "of them live", note="theoretical: on a path from an input to an output"),
        Column("seconds", "seconds, measured", note="training and pruning, a network"),
        Column("loss", "median loss"),
        Column("trials", "trials", note="blocks of networks that were timed"),
        _FRONT,
    ]
    shown = at_levels(table)
    said = "Theoretical and measured cost of a network at some densities; the data have all."
    return [
        figure(report, "cost_front", "Seconds against weights", caption, cost_front_chart, table),
        Table("cost_at_levels", said, shown, columns(report, *own), sortable=True),
    ]


def _budgets(report: Report) -> list[Part]:
    table: pd.DataFrame = of_each(report, budgets)
    inferred = [comparison for comparison in comparisons_of(report) if not comparison.recorded]
    how = " How is told from the steps: the run does not record it." if inferred else ""
    caption = (
        "Training steps of a network up to the last level that all pruners have in common "
        "(median, fewest, most), and in all: a pruner that acts before training trains each "
        "density from the start. Equal: at how many levels every network was given as many "
        "steps up to there as under the baseline. What a pruner computes to score weights is no "
        f"step.{how}"
    )
    equal = table["equal"].astype(str) + " of " + table["levels"].astype(str)
    own = (
        PRUNER,
        Column("trained", "trained", "text"),
        Column("steps", "steps"),
        Column("fewest", "fewest"),
        Column("most", "most"),
        Column("in_all", "in all"),
        Column("equal_at", "equal at", "text"),
        Column("n", "n", note="networks"),
    )
    return [Table("budgets", caption, table.assign(equal_at=equal), columns(report, *own))]
