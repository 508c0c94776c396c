"""What a reader may be told about a file, beside its layout, threshold and list of nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.machine.memory import available

LARGEST = 2**31
"""The most entries that the arrays of a file may claim together, whatever the memory."""

_BYTES = 16
"""Bytes of memory for each entry: float64 as read, which weights are edges, and copies."""


def most_entries() -> int:
    """Return the most entries that the arrays of a file may claim: `LARGEST`, or what fits."""
    return min(LARGEST, available() // _BYTES)


@dataclass(frozen=True)
class Choices:
    """How to read a file where it does not say so itself.

    For tables: `columns` are source, target and perhaps weight, by name or number from 1; `where`
    keeps the rows with these values of columns, as "column=value"; values of one column are
    alternatives. `undirected` reads each edge in both directions.

    For arrays: `digraph` reads a square array as the adjacency matrix of a digraph, rows are
    sources; `arrays` are the names to take, input layer first; `skip` are patterns of names to
    leave out; `channels` True reads the kernels of convolutions as graphs of channels, False reads
    three axes as an ensemble, (networks, a, b); `allow_pt` opens a PyTorch file, with
    `weights_only=True` in a process of its own.

    `weights` keeps the weights of the edges beside their wiring.
    """

    columns: Sequence[str] = ()
    where: Sequence[str] = ()
    undirected: bool = False
    digraph: bool = False
    arrays: Sequence[str] = ()
    skip: Sequence[str] = ()
    channels: bool | None = None
    allow_pt: bool = False
    weights: bool = False


AS_THE_FILE_SAYS = Choices()


class Edges(NamedTuple):
    """Edges by the places of their nodes in `names`; repeated ones and self-loops are allowed."""

    where: str
    names: tuple[str, ...]
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    undirected: bool = False
    notes: tuple[str, ...] = ()
