"""Motifs at one level under the nulls `layered` and `degree`, with a glyph of each class."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report import NETWORK, Collection, Figure, Report, legible
from harness.report.charts import RULE, SERIES, SHORT, panels_of, symbols
from harness.report.glyphs import ROOM, glyphs, rows_of
from harness.tables.parts import listed, pruned
from harness.tables.summaries import at
from harness.tables.units import by_condition, named

from ._motifs_tables import motif_order, trained

NULLS = {"layered": "layer densities", "degree": "every node's degrees"}
"""The nulls of the chart, and what each keeps."""

_SAID = {
    "layered": "Beyond layer densities: null `layered`, exact.",
    "degree": "Beyond every node's degrees: null `degree`, drawn; classes around one node are "
    "constant under it.",
}

_MOST_PANELS = 6
_LARGE_Z = 80


def shown(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which draws stand beside the exact null: degrees kept, all nodes, copies."""
    return (
        (table["null"] == "degree")
        & (table["support"] == "all")
        & (table["convention"] == "copies")
        & ~table["bias"].astype(bool)
    )


def beyond_degrees(data: Collection, density: float) -> pd.DataFrame:
    """Return mean z and log2 ratio under `degree` at a level with 95 % intervals, by class."""
    keys = ["condition", "order", "motif"]
    figures = ["z", "z_low", "z_high", "log2_ratio", "log2_low", "log2_high"]
    columns = [*keys, *figures, "n", "unit", "density"]
    table = data.table("sampled")
    if table.empty:
        return pd.DataFrame(columns=columns)
    table = table[shown(table) & (table["base_layer"] == -1)]
    chosen = named(data, at(table, density))
    units, found = by_condition(data), []
    for key, part in chosen.groupby(keys, sort=False, observed=True):
        unit = units[str(key[0])]
        numbers = part.set_index(list(NETWORK))[["z", "log2_ratio"]].astype(float)
        by_unit = unit.averaged(numbers.replace([np.inf, -np.inf], np.nan))
        z, ratio = (stats.mean_interval(by_unit[one].to_numpy(float)) for one in by_unit)
        if z.n:
            ends = (*(z.value, z.low, z.high), *(ratio.value, ratio.low, ratio.high))
            found.append((*key, *ends, z.n, str(unit), part["density"].iloc[0]))
    return pd.DataFrame(found, columns=columns)


def by_null(report: Report, exact: pd.DataFrame) -> pd.DataFrame:
    """Return mean z of each class under each null; `exact` is the table of `significance`."""
    drawn = beyond_degrees(report.data, report.density)
    parts = {"layered": exact[exact["support"] == "all"], "degree": drawn}
    keys = ["condition", "order", "motif", "z", "z_low", "z_high", "n", "unit"]
    tables = [part[keys].assign(null=NULLS[null]) for null, part in parts.items() if len(part)]
    return pd.concat(tables, ignore_index=True)


def chart(
    table: pd.DataFrame, conditions: Sequence[str], order: Sequence[str]
) -> alt.FacetChart | alt.LayerChart:
    """Draw mean z with intervals: a row for each class with its glyph, a colour for each null."""
    names = [name for name in NULLS.values() if name in set(table["null"])]
    largest = table[["z", "z_low", "z_high"]].abs().max().max()
    scale = alt.Scale(type="symlog", constant=4) if largest > _LARGE_Z else alt.Scale(zero=True)
    axis = alt.Axis(tickCount=6, grid=True)
    if largest > _LARGE_Z:
        steps = [10.0**power for power in range(1, 9) if 10.0**power < 3 * largest]
        axis = alt.Axis(labelExpr=SHORT, values=[*(-step for step in steps), 0, *steps], grid=True)
    table = legible.few(legible.clipped(table, ["z", "z_low", "z_high"], scale.to_dict()))
    motif = rows_of(order)
    hue = alt.Color(
        "null:N",
        scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])),
        legend=alt.Legend(title="z beyond", orient="top", symbolOpacity=1),
    )
    offset = alt.YOffset("null:N", sort=names, scale=alt.Scale(paddingOuter=0.6))
    base = alt.Chart().encode(y=motif, yOffset=offset, color=hue)
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("condition", "motif")),
        alt.Tooltip("null:N", title="null keeps"),
        alt.Tooltip("z:Q", title="mean z", format=".3~g"),
        alt.Tooltip("z_low:Q", title="interval from", format=".3~g"),
        alt.Tooltip("z_high:Q", title="to", format=".3~g"),
        alt.Tooltip("n:Q"),
    ]
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(
        x=alt.X("z_low:Q", title="mean z over networks", scale=scale, axis=axis), x2="z_high:Q"
    )
    dots = base.encode(x=alt.X("z:Q", scale=scale, axis=axis))
    points = symbols(dots, table, tooltip, sideways=True, filled=True, size=48, opacity=1)
    zero = alt.Chart().mark_rule(color=RULE).encode(x=alt.datum(0))
    every = [zero, bars, *points, glyphs(motif, order)]
    layers = alt.LayerChart(data=table, layer=every)
    if len(conditions) < 2:
        return layers.properties(height=26 * len(order))
    size = (230, 24 * len(order))
    panels = panels_of(layers, conditions, "condition", size=size, columns=3)
    return panels.resolve_axis(x="shared")


def figures(report: Report, exact: pd.DataFrame) -> list[Figure]:
    """Return the first chart of motifs, for up to six conditions."""
    conditions = report.data.conditions[:_MOST_PANELS]
    table = by_null(report, exact)
    table = table[table["condition"].isin(list(conditions))]
    if table.empty:
        return []
    order = motif_order(trained(report.data))
    several = len(report.data.conditions) > _MOST_PANELS
    some = f" The first {_MOST_PANELS} conditions; tables have all." if several else ""
    return [
        Figure(
            "motif_nulls",
            f"Motifs at {pruned(report.density)}, beyond {' and '.join(table['null'].unique())}",
            "Mean z of each class; bars are 95 % intervals over "
            f"{report.units} ({report.networks}). All nodes. "
            f"{' '.join(_SAID[null] for null in _SAID if NULLS[null] in set(table['null']))}"
            f"{_live(exact)}{some}",
            f"Mean z of {len(order)} motifs under each null; the table of motifs has the values.",
            chart(table, conditions, order),
            table,
            panel=230 if len(conditions) > 1 else 0,
            axis=100 + ROOM,
            longest=22,
        )
    ]


def _live(exact: pd.DataFrame) -> str:
    """Name the classes of which live nodes alone would say otherwise."""
    keys = ["condition", "motif"]
    sides = exact.pivot_table(
        index=keys, columns="support", values="z", observed=True, sort=False
    ).dropna()
    if not {"all", "live"} <= set(sides):
        return ""
    other = sides[np.sign(sides["all"]) != np.sign(sides["live"])]
    names = list(dict.fromkeys(str(name) for name in other.index.get_level_values("motif")))
    return f" Live nodes alone (descriptive) give the other sign for {listed(names)}." * bool(names)
