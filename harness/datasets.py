"""Data tools for authors of tasks: split rows in three, scale columns on the training rows."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import Array, Shaped

from harness.types import Batch

SHARES = (0.64, 0.16)
"""The shares of training and of validation rows; the others are for the test."""


def split(
    inputs: Shaped[np.ndarray, "rows ..."],
    targets: Shaped[np.ndarray, "rows ..."],
    shares: tuple[float, float] = SHARES,
) -> tuple[Batch, Batch, Batch]:
    """Return the training, validation and test rows, in their order in the data.

    `shares` are those of training and validation; the test has the rest.
    """
    ends = np.cumsum([round(share * len(inputs)) for share in shares])
    pieces = zip(np.split(inputs, ends), np.split(targets, ends), strict=True)
    train, validation, test = (Batch(*piece) for piece in pieces)
    return train, validation, test


def scaled(
    splits: tuple[Batch, Batch, Batch],
) -> tuple[tuple[Batch, Batch, Batch], dict[str, np.ndarray]]:
    """Return the splits scaled so that training columns run from -1/2 to 1/2, and the scales.

    The scales are `input_low`, `input_range`, `target_low` and `target_range`, by column: scaled
    values are (value - low) / range - 1/2.
    """
    scales: dict[str, np.ndarray] = {}
    for name, table in zip(("input", "target"), splits[0], strict=True):
        low, high = np.min(table, axis=0), np.max(table, axis=0)
        scales |= {f"{name}_low": low, f"{name}_range": high - low}

    def one(rows: Batch) -> Batch:
        return Batch(
            (rows.inputs - scales["input_low"]) / scales["input_range"] - np.float32(0.5),
            (rows.targets - scales["target_low"]) / scales["target_range"] - np.float32(0.5),
        )

    train, validation, test = map(one, splits)
    return (train, validation, test), scales


def unscaled(
    rows: Shaped[Array | np.ndarray, "rows _columns"],
    scales: Mapping[str, np.ndarray],
    of: Literal["input", "target"],
) -> Shaped[Array | np.ndarray, "rows _columns"]:
    """Return rows of inputs or of targets converted back to units; `scales` come from `scaled`."""
    return (rows + 0.5) * scales[f"{of}_range"][None] + scales[f"{of}_low"][None]
