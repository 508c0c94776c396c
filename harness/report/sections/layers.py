"""Edges and live nodes of each layer."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report.charts import SHORT, band_and_line, kept, panels_of, tooltip_of
from harness.report.collection import Collection
from harness.report.pages.parts import Figure, Section
from harness.report.sections.report import NOTHING, Report
from harness.report.summaries import spread


def layers(data: Collection) -> pd.DataFrame:
    """Edges, live nodes and the like by layer and density."""
    table = data.performance
    chosen = table[(table["split"] == "structure") & (table["layer"] >= 0)]
    return spread(chosen, ["condition", "measure", "layer", "level", "density"], "value")


def layers_chart(table: pd.DataFrame, conditions: Sequence[str], measure: str) -> alt.FacetChart:
    """Edges or live nodes of each layer against density; line: median, band: quartiles."""
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
    chart = band_and_line(chosen, kept(title=""), y, names, "layer", tooltip)
    return panels_of(chart, conditions, "condition")


def section(report: Report) -> Section:
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
                f"{title} against density",
                f"Lines: median over networks; bands: quartiles ({report.networks}). Symmetric "
                "logarithmic axis, which has a zero."
                + (" Live: on a path from an input to an output." * (measure == "live nodes")),
                f"{title} against density.",
                layers_chart(part, report.data.conditions, measure),
                part,
                panel=300,
                longest=8,
            )
        )
    lead = ["What layer sizes and densities explain is not a motif: the null has both."]
    return Section("layers", "Layers", lead if parts else [NOTHING], parts=parts)
