"""Metrics that have no section of their own: a user's, summed up as they come."""

from collections.abc import Mapping

import pandas as pd

from harness.report.collection import COLUMNS, Collection, labelled
from harness.report.pages.parts import Column, Section, Table
from harness.report.pruner_comparison import name_of
from harness.report.sections.degree_null import left_over
from harness.report.sections.report import Report

_PLACES = ("trial", "network", "level", "density", "condition", "metric")

_SAID = ("task", "architecture", "pruner", "schedule", "data_seed", "run")
"""Columns that the condition says."""


def others(data: Collection) -> Mapping[str, pd.DataFrame]:
    """Return, by name of metric, the mean of every number over networks, with its sd.

    A row for each condition, level, metric with its parameters where there are several, and each
    value of its columns of text; numbers that are not finite are left out of both, `n` counts
    networks.
    """
    names = dict.fromkeys(name_of(str(label)) for label in data.measurements["metric"])
    tables = {name: left_over(name, labelled(data, name)) for name in names if name not in COLUMNS}
    return {name: _summed_up(table) for name, table in tables.items() if len(table)}


def _summed_up(table: pd.DataFrame) -> pd.DataFrame:
    own = [str(name) for name in table if name not in (*_PLACES, *_SAID)]
    numbers = [
        name
        for name in own
        if pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool
    ]
    by = ["condition", "level", "density", *(name for name in own if name not in numbers)]
    if "metric" in table and table["metric"].nunique() > 1:  # kept tables may lack it
        by.insert(1, "metric")
    finite = table.assign(
        **{
            name: table[name].astype(float).where(table[name].abs() < float("inf"))
            for name in numbers
        }
    )
    groups = finite.groupby(by, sort=False, observed=True, dropna=False)
    once = finite.drop_duplicates([*by, "trial", "network"])
    counts = once.groupby(by, sort=False, observed=True, dropna=False).size()
    parts: dict[str, pd.Series] = {"n": counts}
    for name in numbers:
        parts[name] = groups[name].mean()
        parts[f"{name} sd"] = groups[name].std()
    return pd.DataFrame(parts).reset_index()


def section(report: Report) -> Section:
    """A table for each metric that no other section shows."""
    parts = []
    for name, table in others(report.data).items():
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
