"""The control that keeps how many weights each layer has, and nothing of which."""

from dataclasses import dataclass
from typing import ClassVar

import jax

from harness import AbstractIntervention, AbstractPruner, Change, Source, hookimpl, random_masks
from harness.types import GoesOn


@dataclass(frozen=True)
class Shuffled(AbstractIntervention):
    """Train from the start with a pruner's masks, their entries permuted within each layer.

    What is left of the pruner's success is what its layer densities are worth. Frankle, Dziugaite,
    Roy and Carbin (2021), Pruning neural networks at initialization: why are we missing the mark?,
    arXiv 2009.08576, section 5; Su et al. (2020), arXiv 2009.11094.
    """

    name: ClassVar[str] = "shuffled"
    of: ClassVar[str] = "magnitude"

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """From the initial weights."""
        return "start"

    def change(self, source: Source) -> Change:
        """As many random weights of each layer as the source keeps."""
        draw = jax.vmap(lambda masks, key: random_masks(masks, source.prunable, key=key))
        return Change(draw(source.masks, source.keys))


@hookimpl
def register_interventions() -> list[type[Shuffled]]:
    """Offer the intervention to the harness."""
    return [Shuffled]
