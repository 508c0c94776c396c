"""Metrics and pruners that fail, and two that do not."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import pandas as pd

from harness import AbstractMetric, AbstractPruner, ScorePruner, Update, hookimpl, leaf_map
from harness.testing import TinySchedule


@dataclass(frozen=True)
class Edges(AbstractMetric):
    """Edges of each network."""

    name: ClassVar[str] = "edges"
    times: int = 1

    @property
    def columns(self):
        return {"edges": "number of edges"}

    def table(self, trajectory):
        return pd.DataFrame(
            [
                {"level": level, "network": network, "edges": self.times * int(number)}
                for level in range(len(trajectory.levels))
                for network, number in enumerate(
                    sum(mask.sum(axis=(1, 2)) for mask in trajectory.masks(level).values())
                )
            ]
        )

    def measure(self, trajectory):
        return self.table(trajectory)


@dataclass(frozen=True)
class Raising(Edges):
    """Raises."""

    name: ClassVar[str] = "raising"

    def measure(self, trajectory):
        raise RuntimeError("this metric <b>raises</b>")


@dataclass(frozen=True)
class Silent(Edges):
    """Raises without a word, within a library."""

    name: ClassVar[str] = "silent"

    def measure(self, trajectory):
        return jax.tree.map(self.refuse, 1)

    def refuse(self, leaf):
        raise AssertionError


@dataclass(frozen=True)
class Renaming(Edges):
    """Returns another column."""

    name: ClassVar[str] = "renaming"

    def measure(self, trajectory):
        return self.table(trajectory).rename(columns={"edges": "sides"})


@dataclass(frozen=True)
class Untold(Edges):
    """Returns a column that its dictionary does not have."""

    name: ClassVar[str] = "untold"

    def measure(self, trajectory):
        return self.table(trajectory).assign(more=1)


@dataclass(frozen=True)
class Elsewhere(Edges):
    """Returns a level that is none."""

    name: ClassVar[str] = "elsewhere"

    def measure(self, trajectory):
        return self.table(trajectory).assign(level=99)


@dataclass(frozen=True)
class Nothing(Edges):
    """Returns nothing."""

    name: ClassVar[str] = "nothing"

    def measure(self, trajectory):
        return None


@dataclass(frozen=True)
class Broken(ScorePruner):
    """Raises when it is to score."""

    name: ClassVar[str] = "broken"
    when: ClassVar[str] = "level"

    def score(self, evidence, *, key):
        raise RuntimeError("this pruner raises")


@dataclass(frozen=True)
class Linear(ScorePruner):
    """Needs a linear network."""

    name: ClassVar[str] = "linear"
    when: ClassVar[str] = "level"
    needs: ClassVar[frozenset[str]] = frozenset({"linear"})

    def score(self, evidence, *, key):
        return leaf_map(jnp.abs, evidence.weights)


@dataclass(frozen=True)
class Misshapen(ScorePruner):
    """Scores of another shape."""

    name: ClassVar[str] = "misshapen"
    when: ClassVar[str] = "level"

    def score(self, evidence, *, key):
        return leaf_map(lambda weights: jnp.abs(weights)[:-1], evidence.weights)


@dataclass(frozen=True)
class Undefined(AbstractPruner):
    """Sets weights that are not numbers."""

    name: ClassVar[str] = "undefined"
    when: ClassVar[str] = "level"

    def step(self, evidence, target, state, *, key):
        nothing = jax.tree.map(lambda leaf: leaf * jnp.nan, evidence.parameters)
        return Update(evidence.mask, params=nothing), state


@dataclass(frozen=True)
class Shapeless(TinySchedule):
    """Has no levels."""

    name: ClassVar[str] = "shapeless"

    def levels(self):
        raise RuntimeError("this schedule raises")


@hookimpl
def register_metrics():
    return [Edges, Raising, Silent, Renaming, Untold, Elsewhere, Nothing]


@hookimpl
def register_pruners():
    return [Broken, Linear, Misshapen, Undefined]


@hookimpl
def register_schedules():
    return [Shapeless]
