"""The control that prunes at random to the layer densities that a pruner found."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from harness import (
    AbstractIntervention,
    AbstractPruner,
    Change,
    Source,
    hookimpl,
    leaf_map,
    random_masks,
)
from harness.types import GoesOn


@dataclass(frozen=True)
class MatchedRandom(AbstractIntervention):
    """Keep random weights, as many of each layer as the pruner keeps.

    Unlike `shuffled` it prunes as the pruner does, level by level in one training, so that only the
    choice within layers differs.
    """

    name: ClassVar[str] = "matched-random"
    of: ClassVar[str] = "magnitude"

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return "start" where the pruner begins each level there, else "level"."""
        return "start" if pruner.from_start else "level"

    def change(self, source: Source) -> Change:
        """Draw random weights among those still kept, or among all where the pruner regrows."""
        among = source.before
        if source.pruner.regrows:
            every = {name: may[None] for name, may in source.prunable.items()}
            among = leaf_map(lambda mask, may: jnp.broadcast_to(may, mask.shape), among, every)
        draw = jax.vmap(lambda masks, among, key: random_masks(masks, among, key=key))
        return Change(draw(source.masks, among, source.keys))


@hookimpl
def register_interventions() -> list[type[MatchedRandom]]:
    """Offer the intervention to the harness."""
    return [MatchedRandom]
