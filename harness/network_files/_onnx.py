"""Read the weights of an ONNX model in a separate process; files beside it are not read.

Run as a script, `_onnx.py FILE FOLDER LARGEST`. It imports nothing from the harness, prints one
JSON object, and saves array n as n.npy in FOLDER unless all claim more than LARGEST entries.
"""

import json
import sys
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

_LAYERS = ("MatMul", "Gemm", "Conv")


def contents(source: str, folder: Path, largest: int) -> dict[str, Any]:
    """Return the headers of the weights of matrix products and convolutions, in graph order."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        return {"missing": True}
    graph = onnx.load(source, load_external_data=False).graph
    weights = {one.name: one for one in graph.initializer}
    headers, taken = [], []
    for node in graph.node:
        held = [name for name in node.input[:2] if name in weights]
        if node.op_type not in _LAYERS or len(held) != 1:
            continue
        one = weights[held[0]]
        turned = node.op_type == "MatMul" or (node.op_type == "Gemm" and not _transposed(node))
        shape = tuple(one.dims)
        elsewhere = one.data_location == onnx.TensorProto.EXTERNAL
        number = onnx.helper.tensor_dtype_to_np_dtype(one.data_type)
        kind = "f" if number.kind == "V" else number.kind
        headers.append(
            {"name": one.name, "shape": shape[::-1] if turned else shape, "kind": kind}
            | {"dtype": str(number), "elsewhere": elsewhere}
        )
        taken.append((one, turned))
    if sum(prod(header["shape"]) for header in headers) <= largest:
        for place, (header, (one, turned)) in enumerate(zip(headers, taken, strict=True)):
            if header["kind"] in "biuf" and not header["elsewhere"]:
                array = numpy_helper.to_array(one)
                array = array.astype(float) if header["kind"] == "f" else array
                np.save(folder / f"{place}.npy", array.T if turned else array)
    return {"arrays": headers}


def _transposed(node: Any) -> bool:
    """Return whether a Gemm multiplies by its weights transposed: then they are out x in."""
    return any(one.name == "transB" and one.i for one in node.attribute)


if __name__ == "__main__":
    try:
        record = contents(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    except Exception as error:  # whatever protobuf raises for a damaged file
        record = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(record))
