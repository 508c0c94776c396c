"""A vanilla recurrent network."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import equinox as eqx
from annotated_types import Ge, Gt
from jaxtyping import Array, Float

from harness import RecurrentArchitecture, Shape, hookimpl, initialised
from harness.networks import Activation, Initial, activated
from harness.plugin.recurrent import Read
from harness.types import Key


class VanillaCell(eqx.Module):
    """h' = a(U x + W h + b)."""

    into: eqx.nn.Linear
    within: eqx.nn.Linear
    activation: Activation = eqx.field(static=True)

    def __call__(
        self, inputs: Float[Array, " inputs"], units: Float[Array, " units"]
    ) -> Float[Array, " units"]:
        """Return the units after a step."""
        return activated(self.activation)(self.into(inputs) + self.within(units))


@dataclass(frozen=True)
class Vanilla(RecurrentArchitecture):
    """A vanilla recurrent network (Elman, 1990), read out after the last step.

    **Parameters:**

    - `width`: number of units
    - `activation`: of the units
    - `initial`: how initial weights are drawn; biases start at 0
    - `initial_scale`: standard deviation of normal initial weights
    """

    name: ClassVar[str] = "rnn"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    into: ClassVar[str] = "cell.into.weight"
    within: ClassVar[str] = "cell.within.weight"
    width: Annotated[int, Ge(1)] = 32
    activation: Activation = "tanh"
    initial: Initial = "orthogonal"
    initial_scale: Annotated[float, Gt(0)] = 0.2

    def cell(self, inputs: int, *, key: Key) -> VanillaCell:
        """Return a cell whose weights are yet to be drawn."""
        within = eqx.nn.Linear(self.width, self.width, use_bias=False, key=key)
        return VanillaCell(eqx.nn.Linear(inputs, self.width, key=key), within, self.activation)

    def network(self, shape: Shape, *, key: Key) -> Read:
        """Return a network with new weights and zero biases."""
        made = super().network(shape, key=key)
        return initialised(made, self.initial, scale=self.initial_scale, key=key)

    def linearised(self, network: Read) -> Read:
        """Return the same weights without activations."""
        cell = VanillaCell(network.cell.into, network.cell.within, "identity")
        return eqx.tree_at(lambda read: read.cell, network, cell)


@hookimpl
def register_architectures() -> list[type[Vanilla]]:
    """Offer the architecture to the harness."""
    return [Vanilla]
