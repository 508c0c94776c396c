"""Numbers that are not finite, found where they enter: in data and in scores."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from harness.types import Masks, Quantity, TaskData


class _Network(NamedTuple):
    number: Int[Array, ""]
    diverged: Bool[Array, ""]


_pruned: ContextVar[_Network | None] = ContextVar("pruned", default=None)
_told: ContextVar[set[tuple[str, int]] | None] = ContextVar("told", default=None)


@contextmanager
def pruning(number: Int[Array, ""], diverged: Bool[Array, ""]) -> Iterator[None]:
    """Say whose scores are looked at inside, and whether its weights are not finite themselves."""
    before = _pruned.set(_Network(number, diverged))
    try:
        yield
    finally:
        _pruned.reset(before)


def explanation(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """Which scores are not finite within a function of these arguments that prunes, or None.

    The leaves, and the numbers of the networks. The function is traced anew, to tell of its scores
    while it runs: in every program of every run that would cost time and memory.
    """
    found: set[tuple[str, int]] = set()
    before = _told.set(found)
    try:
        # A function of its own, for what was traced of the other tells of nothing.
        jax.block_until_ready(jax.jit(lambda *given: function(*given))(*arguments))
        jax.effects_barrier()
    finally:
        _told.reset(before)
    if not found:
        return None
    leaves, networks = (sorted(set(part)) for part in zip(*found, strict=True))
    named = ", ".join(f"'{leaf}'" for leaf in leaves)
    return f"the scores of {named} are not finite in network {', '.join(map(str, networks))}"


def _tell(found: set[tuple[str, int]], leaf: str, fine: Any, number: Any) -> None:
    if not fine:
        found.add((leaf, int(number)))


def scored(scores: Mapping[str, Shaped[Array, "..."]], candidates: Masks) -> Bool[Array, ""]:
    """Whether every candidate has a finite score, in the float32 in which scores are compared.

    True for a network that has diverged: it is marked as such, and left out of statistics.

    Raises `TypeError` where scores are complex.
    """
    network, told = _pruned.get(), _told.get()
    sound = []
    for name in sorted(scores):
        if jnp.iscomplexobj(scores[name]):
            raise TypeError(f"the scores of '{name}' are {scores[name].dtype}: scores are real")
        finite = jnp.isfinite(scores[name].astype(jnp.float32))
        sound.append(jnp.all(finite | ~candidates[name]))
        if network is not None:
            sound[-1] = sound[-1] | network.diverged
            if told is not None:
                jax.debug.callback(partial(_tell, told, name), sound[-1], network.number)
    return jnp.stack(sound).all()


def check_data(data: TaskData) -> None:
    """Raise `ValueError` where a split has values that are not finite, naming split and column."""
    columns = {"inputs": data.inputs, "targets": data.outputs}
    for split in ("train", "validation", "test"):
        for part, named in columns.items():
            values = np.asarray(getattr(getattr(data, split), part))
            if np.issubdtype(values.dtype, np.inexact) and not np.isfinite(values).all():
                where = _where(values, named)
                raise ValueError(f"the {part} of the {split} split are not all finite: {where}")


def _where(values: np.ndarray, named: tuple[Quantity, ...]) -> str:
    """How many values are not finite, and where the first of them is."""
    places = np.argwhere(~np.isfinite(values))
    row, *column = places[0].tolist()
    name = ", ".join(map(str, column))
    if len(column) == 1 and len(named) == values.shape[1]:
        name = f"'{named[column[0]].name}'"
    place = f"row {row}" + (f", column {name}" if column else "")
    first = f"the first is {values[tuple(places[0])]} in {place}"
    return f"{len(places)} of {values.size} values; {first}"
