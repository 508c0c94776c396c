"""A one-file plugin for tests: an intervention whose training goes on as it is told."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp

from harness import AbstractIntervention, Change, hookimpl
from harness.types import GoesOn


@dataclass(frozen=True)
class Cut(AbstractIntervention):
    """Cut a weight of each network, or none, and go on as it is told."""

    name: ClassVar[str] = "cut"
    of: ClassVar[str] = "magnitude"
    exact: ClassVar[bool] = False
    on: GoesOn = "not"
    cuts: bool = True

    def goes_on(self, pruner):
        return self.on

    def change(self, source):
        assert source.weights is not None
        if not self.cuts:
            return Change(source.masks)
        cut = {}
        for leaf, mask in source.masks.items():
            flat = mask.reshape(len(mask), -1)
            first = jnp.argmax(flat, axis=1)
            cut[leaf] = flat.at[jnp.arange(len(mask)), first].set(False).reshape(mask.shape)
        return Change(cut)


@hookimpl
def register_interventions():
    """Offer the intervention to the harness."""
    return [Cut]
