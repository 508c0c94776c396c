"""Read the datasets of an HDF5 file in a separate process: damaged files can hang or crash HDF5.

Run as a script, `_hdf5.py FILE FOLDER LARGEST`. It imports nothing from the harness, prints one
JSON object, and saves dataset n as n.npy in FOLDER unless all claim more than LARGEST entries.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np


def contents(source: str, folder: Path, largest: int) -> dict[str, Any]:
    """Return the headers of all datasets but an optimiser's, in the order of the model if known."""
    try:
        import h5py
    except ImportError:
        return {"missing": True}
    with h5py.File(source, "r") as file:
        datasets: dict[str, Any] = {}

        # Visits only what this file itself holds: links to other files are not followed.
        def visit(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
                datasets[name] = item

        file.visititems(visit)
        layers = _layers(file, datasets)
        names = sorted(datasets, key=lambda name: (_place(name, layers), _natural(name)))
        headers = [_header(name, datasets[name]) for name in names]
        if sum(prod(header["shape"]) for header in headers) <= largest:
            for number, header in enumerate(headers):
                if header["kind"] in "biuf" and not header["elsewhere"] and not header["unstored"]:
                    np.save(folder / f"{number}.npy", datasets[header["name"]][()])
        return {"arrays": headers, "ordered": bool(layers)}


def _header(name: str, dataset: Any) -> dict[str, Any]:
    # Chunks that were never written, or that compress too well, would fill the memory.
    size, stored = dataset.nbytes, dataset.id.get_storage_size()
    return {
        "name": name,
        "shape": dataset.shape or (),
        "kind": dataset.dtype.kind,
        "dtype": str(dataset.dtype),
        "elsewhere": bool(dataset.is_virtual or dataset.external),
        "unstored": int(size) if size > 2**24 + 500 * stored else 0,
    }


def _layers(file: Any, datasets: Iterable[str]) -> list[str]:
    whole = any(name.startswith("model_weights/") for name in datasets)  # visited, so no link
    names = (file["model_weights"] if whole else file).attrs.get("layer_names", ())
    return [n.decode(errors="replace") if isinstance(n, bytes) else str(n) for n in names]


def _place(name: str, layers: Sequence[str]) -> int:
    within = name.removeprefix("model_weights/")
    fits = [place for place, layer in enumerate(layers) if within.startswith(f"{layer}/")]
    return fits[-1] if fits else len(layers)


def _natural(name: str) -> list[tuple[str, int, str]]:
    """Return the sort key of `_names.natural`, which a script cannot import."""
    parts = ((text, digits.lstrip("0")) for text, digits in re.findall("([^0-9]*)([0-9]*)", name))
    return [(text, len(digits), digits) for text, digits in parts]


if __name__ == "__main__":
    try:
        record = contents(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    except Exception as error:  # whatever HDF5 raises for a damaged file
        record = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(record))
