"""Whether the comparison of pruners is a fair one."""

from harness.report import _fairness
from harness.report.pages.parts import Column, Part, Section, Table
from harness.report.sections._contests import KEPT, PRUNER, columns, of_each
from harness.report.sections._report import Report


def fairness(report: Report) -> Section:
    """A checklist of the comparison, and networks that collapsed."""
    if not report.contests:
        return Section("fairness", "Fairness of the comparison")
    lead = "What a reader should ask of a comparison of pruners, as these runs answer it."
    own = (
        Column("criterion", "criterion", "text"),
        Column("state", "state", "text"),
        Column("found", "what was found", "text"),
    )
    parts: list[Part] = [
        Table(
            "fairness",
            "Criteria after Blalock et al. (2020, arXiv 2003.03033), from the tables of the runs.",
            report.fairness,
            columns(report, *own),
        )
    ]
    gone = of_each(report, lambda contest: _fairness.collapsed(contest, report.data))
    if len(gone):
        shown = (
            PRUNER,
            KEPT,
            Column("networks", "networks"),
            Column("n", "of"),
            Column("layers", "layers without edges", "text", note="in any of these networks"),
        )
        caption = (
            "Collapsed networks: a layer has no live edge, so that no input reaches an output. "
            "They stay in all statistics."
        )
        parts.append(Table("collapsed", caption, gone, columns(report, *shown)))
    return Section("fairness", "Fairness of the comparison", [lead], parts=parts)
