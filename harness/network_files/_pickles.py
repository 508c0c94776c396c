"""Refusal of pickles, which can run code when opened, with a command that converts them."""

import json
import shlex
from pathlib import Path

from harness.errors import UserError

from ._names import printable

_TORCH = {".pt": "", ".pth": "", ".bin": "", ".ckpt": '["state_dict"]'}
_PICKLE = {".pkl", ".pickle", ".joblib"}


def refuse_pickle(path: Path) -> None:
    """Raise UserError if a file's suffix says that it is a pickle."""
    suffix = path.suffix.lower()
    if suffix in _TORCH:
        load = f'torch.load({_text(path)}, weights_only=True, map_location="cpu"){_TORCH[suffix]}'
        new = _text(path.with_suffix(".safetensors"))
        line = _line(f"import torch, safetensors.torch as s; s.save_file({load}, {new})")
        raise UserError(
            f"'{printable(path)}' is a pickle. Opening one can run code, so it is not opened. Give "
            "--allow-pt to open it in a process of its own, weights only, or convert it with: "
            f"{line}"
        )
    if suffix in _PICKLE:
        code = f"{_importing(suffix)}; {_into_npz(path)}"
        raise UserError(f"'{printable(path)}' is a pickle. {_advice(code)}")


def objects_refused(path: Path, name: str | None) -> str:
    """Return what is wrong with an array of objects; `name` in an archive, None for a .npy file."""
    new = _text(path.with_name(f"{path.stem}-arrays.npz"))
    if name is None:
        opened = f"w = np.load({_text(path)}, allow_pickle=True)"
        # Without axes it holds one object, as from np.save of a dict; with one axis, a list.
        items = "(enumerate(w if w.ndim == 1 else [w]) if w.ndim else w.item().items())"
        each = f'f"w{{k}}": np.array(a, float) for k, a in {items}'
    else:
        opened = f"d = np.load({_text(path)}, allow_pickle=True)"
        items = "enumerate(a if a.ndim == 1 and a.dtype == object else [a])"
        each = f'f"{{k}}_{{i}}": np.array(b, float) for k, a in d.items() for i, b in {items}'
    code = f"import numpy as np; {opened}; np.savez({new}, **{{{each}}})"
    return f"holds Python objects, a pickle. {_advice(code)}"


def _importing(suffix: str) -> str:
    module = "joblib" if suffix == ".joblib" else "pickle"
    return f"import {module}, numpy as np"


def _into_npz(path: Path) -> str:
    source = _text(path)
    opened = (
        f"joblib.load({source})"
        if path.suffix == ".joblib"
        else (f'pickle.load(open({source}, "rb"))')
    )
    new = _text(path.with_suffix(".npz"))
    named = 'w if isinstance(w, dict) else {f"w{i}": a for i, a in enumerate(w)}'
    return f"w = {opened}; np.savez({new}, **({named}))"


def _text(path: Path) -> str:
    """Return a path as a Python string in double quotes: single ones enclose the command."""
    return json.dumps(str(path))


def _advice(code: str) -> str:
    return (
        "Opening one can run code, so it is not opened. Convert it, if you trust its source, with: "
        f"{_line(code)}"
    )


def _line(code: str) -> str:
    return printable(f"python -c {shlex.quote(code)}")
