"""Dense blocks with skip connections around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import equinox as eqx
from annotated_types import Ge, Gt
from jaxtyping import Array, Float

from harness import Shape, TracedArchitecture, hookimpl, initialised
from harness.networks import Activation, Initial, activated
from harness.types import Key


class Residual(eqx.Module):
    """h = A x, then h + W a(h) for each block, then a linear output of a(h)."""

    enter: eqx.nn.Linear
    blocks: tuple[eqx.nn.Linear, ...]
    leave: eqx.nn.Linear
    activation: eqx.nn.Lambda

    def __call__(self, inputs: Float[Array, " _inputs"]) -> Float[Array, " _outputs"]:
        """Return the outputs for one row of inputs."""
        hidden = self.enter(inputs)
        for block in self.blocks:
            hidden = hidden + block(self.activation(hidden))
        return self.leave(self.activation(hidden))


@dataclass(frozen=True)
class ResidualPerceptron(TracedArchitecture):
    """A multilayer perceptron with an identity around each hidden layer (He et al., 2016).

    Its graph has the inputs and the outputs of every layer as nodes. Identities let a layer read
    several earlier layers, so that one weight is several edges.

    **Parameters:**

    - `width`: units in every hidden layer
    - `blocks`: hidden layers with an identity around them
    - `activation`: before every layer but the first
    - `initial`: how initial weights are drawn; biases start at 0
    - `initial_scale`: standard deviation of normal initial weights
    """

    name: ClassVar[str] = "residual"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    views: ClassVar[Mapping[str, str]] = {"digraph": "a node is an input, or a unit of a layer"}
    width: Annotated[int, Ge(1)] = 32
    blocks: Annotated[int, Ge(1)] = 3
    activation: Activation = "relu"
    initial: Initial = "he"
    initial_scale: Annotated[float, Gt(0)] = 0.2

    def module(self, shape: Shape, *, key: Key) -> Residual:
        """Return a network with new weights and zero biases."""
        sizes = [(shape.inputs[0], self.width), *[(self.width,) * 2] * self.blocks]
        enter, *blocks = (eqx.nn.Linear(*pair, key=key) for pair in sizes)
        leave = eqx.nn.Linear(self.width, shape.outputs, key=key)
        made = Residual(enter, tuple(blocks), leave, eqx.nn.Lambda(activated(self.activation)))
        return initialised(made, self.initial, scale=self.initial_scale, key=key)


@hookimpl
def register_architectures() -> list[type[ResidualPerceptron]]:
    """Offer the architecture to the harness."""
    return [ResidualPerceptron]
