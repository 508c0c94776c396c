"""Committed reports: their tables by row, their answers, and what was read of them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import UserError


@dataclass(frozen=True)
class Reports:
    """The folder of committed reports; `read` collects the paths of the files that were used."""

    folder: Path
    read: set[str] = field(default_factory=set)

    def table(self, report: str, name: str) -> pd.DataFrame:
        """Return a table of a report. Raises `UserError` if the report has no such table."""
        return pd.read_csv(self._there(f"{report}/tables/{name}.csv"))

    def rows(self, report: str, name: str, **where: Any) -> pd.DataFrame:
        """Return the rows whose columns have these values. Raises `UserError` if there are none."""
        table = self.table(report, name)
        for column, value in where.items():
            table = table[table[column] == value]
        if table.empty:
            raise UserError(f"reports/{report}/tables/{name}.csv has no row with {where}.")
        return table

    def row(self, report: str, name: str, **where: Any) -> "pd.Series[Any]":
        """Return the one row whose columns have these values. Raises `UserError` if not one."""
        found = self.rows(report, name, **where)
        if len(found) != 1:
            raise UserError(
                f"reports/{report}/tables/{name}.csv has {len(found)} rows with {where}; "
                "the paper needs one."
            )
        return found.iloc[0]

    def answer(self, report: str) -> dict[str, Any] | None:
        """Return a report's answer, or None if there is no such report yet."""
        if not (self.folder / report / "answer.json").is_file():
            return None
        return json.loads(self._there(f"{report}/answer.json").read_text("utf-8"))

    def designed(self, report: str) -> bool:
        """Return whether a report has a design that was committed before its run."""
        return (self.folder / report / "DESIGN.md").is_file()

    def _there(self, path: str) -> Path:
        file = self.folder / path
        if not file.is_file():
            raise UserError(f"The paper reads reports/{path}, which is not there.")
        self.read.add(path)
        return file


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its 95 % interval and its n, as tables hold them."""

    value: float
    low: float
    high: float
    n: int = 0


def estimate(row: "pd.Series[Any]", column: str = "value") -> Estimate:
    """Return the estimate in a column of a row, with those of `low`, `high` and `n`."""
    return Estimate(float(row[column]), float(row["low"]), float(row["high"]), int(row["n"]))


def times(row: "pd.Series[Any]") -> Estimate:
    """Return a difference of log2 values as a factor."""
    of = estimate(row)
    return Estimate(2**of.value, 2**of.low, 2**of.high, of.n)
