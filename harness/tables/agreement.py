"""Whether two spreadsheets say the same, whichever processor rounded their numbers."""

import csv
import io

import numpy as np

ROUNDING = 1e-9
"""Numbers agree within this share of the larger of them, or of the largest of their column.

The last digits of a sum depend on the processor: BLAS adds in another order on each kind. They move
by 1e-13 or so; what a reader sees has six digits at most."""


def agree(one: bytes, other: bytes) -> bool:
    """Return whether two CSV files have the same cells: text as it is, numbers up to `ROUNDING`."""
    left, right = (list(csv.reader(io.StringIO(text.decode()))) for text in (one, other))
    if [len(row) for row in left] != [len(row) for row in right]:
        return False
    return all(_same(*columns) for columns in zip(_columns(left), _columns(right), strict=True))


def _columns(rows: list[list[str]]) -> list[tuple[str, ...]]:
    return list(zip(*rows, strict=True))


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    differing = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    try:
        a, b = np.array(differing, dtype=float).reshape(-1, 2).T
    except ValueError:
        return False
    if not np.isfinite([a, b]).all():
        return False
    scale = np.maximum(_largest(one), np.maximum(abs(a), abs(b)))
    return bool(np.all(abs(a - b) <= ROUNDING * scale))


def _largest(column: tuple[str, ...]) -> float:
    return max((size for text in column[1:] if np.isfinite(size := _size(text))), default=0.0)


def _size(text: str) -> float:
    try:
        return abs(float(text))
    except ValueError:
        return 0.0
