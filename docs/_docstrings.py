"""Docstrings of this project, in plain Markdown, as reStructuredText for Sphinx's autodoc."""

import re
from typing import Any

_SPAN = re.compile(r"(``.+?``|`[^`]+`|\*\*[^*\s][^*]*\*\*)")


def _prose(line: str) -> str:
    """Return a line with code spans as literals and every other special character escaped."""
    parts = _SPAN.split(line)
    for place, part in enumerate(parts):
        if place % 2 and part.startswith("`"):
            parts[place] = f"``{part.strip('`')}``\\ "
        elif not place % 2:
            parts[place] = re.sub(r"([*|_`\\])", r"\\\1", part)
    text = "".join(parts)
    return re.sub(r"\\ (?=$|[\s.,:;)!?])", "", text)


def _is_code(line: str, before: str) -> bool:
    """Return whether an indented line begins a formula or code, and does not go on with a list."""
    return line.startswith("    ") and not before.strip()


def as_rst(lines: list[str]) -> list[str]:
    """Return the lines of a docstring as reStructuredText: formulas are literal blocks."""
    made: list[str] = []
    inside = False
    for before, line in zip(["", *lines], lines, strict=False):
        if inside and line.strip() and not line.startswith("    "):
            inside = False
        if not inside and _is_code(line, before):
            made += ["::", ""]
            inside = True
        item = re.match(r"\s*- ", line)
        if item and before.strip() and not re.match(r"\s*- |\s{2,}", before):
            made.append("")
        made.append(line if inside else _prose(line))
    return made


_SHORTER = {
    "jaxlib._jax.Array": "Array",
    "Key[Array, ''] | UInt32[Array, '2'] | UInt32[Array, '4']": "Key",
    "dict[str, Float[Array, '...']]": "Weights",
    "dict[str, Bool[Array, '...']]": "Masks",
    "np.ndarray": "ndarray",
}
"""The names that the code itself writes: see `harness.types`."""


def _shorter(signature: str | None) -> str | None:
    if signature is None:
        return None
    signature = re.sub(r"~(?:[a-z_]+\.)+", "", signature)
    signature = re.sub(r"<function (\w+)(?: at \w+)?>", r"\1", signature)
    for long, short in _SHORTER.items():
        signature = signature.replace(long, short)
    return signature


def setup(app: Any) -> dict[str, bool]:
    """Convert every docstring and signature that autodoc reads."""

    def convert(app: Any, what: str, name: str, it: Any, options: Any, lines: list[str]) -> None:
        lines[:] = as_rst(lines)

    def sign(
        app: Any, what: str, name: str, it: Any, options: Any, given: str, returned: str
    ) -> tuple[str | None, str | None]:
        return _shorter(given), _shorter(returned)

    def skip(app: Any, what: str, name: str, it: Any, skipped: bool, options: Any) -> bool | None:
        return True if (it.__doc__ or "").startswith("Alias for field number") else None

    app.connect("autodoc-process-docstring", convert)
    app.connect("autodoc-process-signature", sign)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
