"""Magnitude pruning as the published code does it, quirks and all."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness import AbstractPruner, Evidence, Target, Update, hookimpl, leaf_map
from harness.types import Key, Masks, When

_PARTS = 10_000
"""Densities are rounded to one part in this, so that cut-offs are those of exact decimals."""


@dataclass(frozen=True)
class Zahn2022(AbstractPruner):
    """Magnitude pruning as in the code of Zahn, Daniel and Kutz (2024), each quirk switchable.

    In each layer of n weights the cut-off is entry int(c n) of the sorted |w m|, c the share to
    prune, and what is strictly greater survives: n - int(c n) - 1 weights, one less than asked for.

    **Parameters:**

    - `regrowth`: the cut-off is taken from masked weights, but compared with unmasked ones. A
      pruned weight drifts on Adam's momentum meanwhile and comes back if it is large enough.
    - `bias_cutoff`: where biases are pruned, their cut-off is that of their layer's weights, or
      their own.
    """

    name: ClassVar[str] = "zahn2022"
    when: ClassVar[When] = "level"
    regrows: ClassVar[bool] = True
    drifts: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    regrowth: bool = True
    bias_cutoff: Literal["layer", "own"] = "layer"

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """Keep what is strictly greater than the cut-off of its layer."""
        masked = leaf_map(jnp.abs, evidence.effective)
        compared = leaf_map(jnp.abs, evidence.weights) if self.regrowth else masked
        mask: Masks = {}
        for name, magnitude in compared.items():
            layer = name.removesuffix("bias") + "weight"
            by_layer = name.endswith(".bias") and self.bias_cutoff == "layer"
            source = masked[layer] if by_layer and layer in masked else masked[name]
            mask[name] = magnitude > _cutoff(source, target.density)
        return Update(mask), state


def _cutoff(
    magnitude: Float[Array, "..."], density: Float[Array | np.ndarray, ""]
) -> Float[Array, ""]:
    """Return entry int((1 - density) n) of the n sorted magnitudes, computed in integers."""
    pruned = _PARTS - jnp.rint(density * _PARTS).astype(jnp.int32)
    whole, rest = divmod(magnitude.size, _PARTS)
    place = pruned * whole + pruned * rest // _PARTS
    return jnp.sort(magnitude.ravel())[jnp.minimum(place, magnitude.size - 1)]


@hookimpl
def register_pruners() -> list[type[Zahn2022]]:
    """Offer the pruner to the harness."""
    return [Zahn2022]
