"""A model with its data, on which the rules of tasks and architectures are tried."""

from functools import cached_property
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.model import Model
from harness.testing._surroundings import compiling_as_ever, drawn_before
from harness.testing._tiny import tiny_model
from harness.types import Batch, Network, TaskData


class Subject:
    """A model with its data, a network and a batch, everything made once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.keys = jax.random.split(jax.random.key(0), 3)

    @cached_property
    def drawn(self) -> tuple[TaskData, TaskData, TaskData]:
        """The data of seed 0: once, again at once, and after other work.

        The task may keep them for later runs, so they are computed as in a run.
        """
        with compiling_as_ever():
            with drawn_before(0):
                data = self.model.task.data(seed=0)
            with drawn_before(0):
                again = self.model.task.data(seed=0)
            with drawn_before(1):
                tiny_model().task.data(seed=1)
                return data, again, self.model.task.data(seed=0)

    @property
    def data(self) -> TaskData:
        """The data of seed 0."""
        return self.drawn[0]

    @cached_property
    def network(self) -> Network:
        """The network of the first key."""
        with drawn_before(0):
            return self.model.network(key=self.keys[0])

    @cached_property
    def batch(self) -> Batch:
        """Some training rows."""
        return Batch(*(jnp.asarray(part[:32]) for part in self.data.train))


def same(one: TaskData, other: TaskData) -> bool:
    """Return whether two data sets are equal in every row."""
    pairs = zip(
        (*one.train, *one.validation, *one.test),
        (*other.train, *other.validation, *other.test),
        strict=True,
    )
    return all(np.array_equal(a, b) for a, b in pairs)


def arrays(network: Network) -> list[Any]:
    """Return the trained arrays of a network."""
    return jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))
