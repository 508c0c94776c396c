"""A gated recurrent network."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from annotated_types import Ge, Gt

from harness import RecurrentArchitecture, Shape, hookimpl, initialised
from harness.networks import Initial, drawn
from harness.plugin.recurrent import Read
from harness.types import Key


@dataclass(frozen=True)
class Gated(RecurrentArchitecture):
    """Gated recurrent units (Cho et al., 2014), read out after the last step.

    A unit has three weights from each input and unit: of its reset gate, its update gate and its
    candidate. In the graphs they are one edge, which is there while any of the three is kept.

    **Parameters:**

    - `width`: number of units
    - `initial`: how initial weights are drawn, each gate by itself; biases start at 0
    - `initial_scale`: standard deviation of normal initial weights
    """

    name: ClassVar[str] = "gru"
    width: Annotated[int, Ge(1)] = 24
    initial: Initial = "orthogonal"
    initial_scale: Annotated[float, Gt(0)] = 0.2

    def cell(self, inputs: int, *, key: Key) -> eqx.nn.GRUCell:
        """Return a cell with new weights and zero biases."""
        into, within = jax.random.split(key)
        quiet = jax.tree.map(jnp.zeros_like, eqx.nn.GRUCell(inputs, self.width, key=key))
        weights = (self._gates(inputs, key=into), self._gates(self.width, key=within))
        return eqx.tree_at(lambda one: (one.weight_ih, one.weight_hh), quiet, weights)

    def network(self, shape: Shape, *, key: Key) -> Read:
        """Return a network with new weights and zero biases."""
        made = super().network(shape, key=key)
        return initialised(made, self.initial, scale=self.initial_scale, key=key)

    def _gates(self, sources: int, *, key: Key) -> jax.Array:
        """Return initial weights of the three gates, one below the other."""
        gates = [
            drawn(self.initial, (self.width, sources), scale=self.initial_scale, key=one)
            for one in jax.random.split(key, 3)
        ]
        return jnp.concatenate(gates)


@hookimpl
def register_architectures() -> list[type[Gated]]:
    """Offer the architecture to the harness."""
    return [Gated]
