"""Formats whose libraries run in a process of their own: damaged files can hang or crash them."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import UserError

from ._choices import Choices, most_entries
from ._formats import Contents, Stored, problem_of, refuse_bomb
from ._names import listed, printable

SECONDS = 60.0
"""The time limit for a file, plus one second for each 10 MB."""
_MODEL = "model.weights.h5"


def hdf5(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the kernels of a Keras model or weights file; without kernels, all its matrices."""
    record, arrays = _by_process("_hdf5.py", path, stack)
    if "missing" in record:
        raise UserError(
            f"'{printable(path)}' is an HDF5 file, which needs h5py: pip install 'h5py>=3.11'"
        )
    kernels = [one for one in arrays if one.name.split("/")[-1].split(":")[0] == "kernel"]
    if not kernels:  # `save_weights` of Keras 3: layers/<layer>/vars/<number>
        kernels = [one for one in arrays if one.name.endswith("vars/0")]
    if choices.arrays or not kernels:
        return Contents(arrays, order="none", layout="in-out" if kernels else None)
    others = [one.name for one in arrays if one not in kernels]
    notes = [f"left out, no kernels: {listed(others)}"] if others else []
    return Contents(kernels, notes, "model" if record["ordered"] else "none", "in-out")


def keras(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the kernels of a .keras archive: those of the HDF5 file in it."""
    archive = stack.enter_context(zipfile.ZipFile(path))
    if _MODEL not in archive.namelist():
        raise UserError(f"'{printable(path)}' holds no {_MODEL}. Save the model by Keras 3.")
    member = archive.getinfo(_MODEL)
    refuse_bomb(member.file_size, member.compress_size)
    weights = _folder(stack) / _MODEL
    with archive.open(member) as source, weights.open("wb") as target:
        shutil.copyfileobj(source, target)
    return hdf5(weights, stack, choices)


def torch(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the tensors of a PyTorch file, opened with `weights_only=True`."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            refuse_bomb(sum(one.file_size for one in archive.infolist()), path.stat().st_size)
    record, arrays = _by_process("_torch.py", path, stack)
    if "missing" in record:
        raise UserError(
            f"'{printable(path)}' needs torch 2.6 or newer, which opens weights alone safely; here "
            f"is {printable(record['missing'])}. Install it, or convert the file elsewhere."
        )
    return Contents(arrays, order="stored")


def onnx(path: Path, stack: ExitStack, choices: Choices) -> Contents:
    """Return the weights of the layers of an ONNX model, in its order, out x in."""
    record, arrays = _by_process("_onnx.py", path, stack)
    if "missing" in record:
        raise UserError(f"'{printable(path)}' is an ONNX model, which needs: pip install onnx")
    return Contents(arrays, order="model", layout="out-in")


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))


def _by_process(script: str, path: Path, stack: ExitStack) -> tuple[dict[str, Any], list[Stored]]:
    """Run a script, which saves the arrays of a file; return its record and the arrays."""
    folder = _folder(stack)
    source = Path(__file__).with_name(script)
    # -P keeps modules beside the script from replacing those of Python.
    command = [
        sys.executable,
        "-P",
        str(source),
        str(path.absolute()),
        str(folder),
        str(most_entries()),
    ]
    seconds = SECONDS + path.stat().st_size / 1e7
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise ValueError(f"reading did not finish within {seconds:.0f} s") from None
    if done.returncode:
        raise ValueError(f"reading ended with status {done.returncode}")
    record = json.loads(done.stdout.splitlines()[-1])
    if "error" in record:
        raise ValueError(record["error"])
    return record, _stored(record.get("arrays", ()), folder)


def _stored(headers: Sequence[dict[str, Any]], folder: Path) -> list[Stored]:
    arrays = []
    for number, header in enumerate(headers):
        problem = problem_of(header["kind"], header["dtype"])
        if header.get("elsewhere"):
            problem = "is stored in another file, which is not read. Write all into one file."
        if header.get("unstored"):
            problem = f"claims {header['unstored']:,} bytes, which are not in the file. Write them."

        def load(number: int = number) -> np.ndarray:
            return np.load(folder / f"{number}.npy", allow_pickle=False)

        arrays.append(Stored(header["name"], tuple(header["shape"]), problem, load))
    return arrays
