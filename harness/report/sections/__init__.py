"""The sections of a report, in order. Each function makes one from the collected tables."""

from collections.abc import Callable, Sequence

from harness.report.pages.parts import Section
from harness.report.sections._convergence import alike
from harness.report.sections._degree_null import degree_null
from harness.report.sections._fairness import fairness
from harness.report.sections._fronts import fronts, ranks
from harness.report.sections._layers import layers
from harness.report.sections._matched import matched
from harness.report.sections._motifs import motifs
from harness.report.sections._networks import networks
from harness.report.sections._others import others
from harness.report.sections._overview import overview
from harness.report.sections._pairs import pairs
from harness.report.sections._performance import performance
from harness.report.sections._provenance import provenance
from harness.report.sections._provenance import provenance_of as provenance_of
from harness.report.sections._report import Report as Report
from harness.report.sections._wiring import wiring
from harness.report.sections._work import costs, troubles

SECTIONS: Sequence[Callable[[Report], Section]] = (
    overview,
    performance,
    motifs,
    degree_null,
    alike,
    pairs,
    matched,
    ranks,
    fronts,
    fairness,
    layers,
    wiring,
    networks,
    others,
    troubles,
    costs,
    provenance,
)


def sections_of(
    report: Report, wanted: Sequence[Callable[[Report], Section]] = SECTIONS
) -> list[Section]:
    """The sections of a report, without those that have nothing to say of its runs."""
    made = [make(report) for make in wanted]
    return [section for section in made if section.lead or section.findings or section.parts]
