"""The figures of the study `published`."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report import Figure, charts

_AXIS = alt.Axis(tickCount=5, format=".3~g")


def forest(name: str, title: str, note: str, compared: pd.DataFrame) -> Figure:
    """Return differences from the published by level and class; `note` ends the caption."""
    shown = compared.assign(panel=compared["percent"].astype(str) + " % pruned")
    return Figure(
        name,
        title,
        "Difference of mean z in published standard deviations; bars are 90 % intervals (Welch). "
        f"Filled: within one published standard deviation. {note}",
        "Difference of mean z from the published, by class and level.",
        against_published(shown, list(shown["motif"].unique())),
        shown,
        panel=290,
        axis=140,
    )


def against_published(table: pd.DataFrame, order: Sequence[str]) -> alt.FacetChart:
    """Return difference of mean z in published sd with its 90 % interval, a panel a level."""
    x = alt.X("low:Q", title="difference in published standard deviations", axis=_AXIS)
    point = alt.X("difference:Q", axis=_AXIS)
    bounds = [
        alt.Chart().mark_rule(color=charts.RULE, strokeDash=dash).encode(x=alt.datum(at))
        for at, dash in ((-1, [4, 3]), (0, [1, 0]), (1, [4, 3]))
    ]
    return _forest(table, order, x, point, bounds, "verdict", ["published_mean", "mean", "n"])


def effects(table: pd.DataFrame, order: Sequence[str]) -> alt.FacetChart:
    """Return mean paired change of z without a quirk, a panel a quirk, colours by level."""
    names = [f"{percent} %" for percent in sorted(table["percent"].unique())]
    panels = table["quirk"].str.replace("`", "")  # marks code on the page, not in a chart
    table = table.assign(level=table["percent"].astype(str) + " %", quirk=panels)
    colour = alt.Color(
        "level:N",
        scale=alt.Scale(domain=names, range=list(charts.SERIES[: len(names)])),
        legend=alt.Legend(title="pruned", orient="top"),
    )
    base = alt.Chart().encode(
        y=alt.Y("motif:N", sort=list(order), title=None),
        yOffset=alt.YOffset("level:N", sort=names),
        color=colour,
    )
    zero = alt.Chart().mark_rule(color=charts.RULE).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        x=alt.X("low:Q", title="change of z without it", axis=_AXIS), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=26, opacity=1).encode(
        x=alt.X("difference:Q", axis=_AXIS),
        tooltip=["quirk:N", "motif:N", "level:N", "with_quirk:Q", "mended:Q", "n:Q"],
    )
    means = base.mark_point(filled=False, size=26, opacity=0.8).encode(
        x=alt.X("mean_difference:Q", axis=_AXIS),
        tooltip=["quirk:N", "motif:N", "level:N", "settings:Q", "least:Q", "most:Q"],
    )
    chart = alt.LayerChart(data=table, layer=[zero, bars, means, points])
    chart = chart.properties(width=290, height=260)
    header = alt.Header(title=None, labelLimit=290, labelAnchor="start")
    facet = alt.Facet("quirk:N", sort=list(table["quirk"].unique()), header=header)
    return chart.facet(facet=facet, columns=3).resolve_scale(x="independent")


def representation(table: pd.DataFrame, order: Sequence[str], title: str) -> alt.FacetChart:
    """Return a mean with its interval by class, a panel an ensemble, null and support."""
    x = alt.X("low:Q", title=title, axis=_AXIS)
    zero = [alt.Chart().mark_rule(color=charts.RULE).encode(x=alt.datum(0))]
    panel = table["ensemble"] + ": " + table["null"] + ", " + table["support"] + " nodes"
    shown = table.assign(panel=panel).rename(columns={"z": "difference"})
    point = alt.X("difference:Q", axis=_AXIS)
    return _forest(shown, order, x, point, zero, None, ["log2_ratio", "q", "n"])


def shares(table: pd.DataFrame) -> alt.FacetChart:
    """Return share of networks by sparse level, a panel a source."""
    order = [str(percent) for percent in sorted(table["percent"].unique())]
    table = table.assign(level=table["percent"].astype(str))
    bars = (
        alt.Chart(table)
        .mark_bar(color=charts.SERIES[0], size=14)
        .encode(
            x=alt.X("level:N", sort=order, title="% pruned", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", title="share of networks", axis=alt.Axis(format="%", tickCount=4)),
            tooltip=["source:N", "level:N", "networks:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(width=290, height=130)
    )
    header = alt.Header(title=None, labelLimit=290, labelAnchor="start")
    facet = alt.Facet("source:N", sort=list(table["source"].unique()), header=header)
    return bars.facet(facet=facet, columns=3)


def _forest(
    table: pd.DataFrame,
    order: Sequence[str],
    x: alt.X,
    point: alt.X,
    rules: Sequence[alt.Chart],
    filled: str | None,
    fields: Sequence[str],
) -> alt.FacetChart:
    y = alt.Y("motif:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False))
    base = alt.Chart().encode(y=y)
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55, color=charts.SERIES[0])
    points = base.mark_point(size=52, opacity=1, color=charts.SERIES[0], fill=charts.SERIES[0])
    if filled:
        inside = alt.condition("datum.verdict == 'equivalent'", alt.value(1), alt.value(0))
        points = points.encode(fillOpacity=inside)
    layers = [
        *rules,
        bars.encode(x=x, x2="high:Q"),
        points.encode(x=point, tooltip=["motif:N", "difference:Q", *(f"{n}:Q" for n in fields)]),
    ]
    chart = alt.LayerChart(data=table, layer=layers).properties(
        width=290, height=24 * table["motif"].nunique() + 20
    )
    header = alt.Header(title=None, labelLimit=290, labelAnchor="start")
    facet = alt.Facet("panel:N", sort=list(table["panel"].unique()), header=header)
    return chart.facet(facet=facet, columns=3)


def by_density(
    table: pd.DataFrame,
    value: str,
    title: str,
    panels: str,
    *,
    log: bool = False,
    own_axes: bool = False,
) -> alt.FacetChart:
    """Return lines over bands against density by source, small multiples by another column."""
    names = list(table["source"].unique())
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    y = alt.Y(f"{value}:Q", title=title, scale=scale, axis=alt.Axis(format=".4~g", tickCount=4))
    tooltip = [
        alt.Tooltip("source:N"),
        charts.PRUNED,
        alt.Tooltip(f"{value}:Q", format=".4~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    own = panels if own_axes else ""
    chart = charts.band_and_line(table, charts.kept(), y, names, "source", tooltip, own_axes=own)
    panelled = charts.panels_of(chart, list(table[panels].unique()), panels)
    return panelled.resolve_scale(y="independent") if own_axes else panelled
