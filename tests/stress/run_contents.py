"""What runs hold, in words that stay the same, and where two sides differ first.

    PYTHON tests/stress/run_contents.py RUNS OUT

with the Python of an environment writes what the `harness` of that environment reads of the runs
in a folder: all tables as Parquet, and the masks of every level as npz.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

RENAMED = {"cell": "trial"}
"""Columns, tables, leaves, and members of `Run`: the word of old commits to that of new ones."""

LEFT_OUT = ("cell", "reason", "cautions", "uncalibrated", "task", "architecture")
"""Columns that are not compared: keys, which hash source code, and sentences for people; the label
of the task, some of whose parameters became those of an architecture, and that one's."""
NEW = ("diagnostics",)
"""Tables that old commits did not write."""
UNEQUAL = ("timings", "memory")
"""Tables that are not compared."""
PLACE = ("pruner", "schedule", "data_seed", "first_network")
"""What says which cell it is, in place of its key: the runs here have one task each."""


class DifferenceError(Exception):
    """Where two sides differ first."""


def old(word: str) -> str:
    """The word of old commits for this one."""
    return {new: before for before, new in RENAMED.items()}.get(word, word)


def dump(runs: Path, out: Path) -> None:
    """Write all tables and masks of the runs in a folder, in the words of old commits.

    The Python of an environment calls this: `harness` is the one that is installed there.
    """
    from harness import open_run

    def call(word: str, *arguments: Any) -> Any:
        return getattr(run, word if hasattr(run, word) else RENAMED[word])(*arguments)

    for folder in sorted(path.parent for path in runs.rglob("run.json")):
        run, into = open_run(folder), out / folder.relative_to(runs)
        into.mkdir(parents=True)
        names = [name for name in call("tables") if name not in NEW]
        tables = {old(name): call("table", name).rename(columns=old) for name in names}
        cells, measured = (call(word).rename(columns=old) for word in ("cells", "measurements"))
        measured = measured.merge(cells[["cell", *PLACE]], on="cell")
        for name, table in {**tables, "cells": cells, "measurements": measured}.items():
            table.to_parquet(into / f"{name}.parquet")
        for cell in cells.to_dict("records"):
            place = quote(" ".join(str(cell[word]) for word in PLACE), safe=" []=,.")
            levels = tables["levels"]
            for level in levels[levels["cell"] == cell["cell"]]["level"].unique():
                masks = call("masks", cell["cell"], int(level))
                named = {old(leaf): np.asarray(mask) for leaf, mask in masks.items()}
                np.savez(into / f"{place} {level}.npz", **named)


def same(what: str, first: Iterable[Any], second: Iterable[Any]) -> set[Any]:
    """The elements of two sets. Raises `DifferenceError` unless they are the same, and some."""
    one, other = set(first), set(second)
    if one != other or not one:
        raise DifferenceError(f"{what}: only before {one - other}, only now {other - one}")
    return one


def compared(one: Path, other: Path) -> Iterator[str]:
    """Compare the results of two sides. Yields a line for each run that is equal in both."""
    files = [{path.relative_to(side) for path in side.rglob("*.*")} for side in (one, other)]
    names = sorted(same("files", *files))
    for run in sorted({name.parent for name in names}):
        masks = [name for name in names if name.parent == run and name.suffix == ".npz"]
        tables = [name for name in names if name.parent == run and name.suffix == ".parquet"]
        for name in masks:
            with np.load(one / name) as first, np.load(other / name) as second:
                for leaf in same(f"{name}: leaves", first, second):
                    equal(f"{name}: {leaf}", first[leaf], second[leaf])
        rows = [table(name, one, other) for name in tables if name.stem not in UNEQUAL]
        yield f"{run}: {len(rows)} tables, {sum(rows):,} rows, {len(masks)} mask files equal"


def table(name: Path, one: Path, other: Path) -> int:
    """Compare a table, its rows in the order of their places. Returns the number of rows."""
    first, second = (_sorted(pd.read_parquet(side / name)) for side in (one, other))
    same(f"{name}: columns", first.dtypes.items(), second.dtypes.items())
    for column in first:
        equal(f"{name}: {column}", first[column].to_numpy(), second[column].to_numpy(), first)
    return len(first)


def _sorted(found: pd.DataFrame) -> pd.DataFrame:
    """The rows by place, then by all that is text; as they were where that is equal."""
    kept = found.drop(columns=[name for name in LEFT_OUT if name in found])
    texts = [name for name in kept if not pd.api.types.is_numeric_dtype(kept[name])]
    by = dict.fromkeys(name for name in (*PLACE, "level", "network", *texts) if name in kept)
    ordered = kept.astype(dict.fromkeys(texts, str)).sort_values(list(by), kind="stable")
    return kept.loc[ordered.index].reset_index(drop=True)


def equal(
    what: str, first: np.ndarray, second: np.ndarray, rows: pd.DataFrame | None = None
) -> None:
    """Compare two arrays, of floats the bits, but NaN equal to NaN. Raises `DifferenceError`."""
    kinds = [f"{array.dtype} of shape {array.shape}" for array in (first, second)]
    if kinds[0] != kinds[1]:
        raise DifferenceError(f"{what}: {kinds[0]} before, {kinds[1]} now")
    unlike = (first != second) & ~(pd.isna(first) & pd.isna(second))
    if first.dtype.kind == "f":
        unlike |= (first == second) & (np.signbit(first) != np.signbit(second))
    if unlike.any():
        at = tuple(map(int, np.argwhere(unlike)[0]))
        row = at if rows is None else rows.iloc[at[0]].to_dict()
        told = f"{first[at]!r} before, {second[at]!r} now ({unlike.sum():,} values differ)"
        raise DifferenceError(f"{what}: {told}, in row {row}")


if __name__ == "__main__":
    dump(*map(Path, sys.argv[1:]))
