"""Checks for numbers that are not finite, where they enter: in data and in scores."""

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
_failures: ContextVar[set[tuple[str, int]] | None] = ContextVar("failures", default=None)


@contextmanager
def pruning(number: Int[Array, ""], diverged: Bool[Array, ""]) -> Iterator[None]:
    """Name the network whose scores are checked inside, and say whether it has diverged."""
    before = _pruned.set(_Network(number, diverged))
    try:
        yield
    finally:
        _pruned.reset(before)


def explanation(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """Return which leaves and networks get scores that are not finite, or None.

    `function` prunes, given these arguments. It is traced and run again with a callback on its
    scores, which would cost time and memory in every program of every run.
    """
    failures: set[tuple[str, int]] = set()
    before = _failures.set(failures)
    try:
        # A new function: the program that JAX keeps of `function` has no callback.
        jax.block_until_ready(jax.jit(lambda *given: function(*given))(*arguments))
        jax.effects_barrier()
    finally:
        _failures.reset(before)
    if not failures:
        return None
    leaves, networks = (sorted(set(part)) for part in zip(*failures, strict=True))
    named = ", ".join(f"'{leaf}'" for leaf in leaves)
    return f"the scores of {named} are not finite in network {', '.join(map(str, networks))}"


def _record(failures: set[tuple[str, int]], leaf: str, fine: Any, number: Any) -> None:
    if not fine:
        failures.add((leaf, int(number)))


def scored(scores: Mapping[str, Shaped[Array, "..."]], candidates: Masks) -> Bool[Array, ""]:
    """Return whether every candidate has a finite score in float32, in which scores are compared.

    True for a network that has diverged: it is marked as diverged and left out of statistics.

    Raises `TypeError` if scores are complex.
    """
    network, failures = _pruned.get(), _failures.get()
    sound = []
    for name in sorted(scores):
        if jnp.iscomplexobj(scores[name]):
            raise TypeError(f"the scores of '{name}' are {scores[name].dtype}; they must be real")
        finite = jnp.isfinite(scores[name].astype(jnp.float32))
        sound.append(jnp.all(finite | ~candidates[name]))
        if network is not None:
            sound[-1] = sound[-1] | network.diverged
            if failures is not None:
                jax.debug.callback(partial(_record, failures, name), sound[-1], network.number)
    return jnp.stack(sound).all()


def check_data(data: TaskData) -> None:
    """Raise `ValueError` if a split has values that are not finite, naming split and column."""
    columns = {"inputs": data.inputs, "targets": data.outputs}
    for split in ("train", "validation", "test"):
        for part, named in columns.items():
            values = np.asarray(getattr(getattr(data, split), part))
            if np.issubdtype(values.dtype, np.inexact) and not np.isfinite(values).all():
                where = _where(values, named)
                raise ValueError(f"the {part} of the {split} split are not all finite: {where}")


def _where(values: np.ndarray, named: tuple[Quantity, ...]) -> str:
    """Return how many values are not finite, and where the first of them is."""
    places = np.argwhere(~np.isfinite(values))
    row, *column = places[0].tolist()
    name = ", ".join(map(str, column))
    if len(column) == 1 and len(named) == values.shape[1]:
        name = f"'{named[column[0]].name}'"
    place = f"row {row}" + (f", column {name}" if column else "")
    first = f"the first is {values[tuple(places[0])]} in {place}"
    return f"{len(places)} of {values.size} values; {first}"
