"""Tables of metrics that the report has no section for: a user's own, summed up as they come."""

from collections.abc import Mapping

import pandas as pd

from harness.report import _degree_null
from harness.report._contests import name_of
from harness.report._source import COLUMNS, Collection, labelled

_PLACES = ("cell", "network", "level", "density", "condition", "metric")
_SAID = ("task", "pruner", "schedule", "data_seed", "run")
"""Columns that the condition says."""


def others(data: Collection) -> Mapping[str, pd.DataFrame]:
    """By name of metric, the mean of every number over networks, with its sd.

    A row for each condition, level, metric with its parameters where there are several, and each
    value of its columns of text; numbers that are not finite are left out of both, `n` counts
    networks.
    """
    names = dict.fromkeys(name_of(str(label)) for label in data.measurements["metric"])
    tables = {
        name: _degree_null.left_over(name, labelled(data, name))
        for name in names
        if name not in COLUMNS
    }
    return {name: _summed_up(table) for name, table in tables.items() if len(table)}


def _summed_up(table: pd.DataFrame) -> pd.DataFrame:
    own = [str(name) for name in table if name not in (*_PLACES, *_SAID)]
    numbers = [
        name
        for name in own
        if pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool
    ]
    by = ["condition", "level", "density", *(name for name in own if name not in numbers)]
    if table["metric"].nunique() > 1:
        by.insert(1, "metric")
    finite = table.assign(
        **{
            name: table[name].astype(float).where(table[name].abs() < float("inf"))
            for name in numbers
        }
    )
    groups = finite.groupby(by, sort=False, observed=True, dropna=False)
    once = finite.drop_duplicates([*by, "cell", "network"])
    counts = once.groupby(by, sort=False, observed=True, dropna=False).size()
    parts: dict[str, pd.Series] = {"n": counts}
    for name in numbers:
        parts[name] = groups[name].mean()
        parts[f"{name} sd"] = groups[name].std()
    return pd.DataFrame(parts).reset_index()
