"""The pieces of charts, also for authors of studies: axes, colours, lines, sliders.

Charts are Altair charts of aggregated tables. Colours and symbols are fixed by the order of the
conditions. Names are data, never field names or expressions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from harness.report.pages.vega import RULE as RULE
from harness.report.pages.vega import SERIES as SERIES
from harness.report.pages.vega import to_dict as to_dict

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")

_STRONGEST = 0.7
"""Opacity of the largest cell: its number stays readable, on light and on dark paper."""

_HATCH = "M-1,0L0,-1M-1,1L1,-1M0,1L1,0"
_HATCHED = 20**2  # the area of the hatching, in pixels
_HATCHED_LEGEND = alt.Legend(title=None, orient="top", symbolSize=160, symbolStrokeWidth=1)
_HEADED = 8  # so many names are read more easily below the names of their families

_DENSITIES = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
SHORT = "format(datum.value, '~s')"


PRUNED = alt.Tooltip("share_pruned:N", title="pruned")
"""The line of a tooltip that shows the density of a chart from `with_pruned`."""


def _pruned(density: str) -> str:
    """Return the expression that shows a density as `percent_pruned` does."""
    decimals = f"{density} < 0.01 || {density} > 0.99 ? '.3~f' : '.1~f'"
    return f"format(100 * (1 - {density}), {decimals}) + '\u00a0%'"


def with_pruned(chart: alt.LayerChart, field: str = "density") -> alt.LayerChart:
    """Return a chart whose tooltips may have `PRUNED`, from the densities in a column."""
    return chart.transform_calculate(share_pruned=_pruned(f"datum.{field}"))


def kept(field: str = "density", title: str = "% pruned (log scale of what remains)") -> alt.X:
    """Return the axis of density, labelled as % pruned: logarithmic, dense on the left."""
    return alt.X(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type="log", reverse=True, nice=False, padding=6),
        axis=alt.Axis(
            values=_DENSITIES,
            labelExpr=_pruned("datum.value"),
            grid=False,
            labelOverlap="greedy",
        ),
    )


def legend(names: Sequence[str], title: str | None) -> alt.Legend | None:
    """Return the legend that colour and symbol share; none for a single name."""
    if len(names) < 2:
        return None
    return alt.Legend(title=title, orient="top", labelLimit=420, symbolOpacity=1, symbolSize=70)


def colour(names: Sequence[str], field: str = "condition", title: str | None = None) -> alt.Color:
    """Return the colour of each name, fixed by their order."""
    colours = [SERIES[i % len(SERIES)] for i in range(len(names))]
    scale = alt.Scale(domain=list(names), range=colours)
    return alt.Color(f"{field}:N", scale=scale, title=title, legend=legend(names, title))


def shape(names: Sequence[str], field: str = "condition", title: str | None = None) -> alt.Shape:
    """Return the symbol of each name, fixed by their order."""
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(names))]
    scale = alt.Scale(domain=list(names), range=shapes)
    return alt.Shape(f"{field}:N", scale=scale, title=title, legend=legend(names, title))


def band_and_line(
    table: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    names: Sequence[str],
    field: str,
    tooltip: Sequence[alt.Tooltip],
    *,
    ends: tuple[str, str] = ("lower", "upper"),
    below: Sequence[alt.Chart] = (),
) -> alt.LayerChart:
    """Draw a line with symbols over the band between two columns; the legend highlights."""
    pick = alt.selection_point(fields=[field], bind="legend")
    base = alt.Chart().encode(x=x, color=colour(names, field))
    faint = alt.condition(pick, alt.value(0.18), alt.value(0.02))
    strong = alt.condition(pick, alt.value(1.0), alt.value(0.12))
    low = y.copy()
    low.shorthand = f"{ends[0]}:Q"
    band = base.mark_area(clip=True).encode(y=low, y2=alt.Y2(f"{ends[1]}:Q"), opacity=faint)
    line = base.mark_line(strokeWidth=1.75, clip=True).encode(y=y, opacity=strong)
    points = base.mark_point(size=26, filled=True).encode(
        y=y, opacity=strong, shape=shape(names, field), tooltip=list(tooltip)
    )
    chart = alt.LayerChart(data=table, layer=[*below, band, line, points.add_params(pick)])
    return with_pruned(chart) if "density" in table else chart


_CROSS = "M-1,-1L1,1M1,-1L-1,1"


def crosses(x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw crosses on the rows whose column `left_out` is true, which are not compared."""
    out = alt.Chart().transform_filter("datum.left_out")
    return out.mark_point(shape=_CROSS, size=60, color=RULE, strokeWidth=1.5).encode(x=x, y=y)


def tooltip_of(*extra: alt.Tooltip, series: str = "condition") -> list[alt.Tooltip]:
    """Return the tooltip of a symbol: series, density, `extra`, quartiles and n."""
    return [
        alt.Tooltip(f"{series}:N"),
        PRUNED,
        *extra,
        alt.Tooltip("lower:Q", title="lower quartile", format=".4~g"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]


def grouped(families: Mapping[str, Sequence[str]], there: Sequence[str]) -> list[str]:
    """Return the places of an axis: names by family, many of them each below their family's."""
    some = {family: [name for name in names if name in there] for family, names in families.items()}
    heads = len(there) >= _HEADED and sum(map(bool, some.values())) > 1
    return [place for family, names in some.items() if names for place in [family] * heads + names]


def grouped_axis(families: Mapping[str, Sequence[str]], **settings: Any) -> alt.Axis:
    """Return the axis of `grouped` places, with the names of families in bold."""
    head = f"indexof({json.dumps(list(families))}, datum.value) >= 0"
    weight = {"condition": {"test": head, "value": "bold"}, "value": "normal"}
    return alt.Axis(grid=False, labelFontWeight=weight, labelLimit=170, **settings)


def signed_cells(
    base: alt.Chart,
    largest: float,
    names: Sequence[str],
    tooltip: Sequence[alt.Tooltip],
    *,
    unclear: str = "",
) -> list[alt.Chart]:
    """Draw the cells of a heat map, and the numbers on them.

    The column `sign`, one of one or two names, gives the hue; `size`, up to `largest`, its
    strength; the paper shows through, light or dark. The column `shown` is the number. With a
    name in the legend, `unclear`, cells are hatched where the column `unclear` is true.
    """
    hue = alt.Scale(domain=list(names), range=list(SERIES[: len(names)]))
    strength = alt.Scale(type="sqrt", domain=[0, largest or 1.0], range=[0, _STRONGEST], clamp=True)
    cells = base.mark_rect(stroke=RULE, strokeWidth=0.4, strokeOpacity=0.5).encode(
        color=alt.Color("sign:N", scale=hue, title=None, legend=alt.Legend(orient="top")),
        fillOpacity=alt.FillOpacity("size:Q", scale=strength, legend=None),
        tooltip=list(tooltip),
    )
    figures = base.mark_text(color="currentColor", fontSize=11).encode(text="shown:N")
    if not unclear:
        return [cells, figures]
    scale = alt.Scale(domain=[unclear], range=[_HATCH])
    named = base.transform_filter("datum.unclear").transform_calculate(hatched=json.dumps(unclear))
    hatched = named.mark_point(
        size=_HATCHED, color="currentColor", strokeWidth=0.8, strokeOpacity=0.4
    )
    shape = alt.Shape("hatched:N", scale=scale, legend=_HATCHED_LEGEND)
    return [cells, hatched.encode(shape=shape), figures]


def panels_of(chart: alt.LayerChart, names: Sequence[str], field: str) -> alt.FacetChart:
    """Return small multiples of a chart: a panel for each name in a column, in this order."""
    header = alt.Header(title=None, labelLimit=230, labelAnchor="start")
    facet = alt.Facet(f"{field}:N", sort=list(names), header=header)
    panels = chart.properties(width=200, height=130).facet(facet=facet, columns=4, spacing=18)
    return panels.resolve_axis(x="independent")


def slider(table: pd.DataFrame, first: int) -> tuple[alt.Parameter, alt.TitleParams]:
    """Return a slider for the level shown, and a title that names the level.

    The names come from the column `pruned`. It must hold densities, never names of users: it
    becomes part of an expression.
    """
    labels = level_labels(table)
    bind = alt.binding_range(min=0, max=len(labels) - 1, step=1, name="level ")
    shown = alt.expr(f"{json.dumps(labels)}[level]")
    title = alt.TitleParams(
        text=shown, anchor="start", color="currentColor", fontSize=13, fontWeight="normal"
    )
    return alt.param(name="level", value=first, bind=bind), title


def level_labels(table: pd.DataFrame) -> list[str]:
    """Return the text of the column `pruned` for each `step`, in order."""
    return list(table.drop_duplicates("step").sort_values("step")["pruned"].astype(str))
