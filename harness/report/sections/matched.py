"""Pruners compared at equal effective density and at equal loss.

Each network is followed along its own levels, taken as linear in the logarithms of density and
loss. Nothing is extrapolated: a network that does not reach a value is undefined there. Levels at
which a pruner does no better than a constant are skipped.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import altair as alt
import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import stats
from harness.report.charts import PRUNED, RULE, kept
from harness.report.pruner_comparison import PrunerComparison, comparisons_of
from harness.report.sections.paired_differences import paired_family_chart, paired_quantities_chart
from harness.report.sections.pruner_parts import (
    PRUNER,
    PrunerChart,
    baselines,
    columns,
    figure,
    lines_by_task,
    of_each,
    units,
)
from harness.report.trajectories import Trajectories
from harness.tables.parts import Column, Figure, Part, Section, Table, listed, number
from harness.tables.report import Report
from harness.tables.schema import Family

EFFECTIVE_DENSITIES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
"""Where losses are compared: fixed before looking, the same for every run."""

LOSS_MULTIPLES = (1.1, 1.25, 1.5, 2.0, 3.0)
"""Losses at which densities are compared, as multiples of `dense_loss`: fixed before looking."""

QUANTITY_MULTIPLE = 1.25
"""The multiple of `dense_loss` at which the quantities of metrics are compared."""

_COLUMNS = (
    *("pruner", "comparison", "target", "n", "unit", "of_baseline", "of_pruner", "difference"),
    *("low", "high", "p", "adjusted", "attainable"),
)

_Values: TypeAlias = Float[np.ndarray, " networks"]
_Targets: TypeAlias = Callable[[Trajectories], list[_Values]]
"""Gives the values of networks at each target."""

_TESTED = (
    Column("n", "n", note="units with a pair of networks that both reach the value"),
    Column("unit", "unit", "text"),
    Column("p", "p", "p", note="two-sided, from the same procedure as the interval"),
    Column("adjusted", "p, corrected", "p", note="corrected for all rows of one pruner"),
    Column("attainable", "attainable p", "p", note="the smallest p possible with so many pairs"),
)

_RATIO = (
    Column("ratio", "ratio", note="geometric mean of the ratios to the baseline"),
    Column("ratio_low", "from", note="lower end of the 95 % interval"),
    Column("ratio_high", "to", note="upper end of the 95 % interval"),
)


def at_effective_density(comparison: PrunerComparison) -> pd.DataFrame:
    """Return validation loss at given effective densities: ratios to the baseline, paired.

    Columns as in `_paired`; `target` is the effective density, values are losses.
    """

    def losses(networks: Trajectories) -> list[_Values]:
        effective, loss = networks.log("effective"), networks.log("loss")
        places = (stats.first_rise(-effective, -np.log10(wanted)) for wanted in EFFECTIVE_DENSITIES)
        return [stats.interpolated(loss, place) for place in places]

    return _ratios(comparison, EFFECTIVE_DENSITIES, losses)


def at_loss(comparison: PrunerComparison) -> pd.DataFrame:
    """Return the density at which a validation loss is first exceeded: ratios to the baseline.

    Columns as in `_paired`; `target` is the loss, values are densities. Below 1 is better: fewer
    weights hold the loss.
    """
    dense = dense_loss(comparison)
    multiples = {multiple * dense: multiple for multiple in LOSS_MULTIPLES if np.isfinite(dense)}

    def densities(networks: Trajectories) -> list[_Values]:
        density = networks.log("density")
        return [stats.interpolated(density, exceeded(networks, loss)) for loss in multiples]

    table = _ratios(comparison, list(multiples), densities)
    return table.assign(multiple=table["target"].map(multiples))


def dense_loss(comparison: PrunerComparison) -> float:
    """Return the baseline's median loss at its densest level; NaN if that is left out."""
    rows = comparison.compared[comparison.compared["pruner"] == comparison.baseline]
    densest = rows[rows["density"] == rows["density"].max()]
    return float(densest.loc[densest["level"] == densest["level"].max(), "loss"].median())


def exceeded(networks: Trajectories, loss: float) -> _Values:
    """Return the fractional index of the level at which each network's loss first exceeds a value.

    Levels before the loss first falls to the value are skipped: a dense network may be worse than a
    pruned one that was trained further.
    """
    return stats.first_rise(networks.log("loss"), float(np.log10(loss)))


def quantities_at_loss(comparison: PrunerComparison, family: Family) -> pd.DataFrame:
    """Return each quantity where a loss is first exceeded, minus the baseline's, paired.

    The loss is `QUANTITY_MULTIPLE` times `dense_loss`; quantities are linear between two levels.
    The quantities of one comparison are one family of tests.
    """
    places = ["trial", "network", "level"]
    wide = family.rows.astype({"trial": str}).pivot_table(
        index=places, columns="quantity", values="value", observed=True
    )
    wide = wide.reindex(columns=list(family.order))
    loss = QUANTITY_MULTIPLE * dense_loss(comparison)
    compared = comparison.compared
    levels = pd.MultiIndex.from_frame(compared[places].astype({"trial": str}))
    values = wide.reindex(levels).to_numpy(dtype=float)

    def there(networks: Trajectories) -> list[_Values]:
        places = exceeded(networks, loss)
        own = values[compared.index.get_indexer(networks.rows.index)]
        return [stats.interpolated(networks.spread(column), places) for column in own.T]

    return _paired(comparison, family.order, there)


def _ratios(
    comparison: PrunerComparison,
    targets: Sequence[float],
    values: _Targets,
) -> pd.DataFrame:
    """Return `_paired` of logarithms, with values and ratios added."""
    table = _paired(comparison, targets, values)
    powers = {"of_baseline": "of_baseline", "of_pruner": "of_pruner"}
    powers |= {"difference": "ratio", "low": "ratio_low", "high": "ratio_high"}
    return table.assign(**{name: 10.0 ** table[logs] for logs, name in powers.items()})


def _paired(
    comparison: PrunerComparison,
    targets: Sequence[Hashable],
    values: _Targets,
) -> pd.DataFrame:
    """Return differences from the baseline, network by network: a row for each pruner and target.

    `n` pairs of units are defined; `of_baseline` and `of_pruner` are medians over them. One
    procedure (`stats.mean_tests`) gives `low` and `high`, the ends of a 95 % interval of the mean
    `difference`, and `p`; `adjusted` is p corrected for the targets of one comparison,
    `attainable` the smallest p possible with n units.
    """
    found = {
        str(label): _by_network(part, targets, values)
        for label, part in comparison.compared.groupby("pruner", sort=False)
    }
    base = found[comparison.baseline]
    rows = []
    for label in comparison.others:
        one, other = _paired_units(comparison, base, found[label])
        tested = stats.mean_tests(other - one)
        for column, target in enumerate(targets):
            n = int(tested.n[column])
            if not n:
                continue
            defined = np.isfinite((other - one)[:, column])
            ends = (np.median(part[defined, column]) for part in (one, other))
            which = f"{label} − {comparison.baseline}"
            made = (label, which, target, n, str(comparison.units), *ends)
            test = (tested.value, tested.low, tested.high, tested.p, tested.adjusted)
            figures = (float(part[column]) for part in (*test, tested.attainable))
            rows.append(dict(zip(_COLUMNS, (*made, *figures), strict=True)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _by_network(
    rows: pd.DataFrame,
    targets: Sequence[Hashable],
    values: _Targets,
) -> pd.DataFrame:
    """Return a row for each network of one pruner, a column for each target."""
    networks = Trajectories(rows)
    columns = pd.Index(list(targets), dtype=object)
    found = (
        np.stack(values(networks), axis=-1) if targets else np.empty((len(networks.networks), 0))
    )
    return pd.DataFrame(found, index=networks.networks, columns=columns)


def _paired_units(
    comparison: PrunerComparison, one: pd.DataFrame, other: pd.DataFrame
) -> tuple[Float[np.ndarray, "units targets"], Float[np.ndarray, "units targets"]]:
    """Return the values of two pruners by unit, of networks for which both are defined."""
    shared = one.index.intersection(other.index)
    one, other = one.loc[shared], other.loc[shared]
    both = one.notna() & other.notna()
    averaged = (comparison.units.averaged(part.where(both)) for part in (one, other))
    first, second = (part.to_numpy(dtype=float) for part in averaged)
    return first, second


def matched_loss_chart(table: pd.DataFrame, pruners: Sequence[str]) -> PrunerChart:
    """Ratio of losses to the baseline's against effective density, with intervals.

    `table` is the result of `at_effective_density`, with its task.
    """
    x = kept("target", "% effectively pruned (log scale of what remains)")
    title = "loss / loss of the baseline, log scale"
    return _ratios_chart(table.assign(density=table["target"]), pruners, x, title, PRUNED)


def matched_density_chart(table: pd.DataFrame, pruners: Sequence[str]) -> PrunerChart:
    """Ratio of the densities at which a loss is exceeded to the baseline's, with intervals.

    `table` is the result of `at_loss`, with its task.
    """
    x = alt.X(
        "target:Q",
        title="validation loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", grid=False, labelOverlap="greedy"),
    )
    title = "weights left / weights left of the baseline, log scale"
    at = alt.Tooltip("target:Q", title="at", format=".3~g")
    return _ratios_chart(table, pruners, x, title, at)


def _ratios_chart(
    table: pd.DataFrame, pruners: Sequence[str], x: alt.X, title: str, at: alt.Tooltip
) -> PrunerChart:
    y = alt.Y(
        "ratio:Q",
        title=title,
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".3~g", tickCount=6),
    )
    tooltip = [
        alt.Tooltip("pruner:N"),
        at,
        alt.Tooltip("ratio:Q", format=".4~g"),
        alt.Tooltip("ratio_low:Q", title="interval from", format=".4~g"),
        alt.Tooltip("ratio_high:Q", title="to", format=".4~g"),
        alt.Tooltip("adjusted:Q", title="p, corrected", format=".3~g"),
        alt.Tooltip("n:Q", title="pairs"),
    ]
    one = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(1))
    ends = ("ratio_low", "ratio_high")
    return lines_by_task(table, x, y, pruners, tooltip, ends=ends, below=[one])


def section(report: Report) -> Section:
    """Show loss at equal effective density; density and metrics' quantities at equal loss."""
    if not comparisons_of(report):
        return Section("matched", "Matched comparisons")
    lead = [
        f"Each pruner is compared with the baseline, {baselines(report)}, network by network "
        "(paired by data seed and number of network), at equal % effectively pruned or "
        "equal loss. Between levels, networks are linear in the logarithms of weights left and "
        "loss. Nothing is extrapolated: a network that does not reach a value is left out there, "
        "so where n falls, the rest is a selection. Levels at which a pruner does no better than "
        f"a constant are skipped. Intervals and tests: {units(report)}. Networks of one data seed "
        "share data and batch order."
    ]
    parts = [*_at_effective_density(report), *_at_loss(report), *_quantities(report)]
    if not parts:
        lead.append("No pair of networks reaches any of these values.")
    return Section("matched", "Matched comparisons", lead, parts=parts)


def _tests(report: Report, table: pd.DataFrame, family: str) -> str:
    """Say how small p can be, and what it is corrected for."""
    most = max(len(comparison.others) for comparison in comparisons_of(report))
    across = "" if most < 2 else f"; not over the {most} comparisons (Bonferroni: p times {most})"
    least = number(float(table["attainable"].min()))
    return (
        f"The smallest attainable p is {least}. Corrected: for the {family} of one "
        f"comparison{across}."
    )


def _at_effective_density(report: Report) -> list[Part]:
    table = of_each(report, at_effective_density)
    if table.empty:
        return []
    caption = (
        f"Validation loss over that of {baselines(report)} where both have as many weights on a "
        "path from an input to an output. Lines: geometric mean over pairs of networks; bands: "
        f"95 % intervals ({report.networks}). Below 1: better than the baseline."
    )
    name, title = "matched_effective_density", "Loss at equal % effectively pruned"
    return [
        figure(report, name, title, caption, matched_loss_chart, table),
        Table(
            name,
            f"{title}. {_tests(report, table, 'values')}",
            table,
            columns(
                report,
                PRUNER,
                Column("target", "effectively pruned", "kept"),
                Column("of_baseline", "loss of baseline", note="median over these pairs"),
                *_RATIO,
                *_TESTED,
            ),
        ),
    ]


def _at_loss(report: Report) -> list[Part]:
    table = of_each(report, at_loss)
    if table.empty:
        return []
    losses = listed([number(multiple) for multiple in LOSS_MULTIPLES])
    caption = (
        "Weights left where a network's validation loss is first exceeded, over those of "
        f"{baselines(report)}: the losses are {losses} times the baseline's median at its densest "
        "level. Lines: geometric mean over pairs of networks; bands: 95 % intervals "
        f"({report.networks}). Below 1: the loss is held with fewer weights."
    )
    name, title = "matched_loss", "Weights left at equal loss"
    return [
        figure(report, name, title, caption, matched_density_chart, table),
        Table(
            name,
            f"{title}. {_tests(report, table, 'losses')}",
            table,
            columns(
                report,
                PRUNER,
                Column("target", "loss"),
                Column("of_baseline", "baseline pruned", "kept", "median over these pairs"),
                *_RATIO,
                *_TESTED,
            ),
        ),
    ]


def _quantities(report: Report) -> list[Part]:
    """Show what metrics measure at equal loss: a figure for each family."""
    return [part for one in report.data.families for part in _of_family(report, one)]


def _of_family(report: Report, family: Family) -> list[Part]:
    table = of_each(report, lambda comparison: quantities_at_loss(comparison, family))
    if table.empty:
        return []
    several = len(comparisons_of(report)) > 1
    names = table["task"] + ": " + table["comparison"] if several else table["comparison"]
    table = table.assign(comparison=names, quantity=table["target"])
    title = f"Differences of {family.label} at equal loss"
    n = " to ".join(map(str, sorted({table["n"].min(), table["n"].max()})))
    caption = (
        f"Where each network's loss first exceeds {number(QUANTITY_MULTIPLE)} times the "
        f"baseline's median at its densest level; {family.label} is linear between two levels. "
        f"{family.note} Bars: 95 % intervals over units (n = {n}). Filled symbols: "
        f"p ≤ 0.05 after correction. {_tests(report, table, f'{family.nouns}')} Right of 0: larger "
        "under the first pruner named."
    )
    if family.single:
        chart = paired_quantities_chart(table, list(dict.fromkeys(table["comparison"])))
    else:
        chart = paired_family_chart(table, family.order, family.label)
    return [
        Figure(
            f"matched_loss_{family.name}",
            title,
            caption,
            f"{title} of {table['quantity'].nunique()} {family.nouns}; the data have the values.",
            chart,
            table,
            panel=290,
            axis=max(100, 7 * max(map(len, table["comparison" if family.single else "quantity"]))),
        )
    ]
