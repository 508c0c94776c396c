"""File formats of arrays: readers of headers, and how to load each array.

A reader takes the path and a stack for what must be closed. It reads only headers, so that files
which claim too much are refused before anything is allocated.
"""

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.errors import UserError

from ._choices import Choices
from ._names import listed, printable, quoted
from ._pickles import objects_refused

Layout = Literal["out-in", "in-out"]


@dataclass(frozen=True)
class Stored:
    """One array in a file: its header, any problem with its kind, and how to load it."""

    name: str
    shape: tuple[int, ...]
    problem: str
    load: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Contents:
    """The arrays of a file, and what its format says of them.

    `order` "model" is that of the layers; "stored" that in which somebody wrote the arrays; "none"
    means that the format sorts them. `layout` is known from the format, `assumed` only usual.
    """

    arrays: Sequence[Stored]
    notes: Sequence[str] = ()
    order: Literal["model", "stored", "none"] = "none"
    layout: Layout | None = None
    assumed: Layout | None = None


@contextmanager
def decoding(path: Path, array: str | None = None) -> Iterator[None]:
    """Turn whatever a decoder raises for a damaged file into an error that names the file.

    It catches all exceptions: zipfile, zlib, lzma, numpy, safetensors and HDF5 raise some twenty
    types for damaged files, and document few of them. Only decoders run inside.
    """
    where = f"'{printable(path)}'" + ("" if array is None else f", array {quoted(array)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UserError:
        raise
    except MemoryError:
        raise UserError(f"{where} exceeds the memory. Store fewer networks per file.") from None
    except Exception as error:
        message = printable(_described(error))
        raise UserError(
            f"{where} cannot be read as {path.suffix.lower()}: {message[:300]}. It is damaged, cut "
            "short or of another kind: write it again."
        ) from error


def _described(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, IndexError):
        return "a line is too short"
    return f"{type(error).__name__}: {error}"


def refuse_bomb(unpacked: int, stored: int, times: int = 500) -> None:
    """Raise ValueError if stored bytes claim to unpack to far more, as no network's do."""
    if unpacked > 2**24 + times * stored:
        raise ValueError(f"{stored:,} bytes unpack to {unpacked:,} or more, over {times} for each")


def npz(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the arrays of a zip archive of .npy files."""
    import zipfile

    archive = stack.enter_context(zipfile.ZipFile(path))
    members = archive.infolist()
    if any(Path(member.filename).name == "data.pkl" for member in members):
        raise UserError(
            f"'{printable(path)}' is a PyTorch archive, a pickle. Opening one can run code, so it "
            "is not opened. Rename it to .pt to get a command that converts it."
        )
    names = [member.filename for member in members]
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise UserError(f"'{printable(path)}' holds {quoted(twice)} twice. Write it again.")
    arrays, others = [], []
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename:
            others.append(name)
            continue

        with decoding(path, name):
            refuse_bomb(member.file_size, member.compress_size)

        def opened(member: zipfile.ZipInfo = member) -> Any:
            return archive.open(member)

        with decoding(path, name):
            arrays.append(_npy_array(path, name, opened, member.file_size))
    notes = [f"left out, no arrays: {listed(others)}"] if others else []
    return Contents(arrays, notes, order="stored", assumed="in-out")


def npy(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the one array of a .npy file."""
    array = _npy_array(path, None, lambda: path.open("rb"), path.stat().st_size)
    return Contents([array], order="stored", assumed="in-out")


def _npy_array(path: Path, name: str | None, opened: Callable[[], Any], size: int) -> Stored:
    with opened() as file:
        version = np.lib.format.read_magic(file)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if header is None:
            raise ValueError(f"format {version} of .npy files is unknown")
        shape, _, dtype = header(file)
        start = file.tell()
    if dtype.hasobject:
        where = f"'{printable(path)}'" + ("" if name is None else f", array {quoted(name)}")
        raise UserError(f"{where} {objects_refused(path, name)}")
    if start + prod(shape) * dtype.itemsize != size:
        raise ValueError(f"its header says {shape} of {dtype}, but it has {size} bytes")

    def load() -> np.ndarray:
        with opened() as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    return Stored(name or path.stem, shape, problem_of(dtype.kind, str(dtype)), load)


_SAFETENSORS = {
    **dict(zip(("BOOL", "U8", "I8", "I16", "U16"), ("?", "u1", "i1", "<i2", "<u2"), strict=True)),
    **dict(zip(("I32", "U32", "I64", "U64"), ("<i4", "<u4", "<i8", "<u8"), strict=True)),
    **dict(zip(("F16", "F32", "F64", "C64"), ("<f2", "<f4", "<f8", "<c8"), strict=True)),
    **{"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"},
    **{"F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"},
    "F8_E8M0": "float8_e8m0fnu",
}


def safetensors(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the tensors of a .safetensors file; the order in it is not that of layers."""
    import ml_dtypes
    from safetensors import safe_open

    with safe_open(path, framework="numpy"):
        pass  # checks that headers fit and that each byte belongs to one tensor
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        headers = json.loads(file.read(start - 8))
    headers.pop("__metadata__", None)
    arrays = []
    for name in sorted(headers):
        shape, kind = tuple(headers[name]["shape"]), headers[name]["dtype"]
        known = _SAFETENSORS.get(kind)
        dtype = np.dtype(getattr(ml_dtypes, known or "", known or "u1"))
        problem = f"holds {printable(kind)}, which is not read. Cast it to float16."
        if known is not None:
            problem = problem_of("f" if dtype.kind == "V" else dtype.kind, kind)

        def load(
            shape: tuple[int, ...] = shape,
            dtype: np.dtype = dtype,
            offset: int = start + headers[name]["data_offsets"][0],
        ) -> np.ndarray:
            return np.fromfile(path, dtype, prod(shape), offset=offset).reshape(shape)

        arrays.append(Stored(name, shape, problem, load))
    return Contents(arrays)


_REAL = "Weights are real numbers; store them, or a mask of 0 and 1."


def problem_of(kind: str, dtype: str) -> str:
    """Return what is wrong with a kind of number, or nothing."""
    if kind in "biuf":
        return ""
    if kind == "c":
        return f"holds complex numbers ({dtype}). {_REAL}"
    return f"holds no numbers, but {printable(dtype)[:80]}. {_REAL}"
