"""What the metric `performance` adds to a report: figures of merit, edges and nodes by layer."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report import Collection, Figure, Report, Section
from harness.report.charts import SHORT, band_and_line, ghost, kept, panels_of, tooltip_of
from harness.tables.parts import counted
from harness.tables.summaries import spread


def table_of(data: Collection) -> pd.DataFrame:
    """Return the metric's table, its measures spelled as words."""
    table = data.table("performance").astype({"measure": object})
    return table.assign(measure=table["measure"].str.replace("_", " "))


def evaluations(data: Collection, split: str = "test") -> pd.DataFrame:
    """Return every figure of merit except the loss, in its unit, by level."""
    table = table_of(data)
    chosen = table[(table["split"] == split) & (table["measure"] != "loss") & (table["layer"] < 0)]
    return spread(chosen, ["condition", "measure", "unit", "level", "density"], "value")


def evaluations_chart(table: pd.DataFrame, conditions: Sequence[str]) -> alt.FacetChart:
    """Every figure of merit against density, a panel each; line: median, band: quartiles."""
    units = table["unit"].astype(str)
    panel = table["measure"].astype(str) + units.map(lambda unit: f" ({unit})" * (unit != "1"))
    tooltip = tooltip_of(
        alt.Tooltip("panel:N", title="measure"),
        alt.Tooltip("median:Q", format=".4~g"),
    )
    y = alt.Y(
        "median:Q",
        title=None,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=".6~g", tickCount=5),
    )
    table, x = table.assign(panel=panel), kept(title="")
    chart = band_and_line(table, x, y, conditions, "condition", tooltip, own_axes="panel")
    panels = panels_of(chart, list(dict.fromkeys(panel)), "panel", spacing=58)
    panels = panels.resolve_scale(y="independent")
    # Axes differ between panels; without `flush`, the lengths of labels would move the panels.
    return panels.properties(bounds="flush", spacing=alt.RowColnumber(row=62, column=58))


def layers(data: Collection) -> pd.DataFrame:
    """Return edges and live nodes by layer and density."""
    table = table_of(data)
    chosen = table[(table["split"] == "structure") & (table["layer"] >= 0)]
    return spread(chosen, ["condition", "measure", "layer", "level", "density"], "value")


def layers_chart(table: pd.DataFrame, conditions: Sequence[str], measure: str) -> alt.FacetChart:
    """Edges or live nodes of each layer against density; grey: those of all other conditions."""
    chosen = table[table["measure"] == measure]
    chosen = chosen.assign(layer=chosen["layer"].map(lambda layer: f"layer {layer}"))
    names = sorted(chosen["layer"].unique(), key=lambda name: int(name.split()[1]))
    tooltip = tooltip_of(
        alt.Tooltip("condition:N"),
        alt.Tooltip("median:Q", title=f"median {measure}", format=".4~g"),
        series="layer",
    )
    scale = alt.Scale(type="symlog", constant=1, domainMin=0, nice=False)
    ticks: list[float] = [0, *(10.0**power for power in range(8))]
    y = alt.Y("median:Q", title=None, scale=scale, axis=alt.Axis(values=ticks, labelExpr=SHORT))
    x = kept(title="")
    grey = [ghost(chosen, x, y, ["condition", "layer"])] if len(conditions) > 2 else []
    chart = band_and_line(chosen, x, y, names, "layer", tooltip, below=grey)
    return panels_of(chart, conditions, "condition")


def sections(report: Report) -> list[Section]:
    """The task's own figures of merit against density, then edges and live nodes of each layer."""
    return [Section("performance", "Performance", parts=_merits(report)), _by_layer(report)]


def _merits(report: Report) -> list[Figure]:
    measures = evaluations(report.data)
    if measures.empty:
        return []
    return [
        Figure(
            "evaluation",
            "Figures of merit on the test split",
            "The task's own measures, in units. Lines: median over networks; bands: quartiles "
            f"({report.networks}). Axes differ between panels.",
            f"{counted(measures['measure'].nunique(), 'measure')} by % pruned.",
            evaluations_chart(measures, report.data.conditions),
            measures,
            panel=200,
            longest=report.longest,
        )
    ]


def _by_layer(report: Report) -> Section:
    """Edges and live nodes of each layer against density."""
    table = layers(report.data)
    parts = []
    for measure, title in (("edges", "Edges of each layer"), ("live nodes", "Live nodes")):
        part = table[table["measure"] == measure]
        if part.empty:
            continue
        parts.append(
            Figure(
                measure.replace(" ", "_"),
                f"{title} by % pruned",
                f"Lines: median over networks; bands: quartiles ({report.networks})."
                + " Grey: all conditions." * (len(report.data.conditions) > 2)
                + " The axis is logarithmic, but includes zero."
                + (" Live: on a path from an input to an output." * (measure == "live nodes")),
                f"{title} by % pruned.",
                layers_chart(part, report.data.conditions, measure),
                part,
                panel=300,
                longest=8,
            )
        )
    lead = ["Layer sizes and densities make no motif significant: the null keeps both."]
    return Section("layers", "Layers", lead if parts else [], parts=parts)
