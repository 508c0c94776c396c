"""Files that are whole or absent: written beside, synced, renamed; checked by their hash."""

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
    """A file that is not what was written. The message names it."""


def write(path: Path, content: bytes) -> str:
    """Put `content` at `path` at once or not at all. Returns its SHA-256.

    Raises `CannotWriteError` where the disk is full or does not let us.
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
    """Write JSON that a person can read. Returns its SHA-256."""
    return write(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises `DamagedFileError` where it cannot be read."""
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
    told = json.dumps(metadata)
    # One entry only: safetensors writes several in an order that differs from run to run.
    header = {"sha256": _checksum(contiguous, told), "metadata": told}
    return write(path, save(contiguous, {"harness": json.dumps(header)}))


def _checksum(arrays: Mapping[str, np.ndarray], metadata: str) -> str:
    """What a file says of its own content, so that a flipped bit is noticed."""
    digest = hashlib.sha256(metadata.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and metadata of a safetensors file. Raises `DamagedFileError`."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})["harness"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["sha256"] != _checksum(arrays, header["metadata"]):
            raise ValueError("it is not as it was written")
        return arrays, json.loads(header["metadata"])
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise DamagedFileError(f"'{path}' cannot be read: {error}") from error


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """A short hash of a JSON-able value, whatever the order of its keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
