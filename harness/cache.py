"""Costly arrays, kept in the user's cache folder and made again if they are damaged.

The folder is the operating system's for caches, or the one named by `HARNESS_CACHE`. Each entry is
a safetensors file, named by a hash of all that determines its content, with a JSON record that
holds the checksum. Nothing is pickled: reading an entry cannot run code.
"""

import os
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import filelock
import numpy as np
import platformdirs

from harness import files, progress

_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Cached(NamedTuple):
    """Arrays by name, and notes on how they were made, which JSON can hold."""

    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


Make: TypeAlias = Callable[[], tuple[Mapping[str, np.ndarray], Mapping[str, Any]]]
Report: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """One entry of the cache: `bytes` on disk, `made` in UTC, and what determines its content."""

    name: str
    path: Path
    bytes: int
    made: datetime
    determinants: Mapping[str, Any]


def folder() -> Path:
    """Return the folder of the entries. It need not exist yet."""
    chosen = os.environ.get("HARNESS_CACHE")
    base = files.expanded(chosen) if chosen else platformdirs.user_cache_path("motif-harness")
    return base / "arrays"


def programs(environment: str) -> Path:
    """Return the folder of the programs compiled for one compiler and device."""
    return folder().parent / "programs" / files.fingerprint(environment)


def listing() -> Path:
    """Return the folder of the kept listing of plugins."""
    return folder().parent / "listing"


def programs_bytes() -> int:
    """Return the total size of all stored programs, in bytes."""
    return sum(path.stat().st_size for path in _programs())


def _programs() -> list[Path]:
    return [path for path in (folder().parent / "programs").rglob("*") if path.is_file()]


def load_or_make(
    name: str, determinants: Mapping[str, Any], make: Make, *, report: Report | None = None
) -> Cached:
    """Return the entry for `determinants`: read if it exists undamaged, else made and stored.

    **Arguments:**

    - `name`: a readable name for the data; letters, digits, `-` and `_`.
    - `determinants`: everything that determines the arrays, as JSON can hold it: parameters, seed,
      versions of code and libraries. Different determinants make a different entry.
    - `make`: makes the arrays and the notes. If two processes ask at once, one makes them; the
      other waits, then reads.
    - `report`: called with a message about each step.

    **Warns** (UserWarning) if an entry is damaged, and makes it again; also if the folder cannot
    be written, and then stores nothing.

    **Errors:** ValueError for a name with other characters, TypeError for determinants or notes
    that JSON cannot hold; whatever `make` raises.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"cache entry '{name}': use letters, digits, '-' and '_' only")
    tell = report or (lambda words: None)
    key = files.fingerprint({"format": _FORMAT, "name": name, "determinants": determinants})
    path = folder() / f"{name}-{key}.safetensors"
    entry = _read(path)
    if entry is not None:
        tell(f"{name}: read from {path}")
        return entry
    try:
        lock = _locked(path, tell)
    except (OSError, NotImplementedError) as error:
        _warn_not_kept(name, error)
        return _made(make)
    with lock:
        entry = _read(path, silent=True)
        if entry is not None:
            tell(f"{name}: read from {path}")
            return entry
        tell(f"{name}: being made")
        made = _made(make)
        try:
            _write(path, name, determinants, made)
        except OSError as error:
            _warn_not_kept(name, error)
        return made


def entries() -> list[Entry]:
    """Return all entries that have a readable record, sorted by name and time of making."""
    readable = []
    for path in folder().glob("*.json"):
        arrays = path.with_suffix(".safetensors")
        try:
            record = files.read_json(path)
            made, size = datetime.fromisoformat(record["made"]), arrays.stat().st_size
            entry = Entry(record["name"], arrays, size, made, record["determinants"])
        except (files.DamagedFileError, OSError, KeyError, TypeError, ValueError):
            continue
        readable.append(entry)
    return sorted(readable, key=lambda entry: (entry.name, entry.made))


def clear() -> int:
    """Delete all entries, damaged and half-written ones too, all programs, and the listing.

    Entries that another process is making at this moment stay. Returns the bytes freed.
    """
    freed = 0
    for path in (*_programs(), *listing().glob("*.json")):
        freed += path.stat().st_size
        path.unlink(missing_ok=True)
    by_entry: dict[str, list[Path]] = {}
    if folder().is_dir():
        for path in folder().iterdir():
            if path.suffix in {".safetensors", ".json", ".part"}:
                by_entry.setdefault(path.name.lstrip(".").split(".")[0], []).append(path)
    for stem, paths in by_entry.items():
        lock = filelock.FileLock(folder() / f"{stem}.lock")
        try:
            with lock.acquire(timeout=0):
                for path in paths:
                    size = path.stat().st_size
                    path.unlink()
                    freed += size
        except (filelock.Timeout, FileNotFoundError):
            continue
    return freed


def _locked(path: Path, tell: Report) -> AbstractContextManager[Any]:
    """Return the lock of an entry, held until its context ends.

    Lock files are never deleted: another process may be waiting for one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path.with_suffix(".lock"))
    try:
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        tell(f"{path.stem}: being made by another process, waiting for it")
        return lock.acquire()


def _made(make: Make) -> Cached:
    with progress.within(once=True):
        arrays, notes = make()
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return Cached(contiguous, dict(notes))


def _write(path: Path, name: str, determinants: Mapping[str, Any], made: Cached) -> None:
    """Write the arrays, then the record: an entry without its record counts as absent."""
    beside = path.with_suffix(".json")
    beside.unlink(missing_ok=True)
    checksum = files.write_arrays(path, made.arrays, made.notes)
    record = {
        "name": name,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": checksum,
        "determinants": dict(determinants),
    }
    files.write_json(beside, record)


def _read(path: Path, *, silent: bool = False) -> Cached | None:
    """Return the entry at `path`, or None if it is absent or (with a warning) damaged."""
    record = path.with_suffix(".json")
    try:
        if not record.exists():
            return None
        if files.digest(path) != files.read_json(record)["sha256"]:
            raise files.DamagedFileError(f"'{path}' does not match its checksum")
        return Cached(*files.read_arrays(path))
    except (files.DamagedFileError, OSError, KeyError, TypeError) as error:
        if not silent:
            warnings.warn(f"a cached data set is damaged and is made again: {error}", stacklevel=3)
        return None


def _warn_not_kept(name: str, error: Exception) -> None:
    warnings.warn(
        f"'{name}' is not kept in the cache folder '{folder()}': {error}. It will be made again "
        "next time. Set HARNESS_CACHE to a folder that can be written.",
        stacklevel=3,
    )
