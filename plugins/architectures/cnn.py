"""Convolutions, then a dense read-out."""

import itertools
import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
from annotated_types import Ge, Gt, Lt

from harness import Shape, TracedArchitecture, hookimpl, initialised
from harness.networks import Activation, Initial, activated
from harness.types import InputKind, Key


@dataclass(frozen=True)
class Convolutional(TracedArchitecture):
    """Convolutions, then a dense read-out of all that is left (LeCun et al., 1989).

    By default they stride instead of pooling (Springenberg et al., 2015), which costs half as much.
    The view `channels` joins two channels where a weight of the kernel between them is kept;
    `units` has a node for each channel at each place, and edges that share a weight.

    **Parameters:**

    - `channels`: of each convolution
    - `kernel`: side of every kernel
    - `stride`: of every convolution
    - `pool`: side and stride of the pooling after every convolution; 1: none
    - `pooling`: means or maxima
    - `activation`: after every convolution
    - `normalised`: whether each convolution is followed by batch normalisation (Ioffe and Szegedy,
      2015)
    - `dropout`: the share of what enters the read-out that is dropped in training
    - `initial`: how initial weights are drawn; biases start at 0
    - `initial_scale`: standard deviation of normal initial weights
    """

    name: ClassVar[str] = "cnn"
    takes: ClassVar[frozenset[InputKind]] = frozenset({"image"})
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    channels: tuple[Annotated[int, Ge(1)], ...] = (8, 16)
    kernel: Annotated[int, Ge(1)] = 3
    stride: Annotated[int, Ge(1)] = 2
    pool: Annotated[int, Ge(1)] = 1
    pooling: Literal["mean", "max"] = "mean"
    activation: Activation = "relu"
    normalised: bool = False
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    initial: Initial = "he"
    initial_scale: Annotated[float, Gt(0)] = 0.2

    @property
    def stochastic(self) -> bool:
        """Whether there is dropout."""
        return self.dropout > 0

    def reason_not_to_fit(self, shape: Shape) -> str | None:
        """Return why images are too small, with what would fit, or None."""
        sides = self._sides(shape)
        if min(sides[-1]) > 0:
            return None
        depth = sum(min(side) > 0 for side in sides) - 1
        return (
            f"architecture '{self.name}' pools images of {_by(shape.inputs[1:])} down to nothing: "
            f"use at most {depth} convolutions, or a smaller `pool` or `stride`"
        )

    def _sides(self, shape: Shape) -> list[tuple[int, ...]]:
        """Return the sides of the image, and of what each convolution with its pooling leaves."""
        found = [shape.inputs[1:]]
        for _ in self.channels:
            found.append(tuple(-(-side // self.stride) // self.pool for side in found[-1]))
        return found

    def module(self, shape: Shape, *, key: Key) -> object:
        """Return the convolutions and the read-out, with a state where they are normalised."""
        made, state = eqx.nn.make_with_state(self._stack)(shape, key)
        made = initialised(made, self.initial, scale=self.initial_scale, key=key)
        return (made, state) if self.normalised else made

    def _stack(self, shape: Shape, key: Key) -> eqx.nn.Sequential:
        pools = {"mean": eqx.nn.AvgPool2d, "max": eqx.nn.MaxPool2d}
        parts: list[Any] = []
        for channels in itertools.pairwise((shape.inputs[0], *self.channels)):
            parts.append(
                eqx.nn.Conv2d(*channels, self.kernel, self.stride, padding="SAME", key=key)
            )
            if self.normalised:
                parts.append(eqx.nn.BatchNorm(channels[1], "batch", mode="batch"))
            parts.append(eqx.nn.Lambda(activated(self.activation)))
            if self.pool > 1:
                parts.append(pools[self.pooling](self.pool, self.pool))
        left = self.channels[-1] * math.prod(self._sides(shape)[-1])
        parts.append(eqx.nn.Lambda(jnp.ravel))
        if self.dropout:
            parts.append(eqx.nn.Dropout(self.dropout))
        return eqx.nn.Sequential([*parts, eqx.nn.Linear(left, shape.outputs, key=key)])


def _by(sides: tuple[int, ...]) -> str:
    return " x ".join(map(str, sides))


@hookimpl
def register_architectures() -> list[type[Convolutional]]:
    """Offer the architecture to the harness."""
    return [Convolutional]
