"""The control that keeps a pruner's wiring, but not the weights it was found with."""

from dataclasses import dataclass
from typing import ClassVar

from harness import AbstractIntervention, AbstractPruner, Change, Source, hookimpl
from harness.types import GoesOn


@dataclass(frozen=True)
class Reinitialised(AbstractIntervention):
    """Train from the start with a pruner's masks, and with initial weights drawn anew.

    Frankle and Carbin (2019), arXiv 1803.03635, section 2: whether a wiring works with its own
    initial weights only; Frankle, Dziugaite, Roy and Carbin (2021), arXiv 2009.08576, section 5.
    """

    name: ClassVar[str] = "reinitialised"
    of: ClassVar[str] = "magnitude"

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return "new": from other initial weights."""
        return "new"

    def change(self, source: Source) -> Change:
        """Keep the source's masks."""
        return Change(source.masks)


@hookimpl
def register_interventions() -> list[type[Reinitialised]]:
    """Offer the intervention to the harness."""
    return [Reinitialised]
