"""Atomic files: each is written under another name, synced and renamed, and checked by its hash."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import CannotWriteError

if TYPE_CHECKING:
    import pandas as pd


class DamagedFileError(Exception):
    """A file differs from what was written. The message names it."""


def write(path: Path, content: bytes) -> str:
    """Write `content` to `path` completely or not at all. Returns its SHA-256.

    Raises `CannotWriteError` if the disk is full or does not allow writing.
    """
    try:
        _replace(path, content)
    except OSError as error:
        raise CannotWriteError(path, error) from error
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> str:
    """Write indented JSON. Returns its SHA-256."""
    return write(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises `DamagedFileError` if it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, OSError) as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def write_table(path: Path, table: "pd.DataFrame") -> str:
    """Write a table as Parquet. Returns its SHA-256."""
    import io

    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return write(path, buffer.getvalue())


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
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})["harness"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["sha256"] != _checksum(arrays, header["metadata"]):
            raise ValueError("its content does not match its checksum")
        return arrays, json.loads(header["metadata"])
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """Return a short hash of a JSON-able value, the same for any order of its keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
