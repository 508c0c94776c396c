"""Ranks, fronts and budgets of pruners."""

import numpy as np
import pandas as pd

from harness.report import _floor, _fronts, _ranks, charts
from harness.report.pages.parts import Column, Part, Section, Table
from harness.report.sections._contests import (
    KEPT,
    LEVEL,
    PRUNER,
    at_levels,
    columns,
    figure,
    of_each,
    units,
)
from harness.report.sections._report import Report

_FRONT = Column("on_front", "front", "text", note="whether no other row of the task dominates it")


def ranks(report: Report) -> Section:
    """Ranks of pruners within each network."""
    table = of_each(report, _ranks.ranks)
    if table.empty:
        return Section("ranks", "Ranks of pruners")
    caption = (
        "Pruners ranked by validation loss within each network, at equal density; 1 is the lowest "
        "loss, ties share their mean rank. Lines: mean over networks; bands: 95 % intervals "
        f"({units(report)}). A network that lacks a loss under any pruner is left out; a pruner is "
        "not ranked where it does no better than a constant."
    )
    own = (
        PRUNER,
        KEPT,
        Column("rank", "mean rank"),
        Column("low", "from", note="lower end of the 95 % interval"),
        Column("high", "to", note="upper end of the 95 % interval"),
        Column("best", "best in", note="networks in which it has the lowest loss; ties for each"),
        Column("networks", "of", note="networks"),
        Column("n", "n", note="units: what the interval is over"),
        Column("unit", "unit", "text"),
    )
    said = "Mean ranks at some densities; the data of the figure have all. Ranks say which, not how"
    return Section(
        "ranks",
        "Ranks of pruners",
        parts=[
            figure(report, "ranks", "Mean rank against density", caption, charts.ranks, table),
            Table(
                "ranks_at_levels",
                f"{said} much. Densities are those of one set of networks: not independent.",
                at_levels(table),
                columns(report, *own),
                sortable=True,
            ),
        ],
    )


def fronts(report: Report) -> Section:
    """Loss against density, seconds against weights, and training steps."""
    if not report.contests:
        return Section("fronts", "Fronts and budgets")
    lead = (
        "A pruner at a density is on the front where no other row of its task is at most as costly "
        "in both respects and less in one. Medians decide, so that near ties may fall either way."
    )
    parts = [*_losses(report), *_costs(report), *_budgets(report)]
    return Section("fronts", "Fronts and budgets", [lead], parts=parts)


def _losses(report: Report) -> list[Part]:
    table = of_each(report, _fronts.loss_front)
    if table.empty:
        return []
    caption = (
        "Validation loss at the end of each level. Lines: median over networks; bands: quartiles "
        f"({report.networks}). Ringed: not dominated by any pruner at any density."
        f"{_floor.crossed(report.data)}"
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
        figure(report, "loss_front", "Loss against density", caption, charts.loss_front, table),
        Table("loss_front_points", said, front, columns(report, *own)),
    ]


def _costs(report: Report) -> list[Part]:
    table = of_each(report, lambda contest: _fronts.cost_front(contest, report.data))
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
        f"{_floor.crossed(report.data)}"
    )
    own = [
        PRUNER,
        LEVEL,
        KEPT,
        Column("weights", "weights kept", note="theoretical: multiply-adds of a forward pass"),
        Column("live", "of them live", note="theoretical: on a path from an input to an output"),
        Column("seconds", "seconds, measured", note="training and pruning, a network"),
        Column("loss", "median loss"),
        Column("cells", "cells", note="blocks of networks that were timed"),
        _FRONT,
    ]
    shown = at_levels(table)
    said = "Theoretical and measured cost of a network at some densities; the data have all."
    return [
        figure(report, "cost_front", "Seconds against weights", caption, charts.cost_front, table),
        Table("cost_at_levels", said, shown, columns(report, *own), sortable=True),
    ]


def _budgets(report: Report) -> list[Part]:
    table: pd.DataFrame = of_each(report, _fronts.budgets)
    inferred = [contest for contest in report.contests if not contest.recorded]
    how = " How is told from the steps: the run does not record it." if inferred else ""
    caption = (
        "Training steps of a network up to the lowest density that all pruners have in common "
        "(median, fewest, most), and in all: a pruner that acts before training trains each "
        "density from the start. Equal: at how many densities every network was given as many "
        "steps up to there as under the baseline. What a pruner computes to score weights is no "
        f"step.{how}"
    )
    equal = table["equal"].astype(str) + " of " + table["densities"].astype(str)
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
