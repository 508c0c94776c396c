"""Fronts of loss against density and of seconds against weights; and training budgets."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report import constant_predictor
from harness.report.charts import PRUNED, RULE, crosses, kept
from harness.report.pruner_comparison import AT_START, PrunerComparison, comparisons_of
from harness.report.sections.pruner_parts import (
    KEPT,
    LEVEL,
    PRUNER,
    PrunerChart,
    at_levels,
    columns,
    figure,
    lines_by_task,
    of_each,
)
from harness.tables.collection import NETWORK, Collection
from harness.tables.parts import Column, Part, Section, Table
from harness.tables.report import Report
from harness.tables.summaries import spread

PLACE = ["trial", "level"]
BY = ["pruner", "level", "density", "left_out"]
_FRONT = Column("on_front", "front", "text", note="whether no other row of the task dominates it")


_SHARED_DENSE = ["task", "schedule", "data_seed", "first_network", "networks", "run"]
"""What trials that share a dense level have in common."""


def loss_front(comparison: PrunerComparison) -> pd.DataFrame:
    """Median validation loss over networks, with quartiles, by pruner and level.

    `front` marks rows that no other row of the task dominates: no other has at most as many weights
    and as much loss, and less of one. Levels that are `left_out` neither dominate nor are on it.
    """
    table = spread(comparison.rows, BY, "loss")
    return _marked(table, ["density", "median"])


def cost_front(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Return the theoretical and measured cost of a pruner's networks, by level.

    `weights` is the median number of kept edges of a network, each one multiply-add of a forward
    pass if no weight is shared; `live` counts those on a path from an input to an output. `seconds`
    is the measured wall time of training and pruning up to that level, divided by the number of
    networks trained together, mean over networks. `front` marks rows that no other row of the task
    dominates in `weights` and `seconds`.
    """
    places = [*PLACE, "network"]
    rows = comparison.rows.merge(_seconds(comparison, data), how="left", on=PLACE)
    for name, measured in (("weights", "edges"), ("live", "effective_edges")):
        rows = rows.merge(_edges(data, measured, name), how="left", on=places)
    table = rows.groupby(BY, sort=False).agg(
        weights=("weights", "median"),
        live=("live", "median"),
        # If one trial lacks its times, the mean is undefined, not that of the others.
        seconds=("seconds", lambda seconds: seconds.mean(skipna=False)),
        loss=("loss", "median"),
        trials=("trial", "nunique"),
        n=("network", "size"),
    )
    return _marked(table.reset_index(), ["weights", "seconds"])


def _marked(table: pd.DataFrame, costs: Sequence[str]) -> pd.DataFrame:
    values = table[list(costs)].to_numpy(dtype=float, copy=True)
    values[table["left_out"].to_numpy(dtype=bool)] = np.nan
    return table.assign(front=stats.non_dominated(values))


def _edges(data: Collection, role: str, name: str) -> pd.DataFrame:
    """Return the edges of each network and level, summed over layers."""
    places = [*PLACE, "network"]
    once = data.role(role).drop_duplicates([*places, "layer"]).astype({"trial": str})
    return once.groupby(places)["value"].sum().rename(name).reset_index()


def _seconds(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Return the seconds per network of a trial up to each level, NaN if not recorded.

    A dense level taken over from another pruner's trial counts its time there, since each pruner
    would have had to train it.
    """
    spent = _spent(data)
    places = comparison.rows[[*PLACE, "pruner"]].drop_duplicates(PLACE).sort_values(PLACE)
    found = places.join(spent.astype(float), on=PLACE)
    dense = ~found.duplicated("trial")
    given = found["trial"].map(_taken_over(data, spent)).astype(float)
    found["seconds"] = found["seconds"].where(~dense | found["seconds"].notna(), given)
    # Where one level lacks its time, so do all after it.
    summed = found.groupby("trial")["seconds"].cumsum(skipna=False)
    at_start = found["pruner"].map(comparison.trained) == AT_START
    together = found["trial"].map(data.trials.set_index("trial")["networks"])
    return found[PLACE].assign(seconds=found["seconds"].where(at_start, summed) / together)


def _spent(data: Collection) -> pd.Series:
    """Return seconds of training and pruning by trial and level, if training was timed."""
    table = data.timings.astype({"trial": str, "activity": str})
    trained = table[table["activity"] == "train"].groupby(PLACE)["seconds"].sum()
    pruned = table[table["activity"] == "prune"].groupby(PLACE)["seconds"].sum()
    return trained + pruned.reindex(trained.index).fillna(0.0)


def _taken_over(data: Collection, spent: "pd.Series[float]") -> "pd.Series[float]":
    """Return by trial the seconds of a dense level in the trial it was taken over from."""
    trials = data.trials.astype({"trial": str}).set_index("trial")
    taken = data.timings["activity"] == "take over"
    takers = trials.loc[data.timings.loc[taken, "trial"].astype(str).unique(), _SHARED_DENSE]
    dense = spent[spent.index.get_level_values("level") == 0].droplevel("level")
    # Only pruners that wait for the end of a level share it (`harness.execution.shared_dense`).
    givers = trials.loc[trials["when"].isin(["level", ""]), _SHARED_DENSE].join(dense, how="inner")
    least = givers.groupby(_SHARED_DENSE, observed=True)["seconds"].min()
    return takers.join(least, on=_SHARED_DENSE)["seconds"]


def budgets(comparison: PrunerComparison) -> pd.DataFrame:
    """Return training steps of a pruner's networks: up to the last common level, and in all.

    `equal` counts the levels, of the `levels` in common, up to which every network had as many
    steps as under the baseline. Levels of one density count separately.
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
        whole = comparison.of(label).groupby([*NETWORK])["steps"].sum(min_count=1)
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
    """Median loss against density, with quartiles; points on the front are ringed.

    `table` is the result of `loss_front`, with its task. Levels that are left out are crossed.
    """
    y = alt.Y(
        "median:Q",
        title="validation loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".6~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        PRUNED,
        alt.Tooltip("median:Q", title="median loss", format=".4~g"),
        alt.Tooltip("lower:Q", title="lower quartile", format=".4~g"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    below = [_rings(kept(), y), crosses(kept(), y)]
    return lines_by_task(table, kept(), y, pruners, tooltip, below=below)


def cost_front_chart(table: pd.DataFrame, pruners: Sequence[str]) -> PrunerChart:
    """Measured seconds against weights, per network; points on the front are ringed.

    `table` is the result of `cost_front`, with its task. Levels that are left out are crossed.
    """
    x = alt.X(
        "weights:Q",
        title="theoretical: weights per network (median), log scale",
        scale=alt.Scale(type="log", reverse=True, nice=False, padding=6),
        axis=alt.Axis(format="~s", grid=False, labelOverlap="greedy"),
    )
    y = alt.Y(
        "seconds:Q",
        title="measured: seconds per network, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        PRUNED,
        alt.Tooltip("weights:Q", title="weights", format=".4~s"),
        alt.Tooltip("seconds:Q", title="seconds per network", format=".4~g"),
        alt.Tooltip("loss:Q", title="median loss", format=".4~g"),
    ]
    below, no_band = [_rings(x, y), crosses(x, y)], ("seconds", "seconds")
    return lines_by_task(table, x, y, pruners, tooltip, ends=no_band, below=below)


def _rings(x: alt.X, y: alt.Y) -> alt.Chart:
    """Rings around the points that are on the front."""
    ring = alt.Chart().transform_filter("datum.front")
    return ring.mark_point(size=150, filled=False, color=RULE, strokeWidth=1.5).encode(x=x, y=y)


def section(report: Report) -> Section:
    """Loss against density, seconds against weights, and training steps."""
    if not comparisons_of(report):
        return Section("fronts", "Fronts and budgets")
    lead = (
        "A pruner at a level is on the front if no other row of its task is at least as good in "
        "both respects and better in one. Medians are compared, so near ties may go either way."
    )
    parts = [*_losses(report), *_costs(report), *_budgets(report)]
    return Section("fronts", "Fronts and budgets", [lead], parts=parts)


def _losses(report: Report) -> list[Part]:
    table = of_each(report, loss_front)
    if table.empty:
        return []
    caption = (
        "Validation loss at the end of each level. Lines: median over networks; bands: quartiles "
        f"({report.networks}). Ringed: not dominated by any pruner at any level."
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
    points = "Pruners and levels that no other dominates in median loss and % pruned."
    return [
        figure(report, "loss_front", "Loss by % pruned", caption, loss_front_chart, table),
        Table("loss_front_points", points, front, columns(report, *own)),
    ]


def _costs(report: Report) -> list[Part]:
    table = of_each(report, lambda comparison: cost_front(comparison, report.data))
    table = table.assign(on_front=np.where(table["front"], "yes", ""))
    if table["seconds"].isna().all() or table["weights"].isna().all():
        return []
    caption = (
        "Masks save no training time: training computes the dense network. Theoretical cost: the "
        "weights not pruned, each one multiply-add of a forward pass if no weight is shared. "
        "Measured cost: wall time of training and pruning up to that level, without compilation, "
        "per network "
        f"trained together ({report.networks}). A dense level taken over from another pruner "
        "counts its time there; an interrupted level counts only from its resumption. Times depend "
        "on the machine and its load. Ringed: not dominated."
        f"{constant_predictor.crossed(report.data)}"
    )
    own = [
        PRUNER,
        LEVEL,
        KEPT,
        Column("weights", "weights", note="theoretical: multiply-adds of a forward pass"),
        Column("live", "of them live", note="theoretical: on a path from an input to an output"),
        Column("seconds", "seconds, measured", note="training and pruning, per network"),
        Column("loss", "median loss"),
        Column("trials", "trials", note="blocks of networks that were timed"),
        _FRONT,
    ]
    shown = at_levels(table)
    some = "Theoretical and measured cost of a network at some levels; the data have all."
    return [
        figure(report, "cost_front", "Seconds against weights", caption, cost_front_chart, table),
        Table("cost_at_levels", some, shown, columns(report, *own), sortable=True),
    ]


def _budgets(report: Report) -> list[Part]:
    table: pd.DataFrame = of_each(report, budgets)
    if table["in_all"].isna().all():  # networks were imported
        return []
    inferred = [comparison for comparison in comparisons_of(report) if not comparison.recorded]
    how = " Steps show which ones do: the run does not record it." if inferred else ""
    caption = (
        "Training steps of a network up to the last level that all pruners have in common "
        "(median, fewest, most), and in all. Equal at: levels up to which every network had as "
        "many steps as under the baseline. Computing scores of weights is not counted. A pruner "
        f"that acts before training trains each level from the start.{how}"
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
