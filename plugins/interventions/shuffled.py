"""The control that keeps the number of weights in each layer, but not which ones."""

from dataclasses import dataclass
from typing import ClassVar

import jax

from harness import AbstractIntervention, AbstractPruner, Change, Source, hookimpl, random_masks
from harness.types import GoesOn


@dataclass(frozen=True)
class Shuffled(AbstractIntervention):
    """Train from the start with a pruner's masks, their entries permuted within each layer.

    It shows how much of the pruner's success its layer densities explain. Frankle, Dziugaite,
    Roy and Carbin (2021), Pruning neural networks at initialization: why are we missing the mark?,
    arXiv 2009.08576, section 5; Su et al. (2020), arXiv 2009.11094.
    """

    name: ClassVar[str] = "shuffled"
    of: ClassVar[str] = "magnitude"

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return "start": from the initial weights."""
        return "start"

    def change(self, source: Source) -> Change:
        """Draw as many random weights of each layer as the source keeps."""
        draw = jax.vmap(lambda masks, key: random_masks(masks, source.prunable, key=key))
        return Change(draw(source.masks, source.keys))


@hookimpl
def register_interventions() -> list[type[Shuffled]]:
    """Offer the intervention to the harness."""
    return [Shuffled]
