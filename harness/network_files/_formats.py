"""File formats of arrays: readers of headers, and how to load each array.

A reader takes the path and a stack for what must be closed. It reads only headers, so that files
which claim too much are refused before anything is allocated.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import UserError

from ._choices import LARGEST
from ._names import printable, quoted
from ._pickles import objects_refused

HDF5_SECONDS = 60.0
"""The time limit for an HDF5 file, plus one second for each 10 MB."""


@dataclass(frozen=True)
class Stored:
    """One array in a file: its header, any problem with its kind, and how to load it."""

    name: str
    shape: tuple[int, ...]
    problem: str
    load: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Contents:
    """The arrays of a file; `ordered` if the file itself gives their order."""

    arrays: Sequence[Stored]
    notes: Sequence[str] = ()
    ordered: bool = False


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
        message = printable(f"{type(error).__name__}: {error}")
        raise UserError(
            f"{where} cannot be read as {path.suffix.lower()}: {message[:300]}. It is damaged, cut "
            "short or of another kind: write it again."
        ) from error


def refuse_bomb(unpacked: int, stored: int) -> None:
    """Raise ValueError if stored bytes claim to unpack to far more, as no network's do."""
    if unpacked > 2**24 + 500 * stored:
        raise ValueError(f"{stored:,} bytes unpack to {unpacked:,} or more, over 500 for each")


def npz(path: Path, stack: ExitStack) -> Contents:
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
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"'{printable(path)}' holds {quoted(twice)} twice. Write it again.")
    arrays, others = [], []
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename:
            others.append(quoted(name))
            continue

        def opened(member: zipfile.ZipInfo = member) -> Any:
            return archive.open(member)

        with decoding(path, name):
            arrays.append(_npy_array(path, name, opened, member.file_size))
    notes = [f"left out, no arrays: {', '.join(others)}"] if others else []
    return Contents(arrays, notes)


def npy(path: Path, stack: ExitStack) -> Contents:
    """Return the one array of a .npy file."""
    return Contents([_npy_array(path, None, lambda: path.open("rb"), path.stat().st_size)])


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

    return Stored(name or path.stem, shape, _problem(dtype.kind, str(dtype)), load)


def safetensors(path: Path, stack: ExitStack) -> Contents:
    """Return the tensors of a .safetensors file; PyTorch's pairs of weight and mask become one."""
    from safetensors import safe_open

    file = stack.enter_context(safe_open(path, framework="numpy"))
    names = list(file.keys())
    notes, arrays = [], []
    for name in names:
        base = name.removesuffix("_orig").removesuffix("_mask")
        pair = {f"{base}_orig", f"{base}_mask"} <= set(names)
        if pair and name.endswith("_mask"):
            continue
        slices = file.get_slice(name)
        shape, kind = tuple(slices.get_shape()), slices.get_dtype()
        problem = f"holds complex numbers ({kind}). {_REAL}" if kind.startswith("C") else ""

        def load(name: str = name, base: str = base, pair: bool = pair) -> np.ndarray:
            if not pair:
                return file.get_tensor(name)
            return file.get_tensor(f"{base}_orig") * (file.get_tensor(f"{base}_mask") != 0)

        if pair:
            notes.append(f"{quoted(base)} was read as its _orig times its _mask")
            if tuple(file.get_slice(f"{base}_mask").get_shape()) != shape:
                raise UserError(
                    f"'{printable(path)}': {quoted(base + '_mask')} has not the shape of "
                    f"{quoted(name)}, {shape}. Call prune.remove before saving."
                )
        arrays.append(Stored(base if pair else name, shape, problem, load))
    return Contents(arrays, notes)


def keras(path: Path, stack: ExitStack) -> Contents:
    """Return the kernels of a Keras model or weights file, in the order of layers if it has one."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
    record = _by_hdf5(path, folder)
    if "missing" in record:
        raise UserError(
            f"'{printable(path)}' is an HDF5 file, which needs h5py: pip install 'h5py>=3.11'"
        )
    if "error" in record:
        raise ValueError(record["error"])
    if not record["kernels"]:
        has = ", ".join(map(quoted, record["others"][:8])) or "none at all"
        raise UserError(
            f"'{printable(path)}' holds no dataset named kernel. It has: {has}. Save it with "
            "Keras's save_weights, or write an .npz with a matrix for each layer."
        )
    arrays = []
    for number, header in enumerate(record["kernels"]):
        problem = _problem(header["kind"], header["dtype"])
        if header["elsewhere"]:
            problem = "is stored in another file, which is not read. Write all into one file."

        def load(number: int = number) -> np.ndarray:
            return np.load(folder / f"{number}.npy", allow_pickle=False)

        arrays.append(Stored(header["name"], tuple(header["shape"]), problem, load))
    others = ", ".join(map(quoted, record["others"]))
    return Contents(arrays, [f"left out, no kernels: {others}"] if others else [], ordered=True)


def _by_hdf5(path: Path, folder: Path) -> dict[str, Any]:
    """Run `_hdf5.py`, which saves the file's kernels in `folder`. Returns its record."""
    script = Path(__file__).with_name("_hdf5.py")
    # -P keeps modules beside the script from replacing those of Python.
    command = [sys.executable, "-P", str(script), str(path.absolute()), str(folder), str(LARGEST)]
    seconds = HDF5_SECONDS + path.stat().st_size / 1e7
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise ValueError(f"HDF5 did not finish within {seconds:.0f} s") from None
    if done.returncode:
        raise ValueError(f"HDF5 ended with status {done.returncode}")
    return json.loads(done.stdout)


_REAL = "Weights are real numbers; store them, or a mask of 0 and 1."


def _problem(kind: str, dtype: str) -> str:
    if kind in "biuf":
        return ""
    if kind == "c":
        return f"holds complex numbers ({dtype}). {_REAL}"
    return f"holds no numbers, but {printable(dtype)[:80]}. {_REAL}"
