"""The sections of metrics: their own, or else charts and means made from their schema."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.plugin.isolation import isolated
from harness.report.charts import (
    RULE,
    band_and_line,
    grouped,
    grouped_axis,
    kept,
    level_labels,
    panels_of,
    signed_cells,
    slider,
    tooltip_of,
)
from harness.report.pruner_comparison import families_of
from harness.tables.collection import NETWORK, Collection, Measured
from harness.tables.parts import Column, Figure, Part, Section, Table, fixed, number
from harness.tables.report import Report, shared
from harness.tables.schema import CONDITION, MOST_QUANTITIES, PLACE, Family, family, slug
from harness.tables.summaries import chosen_step, spread, stepped
from harness.tables.units import by_condition, named

ANSWER = "answer"
"""The anchor of the first section, to which those of metrics add."""


@shared
def sections_of_metrics(report: Report) -> list[Section]:
    """Return the sections of all metrics, in the order of the runs.

    If a metric fails to make them, its section says so, and the page has the others.
    """
    made: list[Section] = []
    for name, measured in report.data.measured.items():
        try:
            with isolated():
                own = None if measured.metric is None else measured.metric.sections(report)
                made += sections_of_schema(report, name) if own is None else own
        except Exception as error:
            message = f"The metric failed to make its sections: {type(error).__name__}: {error}"
            made.append(Section(f"metric-{slug(name)}", f"Metric {name}", [message]))
    return made


def sections_of_schema(report: Report, name: str, found: Measured | None = None) -> list[Section]:
    """Return the section that a metric's schema makes: charts and means by level.

    Each family of quantities is charted against density and as a heat map; the table has means over
    networks of every number. `found` is the metric's table or a part of it.
    """
    found = found or report.data.measured[name]
    parts: list[Part] = []
    for asked in found.schema.compared:
        one = family(name, found.networks, found.schema, asked)
        if len(one.order) <= MOST_QUANTITIES and one.rows["value"].notna().any():
            parts += [against_density(report, one), heat_map(report, one)]
    folded = not parts
    parts += means(name, found)
    title = f"Metric {name}"
    return [Section(f"metric-{slug(name)}", title, parts=parts, folded=folded)] if parts else []


HATCHED = "not told from 0"
"""What the legend says of hatched cells."""


def by_level(one: Family) -> pd.DataFrame:
    """Return mean, median and quartiles of each quantity over networks, by condition and level."""
    return spread(one.rows, ["condition", "quantity", "level", "density", "later"], "value")


def unclear(data: Collection, one: Family) -> pd.DataFrame:
    """Return which means of a family are not told from 0, by condition, quantity and level.

    The column `unclear` is true where the 95 % interval of the mean over units includes 0, or
    where there are too few units for one.
    """
    units, rows = by_condition(data), named(data, one.rows)
    parts = []
    for condition, part in rows.groupby("condition", sort=False, observed=True):
        wide = part.pivot_table(
            index=list(NETWORK), columns=["quantity", "level"], values="value", observed=True
        )
        means = units[str(condition)].averaged(wide)
        found = stats.mean_tests(means.to_numpy(dtype=float))
        clear = (found.low > 0) | (found.high < 0)
        parts.append(wide.columns.to_frame(index=False).assign(condition=condition, unclear=~clear))
    return pd.concat(parts, ignore_index=True)


def against_density(report: Report, one: Family) -> Figure:
    """Chart each quantity against density, a panel each, a line for each condition."""
    table = by_level(one)
    tooltip = tooltip_of(
        alt.Tooltip("quantity:N"), alt.Tooltip("mean:Q", title=one.label, format=".4~g")
    )
    y = alt.Y(
        "mean:Q",
        title=None,
        scale=alt.Scale(zero=one.signs is not None),
        axis=alt.Axis(format=".4~g", tickCount=5),
    )
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(0))
    below = [zero] if one.signs else []
    conditions = report.data.conditions
    x = kept(title="")
    chart = band_and_line(
        table, x, y, conditions, "condition", tooltip, below=below, own_axes="quantity"
    )
    panels = panels_of(chart, one.order, "quantity").resolve_scale(y="independent")
    return Figure(
        one.name,
        f"{one.label} by % pruned",
        f"Lines: mean over networks; bands: quartiles ({report.networks}). {one.note} "
        "Axes differ between panels.",
        f"{one.label} by % pruned; the data have the values.",
        panels.properties(bounds="flush", spacing=alt.RowColnumber(row=62, column=58)),
        table,
        panel=200,
        longest=report.longest,
    )


def cells(table: pd.DataFrame, signs: tuple[str, str] | None, label: str) -> pd.DataFrame:
    """Return the rows of `by_level` as cells of a heat map: their hue, strength and text.

    Without `signs` the strength says how far above the smallest mean a cell is.
    """
    table = stepped(table)
    least = 0.0 if signs else min(0.0, float(table["mean"].min()))
    sign = np.where(table["mean"] >= 0, *signs) if signs else label
    shown = [_signed(mean) if signs else number(mean, 2) for mean in table["mean"]]
    return table.assign(sign=sign, size=(table["mean"] - least).abs(), shown=shown)


def _signed(value: float) -> str:
    """Format a mean for a small cell: one decimal below 10, none above."""
    return fixed(value, 0 if abs(value) >= 10 else 1)


def heat_map_chart(
    table: pd.DataFrame,
    conditions: Sequence[str],
    order: Sequence[str],
    signs: Sequence[str],
    label: str,
    *,
    step: int = 0,
    families: Mapping[str, Sequence[str]] | None = None,
) -> alt.LayerChart:
    """Chart the mean of every quantity by condition at one level; with one condition, by level.

    Conditions stand by the families given. `table` is the result of `cells`. The hue gives the
    sign, its strength the size, on one scale for all levels; the paper shows through, light or
    dark. Cells are hatched where the column `unclear`, if there is one, is true.
    """
    several = len(conditions) > 1
    labels = level_labels(table)
    families = families or {"": conditions}
    columns, field = (grouped(families, conditions), "condition") if several else (labels, "pruned")
    place = grouped_axis(families, labelAngle=-35, domain=False, ticks=False)
    base = alt.Chart().encode(
        x=alt.X(f"{field}:N", scale=alt.Scale(domain=columns), title=None, axis=place),
        y=alt.Y("quantity:N", sort=list(order), title=None, axis=alt.Axis(grid=False)),
    )
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("quantity:N"),
        alt.Tooltip("pruned:N", title="level"),
        alt.Tooltip("mean:Q", title=f"mean {label}", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    largest = float(table["size"].max()) if len(table) else 1.0
    hatched = HATCHED if "unclear" in table and table["unclear"].any() else ""
    layers = signed_cells(base, largest, signs, tooltip, unclear=hatched)
    chart = alt.LayerChart(data=table, layer=layers, height=max(60, 24 * len(order)))
    if not several:
        return chart
    level, title = slider(table, step)
    return chart.transform_filter("datum.step === level").properties(title=title).add_params(level)


def heat_map(report: Report, one: Family, name: str = "") -> Figure:
    """Chart the mean of each quantity by condition and level; `name` is that of its files."""
    table = by_level(one)
    if one.signs and len(table):
        found = unclear(report.data, one)
        table = table.merge(found, how="left", on=["condition", "quantity", "level"])
    table = cells(table, one.signs, one.label)
    conditions = report.data.conditions
    several = len(conditions) > 1
    how = "The slider picks the level." if several else "A column for each level."
    title = f"{one.noun} and {'condition' if several else 'level'}"
    hues = "The stronger the colour, the larger"
    if one.signs:
        hues = (
            "Hatched: the 95 % interval of the mean includes 0, or there are too few units for "
            f"one. Blue: {one.signs[0]}, orange: {one.signs[1]}"
        )
    signs = one.signs or (one.label,)
    return Figure(
        name or f"{one.name}_heatmap",
        f"Mean {one.label} by {title}",
        f"Numbers are mean {one.label} over networks ({report.networks}). {one.note} {hues}; one "
        f"scale of colours for all levels. Undefined means are left blank. {how}",
        f"Mean {one.label} of {len(one.order)} {one.nouns} by {title}; the data hold all levels.",
        heat_map_chart(
            table,
            conditions,
            one.order,
            signs,
            one.label,
            step=chosen_step(table, report.density),
            families=families_of(report.data.trials),
        ),
        table.drop(columns=["sign", "size", "shown"]),
        axis=max(110, min(300, 7 * max(map(len, one.order)))),
        longest=34,
        beside=True,
    )


def means(name: str, found: Measured) -> list[Part]:
    """Return the table of means and deviations over networks of a metric's numbers."""
    if found.rows.empty:
        return []
    table = summed_up(found.rows)
    columns = [
        Column(
            key,
            "pruned" if key == "density" else key.replace("_", " "),
            "kept" if key == "density" else "number" if _is_number(table[key]) else "text",
        )
        for key in map(str, table)
    ]
    caption = (
        f"`{name}`: means over networks by level, and standard deviations. What each column "
        f"means, and every network, is in the run: "
        f'`run.columns["{name}"]`, `run.table("{name}")`.'
    )
    return [Table(f"metric_{slug(name)}", caption, table, columns, sortable=True)]


def summed_up(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean and standard deviation of every number over networks.

    One row for each condition, level, metric (if there are several) and value of its columns of
    text. Numbers that are not finite are left out of both; `n` counts networks.
    """
    own = [str(name) for name in table if name not in (*PLACE, *CONDITION)]
    numbers = [name for name in own if _is_number(table[name]) and table[name].dtype != bool]
    by = ["condition", "level", "density", *(name for name in own if name not in numbers)]
    if "metric" in table and table["metric"].nunique() > 1:  # kept tables may lack it
        by.insert(1, "metric")
    finite = {
        name: table[name].astype(float).where(table[name].abs() < float("inf")) for name in numbers
    }
    table = table.assign(**finite)
    groups = table.groupby(by, sort=False, observed=True, dropna=False)
    once = table.drop_duplicates([*by, "trial", "network"])
    counts = once.groupby(by, sort=False, observed=True, dropna=False).size()
    parts: dict[str, pd.Series] = {"n": counts}
    for name in numbers:
        parts[name] = groups[name].mean()
        parts[f"{name} sd"] = groups[name].std()
    return pd.DataFrame(parts).reset_index()


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values)
