"""All tables of a run as CSV, for R, Excel and everything else."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness import AbstractExporter, Run, hookimpl


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
            run.table(table).to_csv(folder / f"{table}.csv", index=False)
        run.trials().to_csv(folder / "trials.csv", index=False)
        meanings = [
            (table, column, meaning)
            for table, columns in run.columns.items()
            for column, meaning in columns.items()
        ]
        described = pd.DataFrame(meanings, columns=["table", "column", "meaning"])
        described.to_csv(folder / "columns.csv", index=False)


@hookimpl
def register_exporters() -> list[type[CsvTables]]:
    """Offer the exporter to the harness."""
    return [CsvTables]
