"""The control that gives a network's wiring to a network with another start."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import jax.numpy as jnp

from harness import AbstractIntervention, AbstractPruner, Change, Model, Source, hookimpl, leaf_map
from harness.types import GoesOn


@dataclass(frozen=True)
class Transplant(AbstractIntervention):
    """Train each network with the masks of the network before it in its block, the first last.

    Unlike `reinitialised` the new start is one whose own masks are known: the networks of the
    source are both donors and recipients, so that own and foreign wiring are compared in pairs
    (Frankle and Carbin, 2019, arXiv 1803.03635, ask whether masks fit one start only).

    **Parameters:**

    - `on`: train from the initial weights, "start", or from the source's rewind point, "rewind"
    """

    name: ClassVar[str] = "transplant"
    of: ClassVar[str] = "magnitude"
    crosses: ClassVar[bool] = True
    on: Literal["start", "rewind"] = "start"

    def reason_not_to_fit(self, model: Model, networks: int) -> str | None:
        """Return a reason where a network would get its own masks."""
        if networks > 1:
            return None
        return (
            f"intervention '{self.name}' needs two networks in a block, and this one has one: ask "
            "for more networks, with --block-width 2 or more"
        )

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return `on`."""
        return self.on

    def change(self, source: Source) -> Change:
        """Give network i + 1 the masks of network i, and the first those of the last."""
        return Change(leaf_map(lambda mask: jnp.roll(mask, 1, axis=0), source.masks))


@hookimpl
def register_interventions() -> list[type[Transplant]]:
    """Offer the intervention to the harness."""
    return [Transplant]
