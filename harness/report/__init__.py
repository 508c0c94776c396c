"""The report: what one or several runs found, as one page that needs no network, and its tables.

`build` writes it. The figures are functions in `harness.report.charts`, for notebooks too. Nothing
heavy is imported before one of them is used.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.report import charts as charts
    from harness.report._source import RunTables as RunTables
    from harness.report._source import collect as collect


def build(runs: "Sequence[RunTables]", out: Path) -> Path:
    """Write `out/index.html` and `out/tables/*.csv` from runs, finished or not.

    **Arguments:** `runs` are opened runs (`harness.open_run`); their cells are pooled, a cell that
    is in several counts once. `out` is the folder to write into.

    **Returns:** the path of the page.
    """
    from harness.report._page import write

    return write(runs, out)


def __getattr__(name: str) -> Any:
    if name == "charts":
        return importlib.import_module("harness.report.charts")
    if name in ("RunTables", "collect"):
        return getattr(importlib.import_module("harness.report._source"), name)
    raise AttributeError(f"module 'harness.report' has no attribute '{name}'")
