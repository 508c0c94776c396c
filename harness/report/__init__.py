"""The report on one or several runs: one page that works offline, and its tables.

`build` writes it; `figures` gives its charts to a notebook. `harness.report.charts` has the pieces
for charts on your own pages. Nothing heavy is imported before it is used.
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

    from harness.plugin.metric import AbstractMetric
    from harness.report import charts as charts
    from harness.report import conditions as conditions
    from harness.report import legible as legible
    from harness.report.constant_predictor import left_out_findings as left_out_findings
    from harness.report.metrics import collect as collect
    from harness.report.metrics import metrics_of as metrics_of
    from harness.report.pruner_comparison import losses_by_network as losses_by_network
    from harness.report.rules import RULES as RULES
    from harness.report.rules import checklist as checklist
    from harness.report.sections.of_metrics import against_density as against_density
    from harness.report.sections.of_metrics import heat_map as heat_map
    from harness.report.sections.of_metrics import sections_of_schema as sections_of_schema
    from harness.results.answer import Answer
    from harness.tables.collection import NETWORK as NETWORK
    from harness.tables.collection import Collection as Collection
    from harness.tables.collection import RunTables as RunTables
    from harness.tables.parts import Column as Column
    from harness.tables.parts import Facts as Facts
    from harness.tables.parts import Figure as Figure
    from harness.tables.parts import Finding as Finding
    from harness.tables.parts import Headline as Headline
    from harness.tables.parts import Opening as Opening
    from harness.tables.parts import Section as Section
    from harness.tables.parts import Table as Table
    from harness.tables.report import Report as Report
    from harness.tables.schema import Profile as Profile
    from harness.tables.schema import Quantities as Quantities
    from harness.tables.schema import Schema as Schema
    from harness.tables.schema import Value as Value
    from harness.tables.units import Units as Units
    from harness.tables.units import units_of as units_of


_PARTS = ("Column", "Facts", "Figure", "Finding", "Headline", "Opening", "Section", "Table")
_HOMES = {
    **dict.fromkeys(_PARTS, "tables.parts"),
    **dict.fromkeys(("NETWORK", "Collection", "RunTables"), "tables.collection"),
    **dict.fromkeys(("Profile", "Quantities", "Schema", "Value"), "tables.schema"),
    **dict.fromkeys(("Units", "units_of"), "tables.units"),
    "Report": "tables.report",
    **dict.fromkeys(("collect", "metrics_of"), "report.metrics"),
    **dict.fromkeys(
        ("against_density", "heat_map", "sections_of_schema"), "report.sections.of_metrics"
    ),
    "losses_by_network": "report.pruner_comparison",
    "left_out_findings": "report.constant_predictor",
    **dict.fromkeys(("RULES", "checklist"), "report.rules"),
}
"""The modules of the public names, which are imported on first use."""


def build(
    runs: "Sequence[RunTables]", out: Path, metrics: "Mapping[str, AbstractMetric] | None" = None
) -> Path:
    """Write `out/index.html` with `tables/` (CSV, LaTeX) and `charts/` (SVG, PDF, PNG) beside it.

    **Arguments:** `runs` are opened runs (`harness.open_run`), finished or not; their trials are
    pooled, and a trial in several runs counts once. `out` is the folder to write into. `metrics`
    are metrics by name, used in place of the installed ones; the table of a metric that is neither
    is described by its columns.

    **Returns:** the path of the page.
    """
    from harness.report.metrics import collect
    from harness.report.pages.writer import write
    from harness.report.sections import Report, sections_of
    from harness.report.sections.opening import opening_of

    report = Report(collect(runs, metrics))
    return write(opening_of(report), sections_of(report), out, report.data.trials)


def folder_for(runs: Sequence[Path]) -> Path:
    """Return the default folder of a report on these run folders.

    For one run it is in the run folder; for several it is beside the first, so that no run holds
    the report of others. Its name has up to three runs, else two and the number of others.
    """
    folders = list(dict.fromkeys(path.resolve() for path in runs))
    if len(folders) == 1:
        return runs[0] / "report"
    names = [path.name for path in folders]
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2}-more"]
    return folders[0].parent / "-".join(["report", *shown])


def page(
    opening: "Opening | str", sections: "Sequence[Section]", runs: "Sequence[RunTables]", out: Path
) -> Path:
    """Write a page of your own sections, such as the report of a study.

    `opening` is the first screen, or a title alone. The last section says what the statistics mean
    and where the runs come from.

    **Returns:** the path of the page. **Errors:** ValueError if two parts of one name have
    different data.
    """
    from harness.report.pages.writer import write
    from harness.report.sections.provenance import provenance_of
    from harness.tables.collection import labelled
    from harness.tables.parts import Opening

    first = Opening(opening, "") if isinstance(opening, str) else opening
    return write(first, [*sections, provenance_of(runs)], out, labelled(runs))


def statements(
    opening: "Opening", sections: "Sequence[Section]", runs: "Sequence[RunTables]"
) -> "tuple[Answer, Mapping[str, bytes]]":
    """Return what `page` of these states: its answer, and its CSV files by path; nothing is drawn.

    **Errors:** as `page`.
    """
    from harness.report.pages.writer import statements
    from harness.report.sections.provenance import provenance_of

    return statements(opening, [*sections, provenance_of(runs)])


def excerpt(runs: "Sequence[RunTables]", *names: str) -> "list[Section]":
    """Return sections of the report that `build` writes, for a page of your own.

    `names` are anchors of sections, as in the page's address: "matched", or one of a metric. Empty
    sections are left out.

    **Errors:** ValueError if there is no section with a name.
    """
    from harness.report.metrics import collect
    from harness.report.sections import Report, named

    return named(Report(collect(runs)), names)


def opening(runs: "Sequence[RunTables]") -> "Opening":
    """Return the first screen of the report that `build` writes, for a page of your own."""
    from harness.report.metrics import collect
    from harness.report.sections import Report
    from harness.report.sections.opening import opening_of

    return opening_of(Report(collect(runs)))


def figures(runs: "Sequence[RunTables]") -> "dict[str, alt.TopLevelMixin]":
    """Return the report's charts as Altair objects, by the names of their files.

    **Arguments:** `runs` as for `build`. In a notebook the last expression of a cell shows a chart;
    `chart.data` are its aggregated rows, `chart.save("chart.svg")` writes it.
    """
    from harness.report.metrics import collect
    from harness.report.sections import Report, sections_of
    from harness.report.sections.opening import opening_of
    from harness.tables.parts import Figure

    report = Report(collect(runs))
    first = opening_of(report).hero
    parts = [first, *(part for section in sections_of(report) for part in section.parts)]
    return {part.name: part.chart for part in parts if isinstance(part, Figure)}


def __getattr__(name: str) -> Any:
    if name in ("charts", "conditions", "legible"):
        return importlib.import_module(f"harness.report.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"harness.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harness.report' has no attribute '{name}'")
