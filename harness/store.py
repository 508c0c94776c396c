"""The run folder: what is where, what is finished, and reading it all back as tables."""

import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from harness import files
from harness.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1

CONDITION_COLUMNS = {
    "cell": "key of the cell: a hash of everything that determines its result",
    "task": "task, with the parameters that differ from their defaults",
    "pruner": "pruner, with the parameters that differ from their defaults",
    "schedule": "schedule, with the parameters that differ from their defaults",
    "data_seed": "seed of the data and of the order in which they are read",
    "network": "number of the network within the run; the same number has the same initial weights",
    "level": "number of the level within the schedule, from 0",
    "density": "density asked for at the level: kept / prunable weights",
}

COLUMNS: dict[str, dict[str, str]] = {
    "levels": {
        "steps": "training steps taken at the level (the cumulative budget for pruners that act at "
        "initialisation)",
        "train_loss": "loss at the end of the level on the first 4096 training rows",
        "validation_loss": "loss at the end of the level on the first 4096 validation rows",
        "diverged": "whether the network's losses are not finite; such networks are left out of "
        "statistics",
    },
    "training": {
        "step": "training step within the level",
        "loss": "training loss, mean over the steps since the last row, at most 100",
    },
    "timings": {
        "activity": "what the time went to: simulate, compile, start, train, prune, evaluate or "
        "measure",
        "seconds": "wall time in seconds, device work waited for",
    },
}


def cell_folder(run: Path, key: str) -> Path:
    """Where a cell keeps its files."""
    return run / "cells" / key


@dataclass(frozen=True)
class CellRecord:
    """The status of one cell, as `cell.json` in its folder says it."""

    folder: Path

    @property
    def path(self) -> Path:
        """The file that says it."""
        return self.folder / "cell.json"

    def read(self) -> dict[str, Any]:
        """The record, or an empty one where there is none that can be read."""
        try:
            record = files.read_json(self.path)
        except files.DamagedFileError:
            return {}
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            return {}
        parts = (record.get("files", {}), record.get("metrics"))
        return record if all(isinstance(part, dict) for part in parts) else {}

    def write(self, record: Mapping[str, Any]) -> None:
        """Replace the record."""
        files.write_json(self.path, {"format": FORMAT, **record})

    def intact(self, checksums: Mapping[str, str]) -> bool:
        """Whether all these files are there, each as it was written."""
        return all(
            (self.folder / name).is_file() and files.digest(self.folder / name) == checksum
            for name, checksum in checksums.items()
        )


def provenance(command: Iterable[str]) -> dict[str, Any]:
    """Versions, device, command, commit and time of a run that starts now."""
    import jax

    packages = ("motif-harness", "jax", "jaxlib", "equinox", "optax", "diffrax", "numpy", "pandas")
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(command),
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": f"{jax.devices()[0].device_kind} ({jax.default_backend()})",
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


def _commit() -> str | None:
    """The commit of the harness's own checkout, where it is one; a plus sign if it was changed."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        say = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12"]
        return subprocess.run(say, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def command_line() -> list[str]:
    """The command that runs now, as a person would type it."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


def write_toml(path: Path, value: Mapping[str, Any]) -> None:
    """Write a table as TOML."""
    files.write(path, tomli_w.dumps(value).encode())


def read_index(folder: Path) -> dict[str, Any]:
    """What `run.json` says: the experiment, cells, metrics and columns of a run.

    Raises `UserError` where the folder is no run folder, or one of another format.
    """
    kinds = {"experiment": dict, "cells": list, "metrics": list, "columns": dict}
    unreadable = f"'{folder}' is not a run folder that can be read: "
    try:
        index = files.read_json(folder / "run.json")
    except files.DamagedFileError as error:
        raise UserError(f"{unreadable}{error}") from None
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        found = index.get("format") if isinstance(index, dict) else None
        raise UserError(f"{unreadable}it has run format {found}; this harness reads {FORMAT}.")
    for name, kind in kinds.items():
        if not isinstance(index.get(name), kind):
            raise UserError(f"{unreadable}'{name}' in run.json is no {kind.__name__}")
    parts = (*index["cells"], *index["metrics"], *index["columns"].values())
    if not all(isinstance(part, dict) for part in parts):
        raise UserError(f"{unreadable}an entry of run.json is no table")
    return index


class Run:
    """A run folder, finished or not, as tables. Opening it runs no code from it.

    `path` is the folder; `experiment` the experiment, resolved; `provenance` versions, device,
    command, commit and time; `columns` the meaning of every column by table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = read_index(path)
        self.experiment: dict[str, Any] = self._index["experiment"]
        self.provenance: dict[str, Any] = files.read_json(path / "provenance.json")
        self.columns: dict[str, dict[str, str]] = self._index["columns"]

    @cached_property
    def _records(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [
            (entry, CellRecord(cell_folder(self.path, entry["cell"])).read())
            for entry in self._index["cells"]
        ]

    @property
    def notes(self) -> dict[str, Any]:
        """What the tasks noted about their data, by task."""
        return {
            entry["task"]: record["notes"] for entry, record in self._records if "notes" in record
        }

    def cells(self) -> "pd.DataFrame":
        """One row a cell: what it is, its status (done, failed, skipped, pending), and why."""
        import pandas as pd

        rows = []
        for entry, record in self._records:
            status = "skipped" if entry["skipped"] else record.get("status", "pending")
            reason = entry["skipped"] or record.get("error") or ""
            rows.append({**entry, "status": status, "reason": reason})
        return pd.DataFrame(rows).drop(columns="skipped")

    def measurements(self) -> "pd.DataFrame":
        """One row a metric and cell: its status (done, failed, pending), and why."""
        import pandas as pd

        rows = [
            {"cell": entry["cell"], "metric": metric, "status": "done", "reason": "", **told}
            for entry, record in self._records
            for metric, told in self._told(record)
        ]
        return pd.DataFrame(rows, columns=["cell", "metric", "status", "reason"])

    def _told(self, record: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, str]]]:
        for metric in self._index["metrics"]:
            found = record.get("metrics", {}).get(metric["key"], {})
            status = found.get("status", "pending")
            yield metric["label"], {"status": status, "reason": found.get("error", "")}

    def tables(self) -> list[str]:
        """The names of all tables."""
        return sorted(self.columns)

    def table(self, name: str) -> "pd.DataFrame":
        """A table over all finished cells, of the networks that were asked for.

        An empty table with the right columns where nothing is there yet. Raises `UserError` where
        the run has no table of this name, `DamagedFileError` where a file is not as written.
        """
        import pandas as pd

        if name not in self.columns:
            raise UserError(f"this run has no table '{name}'. It has {', '.join(self.tables())}.")
        parts = [self._read(path, checksum) for path, checksum in self._files(name)]
        if name == "timings":
            parts += self._measuring()
        if not parts:
            return pd.DataFrame(columns=list(self.columns[name]))
        table = pd.concat(parts, ignore_index=True)
        if "network" in table:
            asked = table["network"] < self.experiment["networks"]
            table = table[asked].reset_index(drop=True)
        return table

    def _files(self, name: str) -> Iterable[tuple[Path, str]]:
        for entry, record in self._records:
            folder = cell_folder(self.path, entry["cell"])
            listed = dict(record.get("files", {}))
            for metric in self._index["metrics"]:
                done = record.get("metrics", {}).get(metric["key"], {})
                if metric["name"] == name and done.get("status") == "done":
                    yield folder / done["file"], done["checksum"]
            file = f"{name}.parquet"
            if file in listed:
                yield folder / file, listed[file]

    def _measuring(self) -> "Iterable[pd.DataFrame]":
        """The rows of `timings` for measurements, which end after the cell's table is written."""
        import pandas as pd

        for entry, record in self._records:
            condition = {name: entry[name] for name in CONDITION_COLUMNS if name in entry}
            measured = record.get("metrics", {}).values()
            spent = sum(told.get("seconds", 0.0) for told in measured)
            if spent:
                yield pd.DataFrame(
                    [{**condition, "level": -1, "activity": "measure", "seconds": spent}]
                )

    def _read(self, path: Path, checksum: str) -> "pd.DataFrame":
        import pandas as pd

        if not path.is_file() or files.digest(path) != checksum:
            raise files.DamagedFileError(f"'{path}' is missing or not as it was written")
        return pd.read_parquet(path)

    def masks(self, cell: str, level: int) -> dict[str, np.ndarray]:
        """The masks of a cell's networks at a level, by leaf name, each (networks, out, in)."""
        from harness import snapshot
        from harness.runner import level_path

        path = level_path(cell_folder(self.path, cell), level)
        return dict(snapshot.load(path, weights=False).masks)


def open_run(path: Path | str) -> Run:
    """Open a run folder for reading. Raises `UserError` where it is none."""
    folder = Path(path)
    try:
        return Run(folder)
    except files.DamagedFileError as error:
        raise UserError(f"'{folder}' is not a run folder that can be read: {error}") from None
