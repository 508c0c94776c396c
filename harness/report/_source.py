"""What a report reads: runs, pooled into tables whose rows each carry their condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from harness.errors import UserError

PARTS = ("task", "pruner", "schedule", "data_seed")
"""What a condition is made of. A run's name joins them where two runs differ in nothing else."""

COLUMNS = {
    "levels": ("steps", "train_loss", "validation_loss", "diverged"),
    "timings": ("activity", "seconds"),
    "motifs": (
        *("support", "null", "order", "motif", "base_layer", "count", "expected", "sd", "z"),
        *("log2_ratio", "p_normal", "q_normal"),
    ),
    "performance": ("split", "measure", "layer", "value", "unit"),
}
"""The columns that the report reads, beside those of the condition."""

CELLS = ("cell", *PARTS, "first_network", "networks", "status", "reason")


@runtime_checkable
class RunTables(Protocol):
    """A run as the report reads it: `harness.store.Run`, or anything with the same tables."""

    path: Path
    experiment: Any
    provenance: Any

    @property
    def notes(self) -> Mapping[str, Any]:
        """What the tasks noted about their data, by task."""
        ...

    def cells(self) -> pd.DataFrame:
        """One row a cell, with its status (done, failed, skipped, pending) and the reason."""
        ...

    def measurements(self) -> pd.DataFrame:
        """One row a metric and cell, with its status and the reason."""
        ...

    def table(self, name: str) -> pd.DataFrame:
        """A table over all finished cells, empty where nothing is there yet."""
        ...


@dataclass(frozen=True)
class Collection:
    """The tables of all runs of a report.

    Every table has the column `condition`: the parts of its cell that differ between cells, as a
    label. `diverged` lists networks left out of `motifs` and `performance` and from which level on.
    """

    runs: Sequence[RunTables]
    cells: pd.DataFrame
    measurements: pd.DataFrame
    levels: pd.DataFrame
    timings: pd.DataFrame
    motifs: pd.DataFrame
    performance: pd.DataFrame
    diverged: pd.DataFrame
    conditions: tuple[str, ...]

    @cached_property
    def summed(self) -> pd.DataFrame:
        """The motif rows of whole networks: summed over base layers."""
        return self.motifs[self.motifs["base_layer"] == -1]

    @property
    def densities(self) -> tuple[float, ...]:
        """All densities that any network was trained at, falling."""
        return tuple(sorted(self.levels["density"].unique(), reverse=True))


def collect(runs: Sequence[RunTables]) -> Collection:
    """Pool the tables of runs, label conditions and leave diverged networks out."""
    cells = _cells(runs)
    labels = _labels(cells)
    tables = {name: _table(runs, cells, labels, name) for name in COLUMNS}
    levels = tables["levels"]
    gone = levels["diverged"].astype(bool)
    diverged = levels[gone].groupby(["condition", "cell", "network"])["level"].min().reset_index()
    cells = cells.assign(condition=cells["cell"].map(labels))
    measurements = pd.concat([run.measurements() for run in runs], ignore_index=True)
    measurements = measurements.drop_duplicates(["cell", "metric"])
    shown = levels.loc[~gone, "condition"].unique()
    return Collection(
        runs=runs,
        cells=cells,
        measurements=measurements.assign(condition=measurements["cell"].map(labels)),
        levels=levels[~gone].reset_index(drop=True),
        timings=tables["timings"],
        motifs=_without(tables["motifs"], diverged),
        performance=_without(tables["performance"], diverged),
        diverged=diverged,
        conditions=tuple(label for label in dict.fromkeys(labels.values()) if label in shown),
    )


def _cells(runs: Sequence[RunTables]) -> pd.DataFrame:
    """The cells of all runs; one that is in several runs counts once, finished if it is in any."""
    parts = [run.cells().assign(run=run.path.name) for run in runs]
    cells = pd.concat(parts, ignore_index=True)
    order = cells["status"].map({"done": 0, "failed": 1, "pending": 2, "skipped": 3})
    best = cells.loc[order.sort_values(kind="stable").index].drop_duplicates("cell")
    return best.sort_index().reset_index(drop=True)


def _labels(cells: pd.DataFrame) -> dict[str, str]:
    """The label of every cell: the parts that differ, or its pruner where none does."""
    parts = [*PARTS]
    # Two runs may hold the same networks of one condition, trained in another way.
    if cells.duplicated([*PARTS, "first_network"], keep=False).any():
        parts.append("run")
    differ = [part for part in parts if cells[part].nunique() > 1] or ["pruner"]
    said = {"data_seed": "data seed "}
    text = [cells[part].map(lambda value, p=part: f"{said.get(p, '')}{value}") for part in differ]
    labels = pd.concat(text, axis=1).agg(" · ".join, axis=1)
    return dict(zip(cells["cell"], labels, strict=True))


def _table(
    runs: Sequence[RunTables], cells: pd.DataFrame, labels: Mapping[str, str], name: str
) -> pd.DataFrame:
    """One table over all runs, each cell's rows from the run that finished it."""
    place = ("cell", "level") if name == "timings" else ("cell", "network", "level", "density")
    columns = [*place, *COLUMNS[name]]
    parts = []
    for run in runs:
        part = _read(run, name)
        if part.empty:
            continue
        if "base_layer" in part:
            part = _compact(part)
        chosen = set(cells.loc[cells["run"] == run.path.name, "cell"])
        parts.append(part.loc[part["cell"].isin(chosen), columns])
    if not parts:
        return pd.DataFrame(columns=[*columns, "condition"])
    table = pd.concat(parts, ignore_index=True)
    if name == "performance":
        table["measure"] = table["measure"].str.replace("_", " ")
    return table.assign(condition=table["cell"].map(labels))


def _read(run: RunTables, name: str) -> pd.DataFrame:
    try:
        return run.table(name)
    except UserError:
        return pd.DataFrame()


def _compact(motifs: pd.DataFrame) -> pd.DataFrame:
    """The motif table with an infinite log ratio (no copy at all) undefined, as it has no mean."""
    return motifs.assign(log2_ratio=motifs["log2_ratio"].replace([np.inf, -np.inf], np.nan))


def _without(table: pd.DataFrame, diverged: pd.DataFrame) -> pd.DataFrame:
    """The table without networks at and after the level at which they diverged."""
    if table.empty or diverged.empty:
        return table
    since = table[["cell", "network"]].merge(
        diverged[["cell", "network", "level"]], how="left", on=["cell", "network"]
    )["level"]
    keep = ~(table["level"].to_numpy() >= since.fillna(np.inf).to_numpy())
    return table[keep].reset_index(drop=True)
