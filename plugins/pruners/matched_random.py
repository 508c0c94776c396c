"""The control that prunes at random to the layer densities that another pruner found."""

from dataclasses import dataclass, field
from typing import ClassVar

import jax
from pydantic import InstanceOf

from harness import AbstractPruner, Evidence, Target, Update, hookimpl
from harness.types import Key, When

from ._by_leaf import counted, largest, randomly
from .magnitude import Magnitude


@dataclass(frozen=True)
class MatchedRandom(AbstractPruner):
    """Keep random weights, as many of each layer as another pruner keeps.

    Unlike `shuffled` it prunes as the other does, level by level in one training, so that only the
    choice within layers differs.

    **Parameters:**

    - `of`: the pruner whose layer densities are matched, at each level those of the same networks
    """

    name: ClassVar[str] = "matched-random"
    of: InstanceOf[AbstractPruner] = field(default_factory=Magnitude)

    @property
    def follows(self) -> AbstractPruner:  # type: ignore[override]
        """The pruner whose layer densities are matched."""
        return self.of

    @property
    def when(self) -> When:  # type: ignore[override]
        """Before training if the other does so, else after each level."""
        return "init" if self.of.from_start else "level"

    @property
    def regrows(self) -> bool:  # type: ignore[override]
        """If the other does, a layer may have more weights than at the level before."""
        return self.of.regrows

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """As exact as the other."""
        return self.of.exact

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Random weights among those there, or among all where the other regrows."""
        lots_key, tie_key = jax.random.split(key)
        number = counted(evidence.found)
        among = evidence.prunable if self.regrows else evidence.candidates
        return Update(largest(randomly(among, lots_key), among, number, tie_key)), state


@hookimpl
def register_pruners() -> list[type[MatchedRandom]]:
    """Offer the pruner to the harness."""
    return [MatchedRandom]
