"""Dense layers, one after the other."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt
from jaxtyping import Array, Float

from harness import MLP, AbstractArchitecture, LayeredGraph, Shape, hookimpl, initialised
from harness.networks import Activation, Initial, layered_of
from harness.types import Key, Masks


@dataclass(frozen=True)
class Perceptron(AbstractArchitecture):
    """A multilayer perceptron: random weights, zero biases, a linear output.

    **Parameters:**

    - `sizes`: nodes in the hidden layers
    - `activation`: between hidden layers
    - `initial`: how initial weights are drawn; biases start at 0
    - `initial_scale`: standard deviation of normal initial weights
    - `prune_biases`: whether biases are pruned too, and part of the graph
    """

    name: ClassVar[str] = "mlp"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    sizes: tuple[Annotated[int, Ge(1)], ...] = (400, 400, 400, 16)
    activation: Activation = "tanh"
    initial: Initial = "normal"
    initial_scale: Annotated[float, Gt(0)] = 0.2
    prune_biases: bool = False

    def network(self, shape: Shape, *, key: Key) -> MLP:
        """Return a network with random weights and zero biases."""
        sizes = (*shape.inputs, *self.sizes, shape.outputs)
        scale = self.initial_scale
        made = MLP.normal(sizes, activation=self.activation, scale=scale, key=key)
        return initialised(made, self.initial, scale=scale, key=key)

    def forward(
        self, network: MLP, inputs: Float[Array, "rows _inputs"]
    ) -> Float[Array, "rows _outputs"]:
        """Return outputs for a batch, by plain matrix products."""
        return network.rows(inputs)

    def prunable(self, network: MLP) -> Masks:
        """Return all weights, and all biases with `prune_biases`."""
        return network.prunable(biases=self.prune_biases)

    def graph(self, network: MLP, masks: Masks, view: str) -> LayeredGraph:
        """Return the layers of the network, bias units included with `prune_biases`."""
        return layered_of(masks)

    def linearised(self, network: MLP) -> MLP:
        """Return the network without its activations."""
        return network.linearised()

    def activations(self, network: MLP, inputs: Float[Array, "rows _inputs"]) -> dict[str, Array]:
        """Return what enters each weight leaf."""
        return network.entering(inputs)


@hookimpl
def register_architectures() -> list[type[Perceptron]]:
    """Offer the architecture to the harness."""
    return [Perceptron]
