"""Edges and live nodes of each layer."""

from harness.report import _summaries, charts
from harness.report.pages.parts import Figure, Section
from harness.report.sections._report import NOTHING, Report


def layers(report: Report) -> Section:
    """Edges and live nodes of each layer against density."""
    table = _summaries.layers(report.data)
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
                charts.layers(part, report.data.conditions, measure),
                part,
                panel=300,
                longest=8,
            )
        )
    lead = ["What layer sizes and densities explain is not a motif: the null has both."]
    return Section("layers", "Layers", lead if parts else [NOTHING], parts=parts)
