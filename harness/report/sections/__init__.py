"""The sections of a report, in order. A file holds one topic: its tables, charts and text."""

from collections.abc import Callable, Iterable, Mapping

from harness.report.pages.parts import Section
from harness.report.sections import (
    degree_null,
    fairness,
    fronts,
    layers,
    matched,
    motifs,
    networks,
    others,
    overview,
    paired_differences,
    performance,
    provenance,
    ranks,
    similarity,
    wiring,
    work,
)
from harness.report.sections.report import Report as Report

SECTIONS: Mapping[str, Callable[[Report], Section]] = {
    "overview": overview.section,
    "performance": performance.section,
    "motifs": motifs.section,
    "degree_null": degree_null.section,
    "alike": similarity.section,
    "pairs": paired_differences.section,
    "matched": matched.section,
    "ranks": ranks.section,
    "fronts": fronts.section,
    "fairness": fairness.section,
    "layers": layers.section,
    "wiring": wiring.section,
    "networks": networks.section,
    "others": others.section,
    "troubles": work.troubles_section,
    "costs": work.costs_section,
    "provenance": provenance.section,
}
"""What makes each section, by the name that `harness.report.excerpt` takes."""


def sections_of(report: Report, wanted: Iterable[str] = SECTIONS) -> list[Section]:
    """Return the sections of a report, without those that have nothing to say of its runs."""
    made = [SECTIONS[name](report) for name in wanted]
    return [section for section in made if section.lead or section.findings or section.parts]
