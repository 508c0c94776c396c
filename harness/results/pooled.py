"""The records and tables of a large run, pooled in few files: ten thousand trials open like one.

The folder `pooled/` repeats what the trials' own folders hold. `index.json` has the checksums of
its files; `records.parquet` has each trial's record, and sizes and times of the files behind it. A
trial with other sizes or times is read from its own folder, so an old pool is slow, never wrong.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from harness import files
from harness.results.records import OLD_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FOLDER = "pooled"
FEWEST = 100
"""Runs with fewer trials are not pooled."""

APART = ("training",)
"""Tables that stay in the trials' folders: they are the largest, and no report reads them."""

_AT_ONCE = 500

Part = tuple[str, Path, str]
"""A trial's key, a file of one of its tables, and the file's checksum."""


def stamp(folder: Path) -> str:
    """Return a hash of the sizes and times of a trial's record and tables; "" without any."""
    try:
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if entry.name.endswith((".json", ".parquet"))]
            found = [(one.name, one.stat(follow_symlinks=False)) for one in kept]
    except OSError:
        return ""
    sizes = sorted((name, state.st_size, state.st_mtime_ns) for name, state in found)
    return files.fingerprint(sizes) if sizes else ""


class Pool:
    """A pool as it was written: records by trial, and tables by name."""

    def __init__(self, run: Path) -> None:
        self._folder = run / FOLDER
        self.records: dict[str, tuple[str, str]] = {}
        """The stamp and the record (JSON) of each trial."""
        self._checksums: Mapping[str, str] = {}
        self._sound: dict[str, bool] = {}
        try:
            index = dict(files.read_json(self._folder / "index.json"))
            stored = files.read_table(self._folder / "records.parquet", index["records"])
            rows = zip(*(stored[name] for name in ("trial", "stamp", "record")), strict=True)
            self.records = {str(trial): (str(at), str(record)) for trial, at, record in rows}
            self._checksums = dict(index["tables"])
        except (files.DamagedFileError, KeyError, TypeError, ValueError):
            return

    def has(self, name: str) -> bool:
        """Return whether a table is pooled and undamaged; its checksum is verified once."""
        if name not in self._sound:
            checksum = self._checksums.get(name, "")
            self._sound[name] = files.intact(self._path(name), checksum)
        return self._sound[name]

    def table(
        self, name: str, trials: Collection[str], columns: Collection[str] | None = None
    ) -> "pd.DataFrame":
        """Return the rows of these trials in a table, or some of its columns."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        path = self._path(name)
        wanted = None
        if columns is not None:
            wanted = [one for one in pq.read_schema(path).names if one in columns]
        some = None if {*trials} >= self.records.keys() else pc.field("trial").isin([*trials])
        found = pq.read_table(path, columns=wanted, filters=some, partitioning=None)
        table: pd.DataFrame = found.to_pandas(split_blocks=True, self_destruct=True)
        return table

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"


def write(
    run: Path, records: Mapping[str, tuple[str, str]], tables: Mapping[str, Sequence[Part]]
) -> None:
    """Replace a run's pool: records as in `Pool`, and the files of each table in order.

    A file that is damaged by now leaves its trial out.
    """
    import pandas as pd

    damaged: set[str] = set()
    checksums = {
        name: checksum
        for name, parts in tables.items()
        if name not in APART
        and (checksum := _write_table(run / FOLDER / f"{name}.parquet", parts, damaged))
    }
    rows = [(trial, *kept) for trial, kept in records.items() if trial not in damaged]
    table = pd.DataFrame(rows, columns=["trial", "stamp", "record"])
    checksum = files.write_table(run / FOLDER / "records.parquet", table)
    files.write_json(run / FOLDER / "index.json", {"records": checksum, "tables": checksums})


class _Wider(Exception):  # noqa: N818
    """A batch of rows has other columns or types than the file: `schema` has room for both."""

    def __init__(self, schema: "pa.Schema") -> None:
        self.schema = schema


def _write_table(path: Path, parts: Sequence[Part], damaged: set[str]) -> str | None:
    """Write one table, some trials at a time; return its checksum.

    None if it has no rows, or if its trials have types that no column can hold together.
    """
    import pyarrow as pa

    schema = None
    while True:
        try:
            return _written(path, schema, _batches(parts, damaged))
        except _Wider as wider:
            schema = wider.schema
        except pa.ArrowException:
            return None


def _batches(parts: Sequence[Part], damaged: set[str]) -> "Iterator[pa.Table]":
    import pyarrow as pa

    for first in range(0, len(parts), _AT_ONCE):
        found = []
        for trial, path, checksum in parts[first : first + _AT_ONCE]:
            try:
                table = files.read_arrow(path, checksum)
                names = [OLD_COLUMNS.get(name, name) for name in table.column_names]
                found.append(table.rename_columns(names))
            except files.DamagedFileError:
                damaged.add(trial)
        if found:
            yield pa.concat_tables(found, promote_options="permissive")


def _written(path: Path, schema: "pa.Schema | None", batches: "Iterator[pa.Table]") -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if (first := next(batches, None)) is None:
        return None
    schema = schema or first.schema
    with files.replacing(path) as file, pq.ParquetWriter(file, schema) as writer:
        for batch in chain([first], batches):
            wider = pa.unify_schemas([schema, batch.schema], promote_options="permissive")
            if wider != schema:
                raise _Wider(wider)
            fitting = [schema.empty_table(), batch]
            writer.write_table(pa.concat_tables(fitting, promote_options="permissive"))
    return files.digest(path)
