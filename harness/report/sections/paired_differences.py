"""Differences between the same networks pruned in two ways."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report import legible
from harness.report.charts import RULE, SERIES, panels_of, symbols
from harness.report.constant_predictor import left_out
from harness.tables.collection import NETWORK, Collection
from harness.tables.parts import Column, Figure, Part, Section, Table, listed, number, pruned
from harness.tables.report import Report, shared
from harness.tables.schema import Family
from harness.tables.summaries import at, losses
from harness.tables.units import named, units_of

MOST_ALL_PAIRS = 4
"""With more conditions of a task, each is compared with the first only."""

LOSS = "log10 validation loss"
UNIT = ["task", *NETWORK]
TITLE = "Paired comparisons"

_COLUMNS = (
    Column("comparison", "difference", "text"),
    Column("quantity", "of", "text"),
    Column("n", "n", note="units with a pair of networks"),
    Column("unit", "unit", "text"),
    Column("difference", "mean"),
    Column("low", "from", note="lower end of the 95 % interval"),
    Column("high", "to", note="upper end of the 95 % interval"),
    Column("p", "p", "p", note="two-sided, from the same procedure as the interval"),
    Column(
        "adjusted",
        "p, corrected",
        "p",
        note="corrected for all values of its kind in the comparison",
    ),
    Column("attainable", "attainable p", "p", note="the smallest p possible with so many units"),
)


@shared
def differences_of(report: Report) -> pd.DataFrame:
    """Return paired differences between conditions at the level that tables show."""
    return differences(report.data, report.density)


def families_of(data: Collection) -> list[Family]:
    """Return what is compared: the loss on a log scale, and what metrics' schemas name."""
    table = losses(data)
    rows = table.assign(quantity=LOSS, value=np.log10(table["value"].astype(float)))
    return [Family("loss", LOSS, "loss", rows, (LOSS,)), *data.families]


def differences(data: Collection, density: float) -> pd.DataFrame:
    """Return mean paired differences at the level nearest to a density, with intervals and p.

    One row for each pair of conditions of one task and each quantity: log10 of the validation loss,
    and those that the schemas of metrics name; `kind` is the family. Each difference is between two
    networks with the same initial weights and data; `comparison` says which minus which, `n` counts
    units and `unit` names them. One procedure (`stats.mean_tests`) gives `low` and `high`, the ends
    of a 95 % interval, and the two-sided `p`; `adjusted` is p corrected for its kind in a
    comparison, `attainable` the smallest possible p. Of several levels of one density the last is
    compared. A condition that does no better than a constant at its level is not compared.
    """
    table = _quantities(data, density)
    rows = [row for first, second in _pairs(table) for row in _compared(table, first, second)]
    return pd.DataFrame(rows)


def limited(data: Collection, table: pd.DataFrame) -> bool:
    """Return whether some pairs of conditions were left out because there are many."""
    return len(data.conditions) > MOST_ALL_PAIRS and not table.empty


def _quantities(data: Collection, density: float) -> pd.DataFrame:
    """Return a row per condition and network, a column per quantity; NaN if undefined."""
    families = families_of(data)
    keys = ["condition", "trial", "network", "level", "kind", "quantity"]
    numbers = ("network", "level")
    parts = [
        at(one.rows, density)
        .assign(kind=one.label)[[*keys, "value"]]
        .astype({name: object for name in keys if name not in numbers})
        for one in families
    ]
    index = ["condition", *UNIT, "version"]
    long = pd.concat(parts, ignore_index=True)
    if long.empty:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * len(index), names=index))
    long = named(data, long[~left_out(data, long)])
    # Old results have no version, and an index drops undefined values.
    long["version"] = long["version"].fillna(0)
    once = long.drop_duplicates([*index, "kind", "quantity"])
    wide = once.pivot(index=index, columns=["kind", "quantity"], values="value")
    wanted = dict.fromkeys((one.label, name) for one in families for name in one.order)
    wide = wide[[name for name in wanted if name in wide]]
    return wide.reindex(list(data.conditions), level="condition")


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield pairs of conditions that share a task, in the order of the conditions."""
    for _, part in table.groupby(level="task", sort=False):
        names = list(part.index.get_level_values("condition").unique())
        if len(names) <= MOST_ALL_PAIRS:
            yield from combinations(names, 2)
        else:
            yield from ((names[0], name) for name in names[1:])


def _compared(table: pd.DataFrame, first: str, second: str) -> list[dict[str, Any]]:
    one, other = (table.xs(name, level="condition") for name in (first, second))
    paired = pd.DataFrame(other - one).dropna(how="all")
    units = units_of(paired.index.to_frame(index=False))
    by_unit = units.averaged(paired)
    rows: list[dict[str, Any]] = []
    for kind in by_unit.columns.unique("kind"):
        part = pd.DataFrame(by_unit[kind])
        tests = stats.mean_tests(part.to_numpy(dtype=float))
        for column, name in enumerate(part):
            rows.append(
                {
                    "comparison": f"{second} − {first}",
                    "kind": kind,
                    "quantity": name,
                    "n": int(tests.n[column]),
                    "unit": str(units),
                    "difference": tests.value[column],
                    "low": tests.low[column],
                    "high": tests.high[column],
                    "p": tests.p[column],
                    "adjusted": tests.adjusted[column],
                    "attainable": tests.attainable[column],
                }
            )
    return [row for row in rows if row["n"]]


def paired_family_chart(table: pd.DataFrame, order: Sequence[str], label: str) -> alt.FacetChart:
    """Mean paired difference of every quantity with its interval, a panel per comparison.

    `table` is the part of `differences` of one kind, `label`. Filled: corrected p ≤ 0.05.
    """
    y = alt.Y("quantity:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False))
    height = max(300, 18 * len(order))
    chart = _forest(table, y, f"difference of {label}")
    return _panels(chart, table, "comparison", height, columns=3).resolve_axis(x="shared")


def paired_quantities_chart(table: pd.DataFrame, comparisons: Sequence[str]) -> alt.FacetChart:
    """Mean paired difference of each quantity with its interval, a panel per quantity.

    `table` is the part of `differences` of kinds with one quantity each. Filled: p ≤ 0.05.
    """
    axis = alt.Axis(grid=True, domain=False, labelLimit=300)
    y = alt.Y("comparison:N", sort=list(comparisons), title=None, axis=axis)
    height = 40 + 22 * len(comparisons)
    chart = _forest(table, y, None, "quantity")
    return _panels(chart, table, "quantity", height, columns=2).resolve_scale(x="independent")


def _forest(table: pd.DataFrame, y: alt.Y, title: str | None, own_axes: str = "") -> alt.LayerChart:
    table = table.assign(clear=table["adjusted"] <= 0.05)
    table = legible.clipped(table, ["difference", "low", "high"], {"zero": True}, own_axes)
    tooltip = [
        alt.Tooltip("comparison:N"),
        alt.Tooltip("quantity:N"),
        alt.Tooltip("difference:Q", title="mean difference", format=".4~g"),
        alt.Tooltip("low:Q", title="interval from", format=".4~g"),
        alt.Tooltip("high:Q", title="to", format=".4~g"),
        alt.Tooltip("p:Q", format=".3~g"),
        alt.Tooltip("adjusted:Q", title="p, corrected", format=".3~g"),
        alt.Tooltip("n:Q", title="pairs"),
    ]
    base = alt.Chart().encode(y=y)
    axis = alt.Axis(tickCount=5, format=".4~g")
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55, color=SERIES[0]).encode(
        x=alt.X("low:Q", title=title, axis=axis), x2="high:Q"
    )
    dots = base.encode(
        x=alt.X("difference:Q", title=title, axis=axis),
        fillOpacity=alt.condition("datum.clear", alt.value(1), alt.value(0)),
    )
    blue = {"color": SERIES[0], "fill": SERIES[0]}
    points = symbols(dots, table, tooltip, sideways=True, size=52, opacity=1, **blue)
    return alt.LayerChart(data=table, layer=[zero, bars, *points])


def _panels(
    chart: alt.LayerChart, table: pd.DataFrame, field: str, height: int, *, columns: int
) -> alt.FacetChart:
    names = list(dict.fromkeys(table[field].astype(str)))
    return panels_of(chart, names, field, size=(290, height), columns=columns)


def section(report: Report) -> Section:
    """Show paired differences between conditions at the chosen level."""
    data, table = report.data, differences_of(report)
    if len(data.conditions) < 2:
        how = (
            "There is one condition only, so there is nothing to compare. Repeat `--pruner` (or "
            "`--schedule`) to prune the same networks in several ways."
        )
        return Section("pairs", TITLE, [how])
    if table.empty:
        return Section("pairs", TITLE, ["No two conditions share a network yet."])
    lead = [
        "Differences are taken network by network: networks with the same data seed and number "
        "have the same initial weights. Each condition is taken at its level nearest to "
        f"{pruned(report.density)}, the last of several. Conditions that do no better than a "
        "constant there are not compared."
    ]
    if limited(data, table):
        lead.append("There are many conditions: each is compared with the first only.")
    parts: list[Part] = [*_figures(report)]
    caption = (
        f"Mean paired differences at {pruned(report.density)} with 95 % intervals over "
        f"units. {_notes(report)}{_attainable(report)}"
    )
    parts.append(Table("pairs", caption, table, list(_COLUMNS), sortable=True))
    return Section("pairs", TITLE, lead, parts=parts)


def _notes(report: Report) -> str:
    """Return the notes of metrics on their quantities."""
    return "".join(f"{one.label}: {one.note} " for one in report.data.families if one.note)


def _attainable(report: Report) -> str:
    """Say how p is computed, and the smallest possible p."""
    table = differences_of(report)
    least = table["attainable"]
    ends = [number(float(end)) for end in (least.min(), least.max())]
    smallest = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    nouns = dict.fromkeys(f"{one.nouns}" for one in families_of(report.data) if not one.single)
    corrected = f" Corrected: for all {listed(list(nouns))} of a comparison." if nouns else ""
    return (
        f"One procedure gives p and interval. The smallest attainable p is {smallest}.{corrected}"
    )


def _figures(report: Report) -> list[Figure]:
    table = differences_of(report)
    pairs = list(dict.fromkeys(table["comparison"]))
    n = table["n"]
    numbers = f"{n.max()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"
    counted = f"n = {numbers} {listed(list(dict.fromkeys(table['unit'])))}"
    bars = f"Bars: 95 % intervals over units ({counted}). Filled symbols: p ≤ 0.05"
    families = families_of(report.data)
    single = table[table["kind"].isin([one.label for one in families if one.single])]
    figures = []
    if len(single):
        kinds = listed(list(dict.fromkeys(single["kind"])))
        figures.append(
            Figure(
                "pairs_single",
                f"Differences of {kinds} at {pruned(report.density)}",
                f"{bars}. Right of 0: larger under the first condition named.",
                f"Mean paired differences of {kinds}; the table has the values.",
                paired_quantities_chart(single, pairs),
                single,
                panel=300,
                axis=min(300, 7 * max(map(len, pairs))),
            )
        )
    for one in families:
        rows = table[table["kind"] == one.label]
        if one.single or rows.empty:
            continue
        figures.append(
            Figure(
                f"pairs_{one.name}",
                f"Differences of {one.label} at {pruned(report.density)}",
                f"{bars} after correction for all {one.nouns} of a comparison. {one.note} "
                "Right of 0: larger under the first condition named.",
                f"Mean paired differences of {one.label} of {rows['quantity'].nunique()} "
                f"{one.nouns}; the table has the values.",
                paired_family_chart(rows, one.order, one.label),
                rows,
                panel=290,
                axis=max(100, 7 * max(map(len, one.order))),
                beside=True,
            )
        )
    return figures
