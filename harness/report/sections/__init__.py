"""The sections of a report, in order. A file holds one topic: its tables, charts and text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from harness.report.sections import (
    fairness,
    fronts,
    losses,
    matched,
    networks,
    overview,
    paired_differences,
    provenance,
    ranks,
    similarity,
    wiring,
    work,
)
from harness.report.sections.of_metrics import ANSWER, sections_of_metrics
from harness.tables.parts import Section
from harness.tables.report import Report as Report

FIRST: Mapping[str, Callable[[Report], Section]] = {
    ANSWER: overview.section,
    "loss": losses.section,
}
LAST: Mapping[str, Callable[[Report], Section]] = {
    "alike": similarity.section,
    "pairs": paired_differences.section,
    "matched": matched.section,
    "ranks": ranks.section,
    "fronts": fronts.section,
    "fairness": fairness.section,
    "wiring": wiring.section,
    "networks": networks.section,
    "troubles": work.troubles_section,
    "costs": work.costs_section,
    "provenance": provenance.section,
}
"""The function that makes each section, by anchor: before and after the sections of metrics."""


def sections_of(report: Report) -> list[Section]:
    """Return the sections of a report that are not empty."""
    own = [section for section in sections_of_metrics(report) if section.anchor != ANSWER]
    made = [*(make(report) for make in FIRST.values()), *own]
    return _filled([*made, *(make(report) for make in LAST.values())])


def named(report: Report, anchors: Sequence[str]) -> list[Section]:
    """Return the sections with these anchors, of the report or of a metric, that are not empty.

    **Errors:** ValueError if there is no section with a name.
    """
    own = {**FIRST, **LAST}
    of_metrics = sections_of_metrics(report) if set(anchors) - set(own) else []
    there = [*own, *(section.anchor for section in of_metrics)]
    if unknown := set(anchors) - set(there):
        raise ValueError(f"no section {sorted(unknown)}; there are {', '.join(there)}")
    made = (
        [own[name](report)] if name in own else [one for one in of_metrics if one.anchor == name]
        for name in anchors
    )
    return _filled([section for sections in made for section in sections])


def _filled(sections: Sequence[Section]) -> list[Section]:
    """Return the sections that are not empty; those that only say why they are are folded."""
    some = [section for section in sections if section.lead or section.findings or section.parts]
    return [
        section if section.findings or section.parts else replace(section, folded=True)
        for section in some
    ]
