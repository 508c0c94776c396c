"""Atomic files: each is written under another name, synced and renamed, and checked by its hash."""

import hashlib
import io
import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from harness.errors import CannotWriteError, UserError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


DEEPEST = 100
"""Values nested deeper are refused: many functions would exceed Python's stack."""


class DamagedFileError(Exception):
    """A file differs from what was written. The message names it."""


def write(path: Path, content: bytes) -> str:
    """Write `content` to `path` completely or not at all. Returns its SHA-256.

    Raises `CannotWriteError` if the disk is full or does not allow writing.
    """
    with replacing(path) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write that replaces the one at `path` if nothing is raised inside.

    Raises `CannotWriteError` as `write`.
    """
    try:
        with _beside(path) as file:
            yield file
    except OSError as error:
        raise CannotWriteError(path, error) from error


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows opens no folders, and NTFS logs their changes
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> str:
    """Write indented JSON. Returns its SHA-256."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return write(path, text.encode(errors="backslashreplace"))


def opened(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a regular file as a descriptor. Raises `OSError` for a link, a pipe or a device."""
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o644)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("it is no regular file")
    return handle


def read(path: Path) -> bytes:
    """Return the content of a regular file. Raises `DamagedFileError` if it cannot be read."""
    try:
        with os.fdopen(opened(path), "rb") as file:
            return file.read()
    except OSError as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises `DamagedFileError` if it cannot be read."""
    content = read(path)
    try:
        return parsed_json(content)
    except ValueError as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def parsed_json(text: str | bytes) -> Any:
    """Return the value of a JSON text. Raises `ValueError`, also if it is nested too deep."""
    try:
        return _shallow(json.loads(text))
    except RecursionError:
        raise ValueError(f"it is nested over {DEEPEST} deep") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file. Raises `DamagedFileError` if it cannot be read."""
    content = read(path)
    try:
        table: dict[str, Any] = _shallow(tomllib.loads(content.decode()))
        return table
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def _shallow(value: Any) -> Any:
    """Return a nested value. Raises `ValueError` if it is nested too deep."""
    within = [value]
    for _ in range(DEEPEST):
        containers = (part for part in within if isinstance(part, dict | list))
        within = [
            inner
            for part in containers
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not within:
            return value
    raise ValueError(f"it is nested over {DEEPEST} deep")


def expanded(text: str | Path) -> Path:
    """Return a path with `~` replaced. Raises `UserError` for a user that does not exist."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UserError(f"'{text}' names the home of an unknown user. Give a whole path.") from None


def write_table(path: Path, table: "pd.DataFrame") -> str:
    """Write a table as Parquet. Returns its SHA-256."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return write(path, buffer.getvalue())


def read_arrow(
    path: Path, checksum: str | None = None, columns: Collection[str] | None = None
) -> "pa.Table":
    """Return a Parquet file as an Arrow table, or those of some columns that it has.

    Raises `DamagedFileError` if it is no table, or has another SHA-256 than `checksum`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = read(path)
    if checksum is not None and hashlib.sha256(content).hexdigest() != checksum:
        raise DamagedFileError(f"'{path}' differs from what was written")
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        known = None if columns is None else [n for n in file.schema_arrow.names if n in columns]
        return file.read(columns=known, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedFileError(f"'{path}' is no table: {error}") from error


def read_table(
    path: Path, checksum: str | None = None, columns: Collection[str] | None = None
) -> "pd.DataFrame":
    """Return a Parquet file as a table, or some of its columns. Raises as `read_arrow`."""
    table = read_arrow(path, checksum, columns)
    try:
        return table.to_pandas()
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise DamagedFileError(f"'{path}' is no table: {error}") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> str:
    """Write arrays as safetensors, with metadata as JSON in its header. Returns its SHA-256."""
    from safetensors.numpy import save

    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(metadata)
    # One entry only: safetensors writes several in an order that differs from run to run.
    header = {"sha256": _checksum(contiguous, text), "metadata": text}
    return write(path, save(contiguous, {"harness": json.dumps(header)}))


def _checksum(arrays: Mapping[str, np.ndarray], metadata: str) -> str:
    """Return a hash of a file's content, which the file stores to reveal a flipped bit."""
    digest = hashlib.sha256(metadata.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and metadata of a safetensors file. Raises `DamagedFileError`."""
    from safetensors import SafetensorError, safe_open

    try:
        os.close(opened(path))
        with safe_open(path, framework="numpy") as file:
            header = parsed_json((file.metadata() or {})["harness"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["sha256"] != _checksum(arrays, header["metadata"]):
            raise ValueError("its content does not match its checksum")
        return arrays, parsed_json(header["metadata"])
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content. Raises `OSError` if it is no regular file."""
    with os.fdopen(opened(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def intact(path: Path, checksum: str) -> bool:
    """Return whether a regular file has this SHA-256."""
    try:
        return digest(path) == checksum
    except OSError:
        return False


def fingerprint(value: Any) -> str:
    """Return a short hash of a JSON-able value, the same for any order of its keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
