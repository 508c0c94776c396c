"""Read the tensors of a PyTorch file in a separate process, with `weights_only=True`.

Run as a script, `_torch.py FILE FOLDER LARGEST`. It imports nothing from the harness, prints one
JSON object, and saves tensor n as n.npy in FOLDER unless all claim more than LARGEST entries.
"""

import json
import re
import sys
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

_OLDEST = (2, 6)  # before, weights_only=True ran code of crafted files (CVE-2025-32434)
_STATE = ("state_dict", "model_state_dict", "model", "net", "params")


def contents(source: str, folder: Path, largest: int) -> dict[str, Any]:
    """Return the headers of the tensors of a state dict, in its order."""
    try:
        import torch
    except ImportError:
        return {"missing": "no torch"}
    version = tuple(map(int, re.findall("[0-9]+", torch.__version__)[:2]))
    if version < _OLDEST:
        return {"missing": f"torch {torch.__version__}"}
    held = torch.load(source, map_location="cpu", weights_only=True)
    tensors = _tensors(held, torch.Tensor)
    if not tensors:
        return {"error": f"it holds no state dict, but {type(held).__name__}"}
    headers = [_header(name, one) for name, one in tensors.items()]
    if sum(prod(header["shape"]) for header in headers) <= largest:
        for number, (header, one) in enumerate(zip(headers, tensors.values(), strict=True)):
            if header["kind"] == "f" and not header["unstored"]:
                np.save(folder / f"{number}.npy", one.detach().to_dense().float().numpy())
    return {"arrays": headers}


def _header(name: str, tensor: Any) -> dict[str, Any]:
    # A tensor with strides of 0 has far more entries than it stores.
    entries, stored = tensor.numel(), 0 if tensor.is_sparse else tensor.untyped_storage().nbytes()
    return {
        "name": name,
        "shape": tuple(tensor.shape),
        "kind": "c" if tensor.is_complex() else "f",
        "dtype": str(tensor.dtype),
        "unstored": 4 * entries if entries > 2**22 + 500 * stored else 0,
    }


def _tensors(held: Any, kind: type) -> dict[str, Any]:
    """Return the tensors of a state dict, or of the one that a checkpoint holds by a usual name."""
    if not isinstance(held, dict):
        return {"tensor": held} if isinstance(held, kind) else {}
    found = {str(name): one for name, one in held.items() if isinstance(one, kind)}
    inner: dict = next((held[name] for name in _STATE if isinstance(held.get(name), dict)), {})
    return found or {str(name): one for name, one in inner.items() if isinstance(one, kind)}


if __name__ == "__main__":
    try:
        record = contents(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    except Exception as error:  # whatever torch raises for a damaged file
        record = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    print(json.dumps(record))
