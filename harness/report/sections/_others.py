"""Metrics that have no section of their own."""

import pandas as pd

from harness.report import _others
from harness.report.pages.parts import Column, Section, Table
from harness.report.sections._report import Report


def others(report: Report) -> Section:
    """A table for each metric that no other section shows."""
    parts = []
    for name, table in _others.others(report.data).items():
        columns = [
            Column(
                key,
                "kept" if key == "density" else key.replace("_", " "),
                "kept" if key == "density" else "number" if _is_number(table[key]) else "text",
            )
            for key in map(str, table)
        ]
        caption = (
            f"`{name}`: means over networks by level, and standard deviations. What each column "
            f"means, and every network, is in the run: "
            f'`run.columns["{name}"]`, `run.table("{name}")`.'
        )
        parts.append(Table(_file(name), caption, table, columns, sortable=True))
    return Section("others", "Other metrics", parts=parts)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values)


def _file(name: str) -> str:
    return f"metric_{name.replace('-', '_')}"
