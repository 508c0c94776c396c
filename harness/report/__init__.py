"""The report: what one or several runs found, as one page that needs no network, and its tables.

`build` writes it; `figures` gives its charts to a notebook. `harness.report.charts` has the pieces
that charts of a page of one's own are made of. Nothing heavy is imported before it is used.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

    from harness.report import charts as charts
    from harness.report.collection import NETWORK as NETWORK
    from harness.report.collection import RunTables as RunTables
    from harness.report.collection import collect as collect
    from harness.report.constant_predictor import left_out_findings as left_out_findings
    from harness.report.pages.parts import Column as Column
    from harness.report.pages.parts import Facts as Facts
    from harness.report.pages.parts import Figure as Figure
    from harness.report.pages.parts import Finding as Finding
    from harness.report.pages.parts import Section as Section
    from harness.report.pages.parts import Table as Table
    from harness.report.pruner_comparison import losses_by_network as losses_by_network
    from harness.report.units import Units as Units
    from harness.report.units import units_of as units_of


_HOMES = {
    **dict.fromkeys(("Column", "Facts", "Figure", "Finding", "Section", "Table"), "pages.parts"),
    **dict.fromkeys(("NETWORK", "RunTables", "collect"), "collection"),
    **dict.fromkeys(("Units", "units_of"), "units"),
    "losses_by_network": "pruner_comparison",
    "left_out_findings": "constant_predictor",
}
"""Where the public names are that are imported on first use."""


def build(runs: "Sequence[RunTables]", out: Path) -> Path:
    """Write `out/index.html` with `tables/` (CSV, LaTeX) and `charts/` (SVG, PDF) beside it.

    **Arguments:** `runs` are opened runs (`harness.open_run`), finished or not; their trials are
    pooled, a trial that is in several counts once. `out` is the folder to write into.

    **Returns:** the path of the page.
    """
    from harness.report.collection import collect
    from harness.report.pages.parts import listed
    from harness.report.pages.writer import write
    from harness.report.sections import Report, sections_of

    report = Report(collect(runs))
    title = f"Pruning report: {listed([run.path.name for run in report.data.runs])}"
    return write(title, sections_of(report), out)


def folder_for(runs: Sequence[Path]) -> Path:
    """Return the folder that a report of these run folders goes into by default.

    It is in the run where there is one; else beside the first, so that no run holds the report of
    others. More than three runs are counted, not named.
    """
    folders = list(dict.fromkeys(path.resolve() for path in runs))
    if len(folders) == 1:
        return runs[0] / "report"
    names = [path.name for path in folders]
    said = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2}-more"]
    return folders[0].parent / "-".join(["report", *said])


def page(title: str, sections: "Sequence[Section]", runs: "Sequence[RunTables]", out: Path) -> Path:
    """Write a page of one's own sections, as `build` writes its own: the report of a study.

    What the statistics mean and where the runs come from is added at its end.

    **Returns:** the path of the page. **Errors:** ValueError where two parts of one name have
    different data.
    """
    from harness.report.pages.writer import write
    from harness.report.sections.provenance import provenance_of

    return write(title, [*sections, provenance_of(runs)], out)


def excerpt(runs: "Sequence[RunTables]", *names: str) -> "list[Section]":
    """Return sections of the report that `build` writes, to stand in a page of one's own.

    `names` are those in `harness.report.sections.SECTIONS`, such as "matched". A section that has
    nothing to say of these runs is left out.

    **Errors:** ValueError where there is no section of a name.
    """
    from harness.report.collection import collect
    from harness.report.sections import SECTIONS, Report, sections_of

    if unknown := set(names) - set(SECTIONS):
        raise ValueError(f"no section {sorted(unknown)}; there are {', '.join(SECTIONS)}")
    return sections_of(Report(collect(runs)), names)


def figures(runs: "Sequence[RunTables]") -> "dict[str, alt.TopLevelMixin]":
    """Return the report's charts as Altair objects, by the names that their files have.

    **Arguments:** `runs` as for `build`. In a notebook the last expression of a cell shows a chart;
    `chart.data` are its aggregated rows, `chart.save("chart.svg")` writes it.
    """
    from harness.report.collection import collect
    from harness.report.pages.parts import Figure
    from harness.report.sections import Report, sections_of

    report = Report(collect(runs))
    parts = [part for section in sections_of(report) for part in section.parts]
    return {part.name: part.chart for part in parts if isinstance(part, Figure)}


def __getattr__(name: str) -> Any:
    if name == "charts":
        return importlib.import_module("harness.report.charts")
    if name in _HOMES:
        return getattr(importlib.import_module(f"harness.report.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harness.report' has no attribute '{name}'")
