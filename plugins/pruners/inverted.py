"""The control that keeps the worst weights."""

from dataclasses import dataclass, field
from typing import ClassVar

from jaxtyping import PyTree
from pydantic import InstanceOf

from harness import AbstractPruner, Evidence, Target, Update, hookimpl, leaf_map
from harness.sparse.masks import counted
from harness.sparse.patterns import pattern
from harness.types import Key, Masks, Weights

from .magnitude import Magnitude


@dataclass(frozen=True)
class Inverted(AbstractPruner):
    """Remove the weights that another pruner would keep.

    If a criterion says anything about function, its inverse must do worse than chance. The other
    pruner chooses as many weights as are to go, and these are removed.

    **Parameters:**

    - `of`: the pruner whose choice is inverted: an exact one that does not regrow
    """

    name: ClassVar[str] = "inverted"
    of: InstanceOf[AbstractPruner] = field(default_factory=Magnitude)

    def __post_init__(self) -> None:
        if self.of.regrows or not self.of.exact:
            raise ValueError(
                f"of: '{self.of.name}' cannot be inverted: it must keep exactly as many weights as "
                "asked, without regrowing"
            )
        if pattern(getattr(self.of, "scope", "layer")):
            raise ValueError("of: what a pattern removes is of another density than what it keeps")
        for name in ("when", "every", "needs", "rewind_step", "retrains"):
            object.__setattr__(self, name, getattr(self.of, name))

    def ramp(self, previous: float, density: float, progress: float) -> float:
        """Return the other pruner's path."""
        return self.of.ramp(previous, density, progress)

    def init(self, evidence: Evidence, *, key: Key) -> PyTree:
        """Return the other pruner's state."""
        return self.of.init(evidence, key=key)

    def gather(self, weights: Weights, gradients: Weights, masks: Masks) -> PyTree:
        """Return what the other pruner sums."""
        return self.of.gather(weights, gradients, masks)

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Keep what the other pruner would not."""
        there = counted(evidence.candidates)
        go = {name: number - target.by_leaf[name] for name, number in there.items()}
        total = sum(there.values()) - target.total
        size = sum(mask.size for mask in evidence.mask.values())
        opposite = Target(total / size, total, go, target.binding)
        update, state = self.of.step(evidence, opposite, state, key=key)
        mask = leaf_map(lambda may, best: may & ~best, evidence.candidates, update.mask)
        return Update(mask, rewind_to=update.rewind_to), state


@hookimpl
def register_pruners() -> list[type[Inverted]]:
    """Offer the pruner to the harness."""
    return [Inverted]
