"""The control that keeps how many weights each layer has, and nothing of which."""

from dataclasses import dataclass, field
from typing import ClassVar

import jax
from pydantic import InstanceOf

from harness import AbstractPruner, Evidence, Target, Update, hookimpl
from harness.types import Key, When

from ._by_leaf import counted, largest, randomly
from .magnitude import Magnitude


@dataclass(frozen=True)
class Shuffled(AbstractPruner):
    """Train from the start with another pruner's masks, their entries permuted within each layer.

    What is left of the other's success is what its layer densities are worth. Frankle, Dziugaite,
    Roy and Carbin (2021), Pruning neural networks at initialization: why are we missing the mark?,
    arXiv 2009.08576, section 5; Su et al. (2020), arXiv 2009.11094.

    **Parameters:**

    - `of`: the pruner whose masks are permuted, at each level those it found on the same networks
    """

    name: ClassVar[str] = "shuffled"
    when: ClassVar[When] = "init"
    of: InstanceOf[AbstractPruner] = field(default_factory=Magnitude)

    @property
    def follows(self) -> AbstractPruner:  # type: ignore[override]
        """The pruner whose masks are permuted."""
        return self.of

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """As exact as the other."""
        return self.of.exact

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """As many random weights of each layer as the other keeps."""
        lots_key, tie_key = jax.random.split(key)
        found = evidence.found
        number = counted(found)
        return Update(largest(randomly(found, lots_key), evidence.prunable, number, tie_key)), state


@hookimpl
def register_pruners() -> list[type[Shuffled]]:
    """Offer the pruner to the harness."""
    return [Shuffled]
