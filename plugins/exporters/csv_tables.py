"""All tables of a run as CSV, for R, Excel and everything else."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness import AbstractExporter, Run, hookimpl
from harness.tables import spreadsheets

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CsvTables(AbstractExporter):
    """Write each table of a run as a CSV file, and the meaning of every column beside them.

    `columns.csv` has one row a table and column. Trials that failed or were skipped are in
    `trials.csv`, with the reason.
    """

    name: ClassVar[str] = "csv-tables"

    def export(self, run: Run, folder: Path) -> None:
        """Write the tables, trials and columns."""
        import pandas as pd

        for table in run.tables():
            _write(run.table(table), folder / f"{table}.csv")
        _write(run.trials(), folder / "trials.csv")
        meanings = [
            (table, column, meaning)
            for table, columns in run.columns.items()
            for column, meaning in columns.items()
        ]
        described = pd.DataFrame(meanings, columns=["table", "column", "meaning"])
        _write(described, folder / "columns.csv")


def _write(table: "pd.DataFrame", path: Path) -> None:
    path.write_text(spreadsheets.csv(table), "utf-8", "backslashreplace")


@hookimpl
def register_exporters() -> list[type[CsvTables]]:
    """Offer the exporter to the harness."""
    return [CsvTables]
