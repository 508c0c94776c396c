"""What degrees explain: motifs of the same networks under the nulls `layered` and `degree`."""

from dataclasses import replace

import numpy as np
import pandas as pd

from harness.report import (
    Collection,
    Column,
    Report,
    Section,
    Table,
    sections_of_schema,
)

from . import _motifs_answer as answer
from ._motifs_nulls import beyond_degrees, shown
from ._motifs_tables import summed

_NETWORK = ["trial", "network", "level", "motif"]
_GROUP = ["condition", "level", "density", "order", "motif"]
_FIGURES = ("z", "log2_ratio")

_COLUMNS = (
    Column("density", "pruned", "kept"),
    Column("motif", "motif", "text"),
    Column("z_layered", "z, layered", note="mean over networks"),
    Column("z_degree", "z, degree", note="mean over networks; – where all draws are alike"),
    Column("log2_ratio_layered", "log2 ratio, layered", note="mean log2(count/expected)"),
    Column("log2_ratio_degree", "log2 ratio, degree", note="mean log2(count/expected)"),
    Column("n", "n", note="networks"),
    Column("mixed", "mixed", note="networks whose draws are known to have mixed"),
)


def explained(data: Collection) -> pd.DataFrame:
    """Return mean z and log2(count/expected) over networks under both nulls, all nodes.

    One row per condition, level and motif measured under both, summed over layers. `n` counts
    networks, `mixed` those whose draws are known to be far enough from the network. Where all draws
    of a class have the same count under `degree`, z is undefined and its mean NaN.
    """
    columns = [*_GROUP, "n", "mixed", *(f"{name}_{null}" for null in ("layered", "degree")
               for name in _FIGURES)]  # fmt: skip
    degree = data.table("sampled")
    if degree.empty or data.table("motifs").empty:
        return pd.DataFrame(columns=columns)
    degree = degree[shown(degree) & (degree["base_layer"] == -1)]
    if "mixed" not in degree:  # older runs did not check the number of trades
        degree = degree.assign(mixed=False)
    layered = summed(data)
    layered = layered[layered["support"] == "all"]
    keys = [*_NETWORK, *_FIGURES]
    text = {"trial": str, "motif": str}
    both = degree[[*keys, "condition", "density", "order", "mixed"]].astype(text)
    both = both.drop_duplicates(_NETWORK)
    both = both.merge(layered[keys].astype(text), on=_NETWORK, suffixes=("_degree", "_layered"))
    figures = columns[len(_GROUP) + 2 :]
    both[figures] = both[figures].astype(float).replace([np.inf, -np.inf], np.nan)
    groups = both.groupby(_GROUP, sort=False, observed=True)
    table = groups[figures].mean()
    table = table.assign(n=groups.size(), mixed=groups["mixed"].sum())
    return table.reset_index()[columns]


def sections(report: Report) -> list[Section]:
    """Return the section on what degrees explain, and means of all other draws."""
    measured = report.data.measured["sampled"]
    rest = replace(measured, rows=measured.rows[~shown(measured.rows)])
    first = _answer(report)
    return [*first, degree_null(report), *sections_of_schema(report, "sampled", rest)]


def _answer(report: Report) -> list[Section]:
    """Return what the first screen says of motifs that degrees do not explain."""
    table = beyond_degrees(report.data, report.density)
    found = answer.strongest(table, "degrees", "`degree`, drawn")
    verdict = answer.beyond_degrees(table)
    return [Section("answer", "Beyond degrees", short=found, verdict=verdict)] if found else []


def degree_null(report: Report) -> Section:
    """Compare z and log2 ratios under `layered` and under `degree`."""
    table = explained(report.data)
    if table.empty:
        return Section("degree-null", "What degrees explain")
    lead = [
        "Only an excess under the null `degree` is a pattern beyond degrees. The null `layered` "
        "keeps the number of edges between each two layers; `degree` also keeps every node's in- "
        "and out-degree. An excess under `layered` alone only shows that some nodes have more "
        "edges than others."
    ]
    columns = list(_COLUMNS)
    if len(report.data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    levels = report.data.levels
    if levels["level"].nunique() > levels["density"].nunique():
        columns.insert(len(columns) - len(_COLUMNS), Column("level", "level"))
    caption = (
        "Mean z and log2(count/expected) under both nulls: all nodes, copies, summed over layers. "
        "Under `degree`, z is undefined for classes around one node, because degrees fix their "
        "count, and for complete networks."
    )
    parts = [Table("degrees_explain", caption, table, columns, sortable=True)]
    return Section("degree-null", "What degrees explain", lead, parts=parts)
