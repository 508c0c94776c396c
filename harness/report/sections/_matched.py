"""Pruners at equal effective density and at equal loss."""

import pandas as pd

from harness.report import _matched, charts
from harness.report.pages.parts import Column, Figure, Part, Section, Table, listed, number
from harness.report.sections._contests import PRUNER, baselines, columns, figure, of_each, units
from harness.report.sections._report import Report

_TESTED = (
    Column("n", "n", note="units with a pair of networks that both reach the value"),
    Column("unit", "unit", "text"),
    Column("p", "p", note="two-sided, of the procedure that gives the interval"),
    Column("adjusted", "p, corrected", note="for the smallest p of all rows of one pruner"),
    Column("attainable", "attainable p", note="the smallest p that so many pairs can give"),
)
_RATIO = (
    Column("ratio", "ratio", note="geometric mean of the ratios to the baseline"),
    Column("ratio_low", "from", note="lower end of the 95 % interval"),
    Column("ratio_high", "to", note="upper end of the 95 % interval"),
)


def matched(report: Report) -> Section:
    """Loss at equal effective density, density and z at equal loss."""
    if not report.contests:
        return Section("matched", "Matched comparisons")
    lead = [
        "Pruners are compared where they match, network by network (paired by data seed and number "
        f"of network), each with the baseline, {baselines(report)}. A network is followed along "
        "its levels, linear in the logarithms of density and loss; one that does not reach a value "
        "is left out there, for nothing is extrapolated: where n falls, those that are left were "
        "not left by chance. Levels at which a pruner does no better than a constant are passed "
        f"over. Intervals and tests: {units(report)}. Networks of one data seed share data and "
        "batch order."
    ]
    parts = [*_at_effective_density(report), *_at_loss(report), *_z(report)]
    if not parts:
        lead.append("No two networks of one number reach any of these values.")
    return Section("matched", "Matched comparisons", lead, parts=parts)


def _tests(report: Report, table: pd.DataFrame, family: str) -> str:
    """How small p can be, and for what it is corrected."""
    most = max(len(contest.others) for contest in report.contests)
    across = "" if most < 2 else f"; not over the {most} comparisons (Bonferroni: p times {most})"
    least = number(float(table["attainable"].min()))
    return (
        f"The smallest attainable p is {least}. Corrected: for the {family} of one "
        f"comparison{across}."
    )


def _at_effective_density(report: Report) -> list[Part]:
    table = of_each(report, _matched.at_effective_density)
    if table.empty:
        return []
    caption = (
        f"Validation loss over that of {baselines(report)} where both have as many weights on a "
        "path from an input to an output. Lines: geometric mean over pairs of networks; bands: "
        "95 % intervals. Below 1: better than the baseline."
    )
    name, title = "matched_effective_density", "Loss at equal effective density"
    return [
        figure(report, name, title, caption, charts.matched_loss, table),
        Table(
            name,
            f"{title}. {_tests(report, table, 'effective densities')}",
            table,
            columns(
                report,
                PRUNER,
                Column("target", "effective density", "kept"),
                Column("of_baseline", "loss of baseline", note="median over these pairs"),
                *_RATIO,
                *_TESTED,
            ),
        ),
    ]


def _at_loss(report: Report) -> list[Part]:
    table = of_each(report, _matched.at_loss)
    if table.empty:
        return []
    losses = listed([number(multiple) for multiple in _matched.LOSS_MULTIPLES])
    caption = (
        f"Density at which a network's validation loss is first exceeded, over that of "
        f"{baselines(report)}: the losses are {losses} times the baseline's median at its densest "
        "level. Lines: geometric mean over pairs of networks; bands: 95 % intervals. "
        "Below 1: the loss is held with fewer weights."
    )
    name, title = "matched_loss", "Density at equal loss"
    return [
        figure(report, name, title, caption, charts.matched_density, table),
        Table(
            name,
            f"{title}. {_tests(report, table, 'losses')}",
            table,
            columns(
                report,
                PRUNER,
                Column("target", "loss"),
                Column("of_baseline", "density of baseline", "kept", "median over these pairs"),
                *_RATIO,
                *_TESTED,
            ),
        ),
    ]


def _z(report: Report) -> list[Part]:
    table = of_each(report, lambda contest: _matched.z_at_loss(contest, report.data))
    if table.empty:
        return []
    several = len(report.contests) > 1
    names = table["task"] + ": " + table["comparison"] if several else table["comparison"]
    table = table.assign(comparison=names, quantity=table["target"])
    title = "Differences of z at equal loss"
    n = " to ".join(map(str, sorted({table["n"].min(), table["n"].max()})))
    caption = (
        f"Where each network's loss first exceeds {number(_matched.Z_MULTIPLE)} times the "
        "baseline's median at its densest level; z is linear between two levels. All nodes, null "
        f"`layered`, exact. Bars: 95 % intervals over units (n = {n}). Filled symbols: "
        f"p ≤ 0.05 after correction. {_tests(report, table, 'motif classes')} Right of 0: larger "
        "under the first pruner named."
    )
    return [
        Figure(
            "matched_loss_motifs",
            title,
            caption,
            f"{title} of {table['quantity'].nunique()} motifs; the data have the values.",
            charts.paired_motifs(table, report.motifs),
            table,
            panel=290,
            axis=100,
        )
    ]
