"""The answer in words, and motifs at the chosen level."""

from harness.report import _findings, charts
from harness.report.pages.parts import Figure, Part, Section, pruned
from harness.report.sections._report import Report


def overview(report: Report) -> Section:
    """The answer in words, and motifs at the chosen level."""
    data, table = report.data, report.significance
    parts: list[Part] = []
    if not table.empty:
        parts.append(
            Figure(
                "significance",
                f"Motifs at {pruned(report.density)}",
                f"Mean z under the exact null `layered` ({report.networks}); bars are 95 % "
                f"intervals over {report.units}. All nodes (calibrated) and live nodes "
                "(descriptive). Right of 0: more copies than the layer densities explain.",
                f"Mean z of {len(report.motifs)} motifs at {pruned(report.density)}; the values "
                "are in the table of section Motifs.",
                charts.significance(table, data.conditions, report.motifs),
                table,
                panel=290 if len(data.conditions) > 1 else 0,
                axis=100,
                longest=12,
            )
        )
    findings = [
        *_findings.performance(data, report.losses),
        *_findings.motifs(data, table),
        *_findings.alike(data, report.similarity, report.convergence, report.density),
        *_findings.pairs(report.comparisons, report.density),
        *_findings.fairness(report.fairness),
        *_findings.troubles(data),
    ]
    return Section("answer", "What came out", _findings.ran(data), findings, parts)
