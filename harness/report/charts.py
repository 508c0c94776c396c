"""The pieces of charts, also for authors of studies: axes, colours, lines, sliders.

Charts are Altair charts of aggregated tables. Colours and symbols are fixed by the order of the
conditions. Names are data, never field names or expressions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from harness.report import legible
from harness.report.density_axis import PRUNED as PRUNED
from harness.report.density_axis import kept as kept
from harness.report.density_axis import with_pruned as with_pruned
from harness.report.pages.vega import ENDS, PANEL
from harness.report.pages.vega import RULE as RULE
from harness.report.pages.vega import SERIES as SERIES
from harness.report.pages.vega import to_dict as to_dict
from harness.tables.units import range_of

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")

_STRONGEST = 0.7
"""Opacity of the largest cell: its number stays readable, on light and on dark paper."""

_HATCH = "M-1,0L0,-1M-1,1L1,-1M0,1L1,0"
_HATCHED = 20**2  # the area of the hatching, in pixels
_HATCHED_LEGEND = alt.Legend(title=None, orient="top", symbolSize=160, symbolStrokeWidth=1)
_HEADED = 8  # so many names are read more easily below the names of their families

MOST_LINES = 8
"""More lines are drawn in panels of their own: there are so many colours."""
LONGEST_LABEL = 28
"""Lines with longer names have a legend, not labels at their ends."""

_CHARACTER = 7.5  # pixels, in the title of a panel
_LABEL_GAP = 0.062  # of the axis: 15 pixels of the lowest chart
_LABEL_LIMIT = 190  # pixels
_ARROWS = {
    "above": "M0,-1L0.8,0.1L0.25,0.1L0.25,1L-0.25,1L-0.25,0.1L-0.8,0.1Z",
    "below": "M0,1L0.8,-0.1L0.25,-0.1L0.25,-1L-0.25,-1L-0.25,-0.1L-0.8,-0.1Z",
}

SHORT = "format(datum.value, '~s')"


def _with_density(chart: alt.LayerChart, table: pd.DataFrame) -> alt.LayerChart:
    return with_pruned(chart) if "density" in table else chart


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
    own_axes: str = "",
) -> alt.LayerChart:
    """Draw a line with symbols over the band between two columns; the legend highlights.

    Where the column `n` is under three, there are symbols alone. Outliers are drawn at the edge of
    the axis as arrows. `own_axes` is the column of panels, if their axes differ.
    """
    table = _legible(table, y, ends, own_axes)
    return _picked(table, x, y, names, field, tooltip, ends, below)


def _picked(
    table: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    names: Sequence[str],
    field: str,
    tooltip: Sequence[alt.Tooltip],
    ends: tuple[str, str],
    below: Sequence[alt.Chart],
    labels: alt.Chart | None = None,
) -> alt.LayerChart:
    """Draw the lines of names that readers can pick, with a legend unless they have labels."""
    hue, symbol = colour(names, field), shape(names, field)
    if labels is not None:
        hue, symbol = hue.legend(None), symbol.legend(None)
    pick = alt.selection_point(fields=[field], bind="legend")
    faint = alt.condition(pick, alt.value(0.18), alt.value(0.02))
    strong = alt.condition(pick, alt.value(1.0), alt.value(0.12))
    base = alt.Chart().encode(x=x, color=hue)
    *drawn, points = _drawn(table, base, y, ends, faint, strong, symbol, tooltip)
    above = [] if labels is None else [labels.encode(color=hue, opacity=strong)]
    layers = [*below, *drawn, points.add_params(pick), *above]
    return _with_density(alt.LayerChart(data=table, layer=layers), table)


def lines(
    table: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    names: Sequence[str],
    field: str,
    tooltip: Sequence[alt.Tooltip],
    *,
    ends: tuple[str, str] = ("lower", "upper"),
    below: Sequence[alt.Chart] = (),
    shown: str = "",
) -> alt.LayerChart | alt.FacetChart:
    """Draw `band_and_line` with labels at the ends of lines, or many lines in panels of their own.

    Each panel has the lines of all others in grey behind its own. `shown` is an expression that
    picks the rows to draw, such as those of one level.
    """
    there = [name for name in names if name in set(table[field])]
    table = _legible(table, y, ends)
    if len(there) > MOST_LINES:
        axes = f"Vertical: {y['title']}. Horizontal: {x['title']}." if x["title"] else ""
        x, y = x.title(""), y.title(None)
        base = alt.Chart().encode(x=x, color=alt.value(SERIES[0]))
        faint, strong = alt.value(0.18), alt.value(1.0)
        drawn = _drawn(table, base, y, ends, faint, strong, alt.value("circle"), tooltip)
        layers = [ghost(table, x, y, [field], shown), *map(_untitled, below), *drawn]
        own = _with_density(alt.LayerChart(data=table, layer=layers), table)
        panels = panels_of(own, there, field)
        chart: alt.LayerChart | alt.FacetChart = panels.properties(title=_small(axes))
    else:
        fits = len(there) > 1 and max(map(len, there)) <= LONGEST_LABEL
        labels = _labels(table, x, y, field, ends, shown) if fits else None
        chart = _picked(table, x, y, names, field, tooltip, ends, below, labels)
    return chart.transform_filter(shown) if shown else chart


def ghost(table: pd.DataFrame, x: alt.X, y: alt.Y, by: Sequence[str], shown: str = "") -> alt.Chart:
    """Draw all lines of a table in grey, the same in every panel; columns `by` name a line."""
    rows = table[~table["few"]] if "few" in table else table
    picked = ["step"] if shown else []
    rows = rows[list(dict.fromkeys([_field(x), _field(y), *by, *picked]))]
    chart = alt.Chart(rows).mark_line(strokeWidth=1, color=RULE, opacity=0.35, clip=True)
    chart = chart.encode(x=x, y=y, detail=list(by))
    return chart.transform_filter(shown) if shown else chart


def _untitled(layer: alt.Chart) -> alt.Chart:
    """Return a layer without titles of axes, which the chart has once for all panels."""
    layer = layer.copy()
    for channel in ("x", "y"):
        axis = layer.encoding[channel]
        if axis is not alt.Undefined and axis._get("shorthand") is not alt.Undefined:
            layer.encoding[channel] = axis.title(None if channel == "y" else "")
    return layer


def _labels(
    table: pd.DataFrame, x: alt.X, y: alt.Y, field: str, ends: tuple[str, str], shown: str
) -> alt.Chart:
    """Write the name of each line at its end."""
    by = [field, "step"] if shown else [field]
    rows = legible.line_ends(table, [_field(y), *ends], by, _scale(y), _LABEL_GAP)
    text = alt.Chart(rows[[_field(x), _field(y), *by]], name=ENDS)
    text = text.transform_filter(shown) if shown else text
    text = text.mark_text(align="left", dx=9, fontSize=12, limit=_LABEL_LIMIT)
    return text.encode(x=x, y=y, text=f"{field}:N")


def _field(axis: alt.X | alt.Y) -> str:
    return str(axis["shorthand"]).split(":")[0]


def _scale(axis: alt.Y) -> dict[str, Any]:
    scale = axis["scale"]
    return {} if scale is alt.Undefined else dict(scale.to_dict())


def _legible(
    table: pd.DataFrame, y: alt.Y, ends: tuple[str, str], own_axes: str = ""
) -> pd.DataFrame:
    table = legible.clipped(table, [_field(y), *ends], _scale(y), own_axes)
    return legible.few(table)


def _drawn(
    table: pd.DataFrame,
    base: alt.Chart,
    y: alt.Y,
    ends: tuple[str, str],
    faint: Any,
    strong: Any,
    symbol: Any,
    tooltip: Sequence[alt.Tooltip],
) -> list[alt.Chart]:
    """Return the layers of band, line and symbols; the last one has the tooltip."""
    low = y.copy()
    low.shorthand = f"{ends[0]}:Q"
    enough = base.transform_filter("!datum.few") if "few" in table else base
    band = enough.mark_area(clip=True).encode(y=low, y2=alt.Y2(f"{ends[1]}:Q"), opacity=faint)
    line = enough.mark_line(strokeWidth=1.75, clip=True).encode(y=y, opacity=strong)
    dots = base.encode(y=y, opacity=strong)
    *arrows, inside = symbols(dots, table, tooltip, size=26, filled=True)
    return [band, line, *arrows, inside.encode(shape=symbol)]


def symbols(
    base: alt.Chart,
    table: pd.DataFrame,
    tooltip: Sequence[alt.Tooltip],
    *,
    sideways: bool = False,
    **mark: Any,
) -> list[alt.Chart]:
    """Return the layers of a symbol a row: arrows at the edge of the axis, and those within it.

    `table` is the result of `legible.clipped`. Tooltips say the values themselves.
    """
    points = base.encode(tooltip=[_exact(one, table) for one in tooltip])
    if "beyond" not in table:
        return [points.mark_point(**mark)]
    large = {**mark, "size": 2 * mark["size"] + 30}
    layers = [
        points.transform_filter(f"datum.beyond === '{side}'").mark_point(
            **large, shape=path, angle=90 * sideways
        )
        for side, path in _ARROWS.items()
    ]
    return [*layers, points.transform_filter("datum.beyond === ''").mark_point(**mark)]


def _exact(tooltip: alt.Tooltip, table: pd.DataFrame) -> alt.Tooltip:
    """Return a tooltip of the value itself, where a symbol is drawn at the edge of an axis."""
    field = str(tooltip["shorthand"]).split(":")[0]
    if f"{field}_exact" not in table:
        return tooltip
    tooltip = tooltip if tooltip["title"] is not alt.Undefined else tooltip.title(field)
    tooltip.shorthand = f"{field}_exact:Q"
    return tooltip


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


def panels_of(
    chart: alt.LayerChart,
    names: Sequence[str],
    field: str,
    *,
    size: tuple[int, int] = (PANEL, 130),
    columns: int = 4,
    spacing: int = 18,
    noun: str = "network",
) -> alt.FacetChart:
    """Return small multiples of a chart: a panel for each name in a column, in this order.

    A panel's title says of how many its numbers are: the values of the column `n`, if there is one.
    They count what the column `unit` names, or else `noun`.
    """
    header = alt.Header(title=None, labelLimit=size[0] + 40, labelAnchor="start")
    longest = int((size[0] + spacing) / _CHARACTER)
    counts = _counts(chart.data, field, noun, longest)
    if counts:
        # Names stay data: the expression looks them up.
        room = max(8, longest - max(map(len, counts.values())))
        known = {"names": list(counts), "n": list(counts.values()), "room": room}
        chart = chart.add_params(alt.param(name="panels", value=known))
        name = "truncate(datum.value, panels.room, 'center')"
        header.labelExpr = f"{name} + panels.n[indexof(panels.names, datum.value)]"
    facet = alt.Facet(f"{field}:N", sort=list(names), header=header)
    sized = chart.properties(width=size[0], height=size[1])
    panels = sized.facet(facet=facet, columns=columns, spacing=spacing)
    return panels.resolve_axis(x="independent")


def _counts(table: Any, field: str, noun: str, longest: int) -> dict[str, str]:
    """Return the end of each panel's title: n, or its range, with the noun if all titles fit."""
    if "n" not in table:
        return {}
    if "unit" in table and len(table):
        noun = str(table["unit"].iloc[0]).split(",")[0].removesuffix("s")
    counts = table[table["n"] > 0].groupby(field, sort=False, observed=True)["n"]
    ends = {str(name): f", n = {range_of(n, noun)}" for name, n in counts}
    if any(len(name) + len(end) > longest for name, end in ends.items()):
        return {name: end.partition(f" {noun}")[0] for name, end in ends.items()}
    return ends


def slider(table: pd.DataFrame, first: int) -> tuple[alt.Parameter, alt.TitleParams]:
    """Return a slider for the level shown, and a title that names the level.

    The names come from the column `pruned`. It must hold densities, never names of users: it
    becomes part of an expression.
    """
    labels = level_labels(table)
    bind = alt.binding_range(min=0, max=len(labels) - 1, step=1, name="level ")
    shown = alt.expr(f"{json.dumps(labels)}[level]")
    return alt.param(name="level", value=first, bind=bind), _small(shown)


def _small(text: Any) -> alt.TitleParams:
    """Return a line of text above a chart."""
    return alt.TitleParams(
        text=text, anchor="start", color="currentColor", fontSize=13, fontWeight="normal"
    )


def level_labels(table: pd.DataFrame) -> list[str]:
    """Return the text of the column `pruned` for each `step`, in order."""
    return list(table.drop_duplicates("step").sort_values("step")["pruned"].astype(str))
