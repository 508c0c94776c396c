"""Handwritten digits: a small, real classification task that trains in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Array, Float

from harness import AbstractTask, Batch, LayeredGraph, Quantity, TaskData, hookimpl, stream
from harness.types import Key, Masks

from . import _mlp

_SIDE = 8
_CLASSES = 10
_BRIGHTEST = 16
_TRAIN, _VALIDATION = 0.64, 0.16


@dataclass(frozen=True)
class Digits(AbstractTask):
    """Handwritten digits, 8 x 8 pixels: which of ten is it?

    The test part of Alpaydin and Kaynak's optical digits (UCI, 1998), 1797 images, as scikit-learn
    carries them. 64 inputs, scaled to [-1/2, 1/2], and ten outputs, trained on cross-entropy.

    **Parameters:** as those of the task `moth`: `sizes` of the hidden layers, `activation`,
    `initial_scale` of the weights, `prune_biases`.
    """

    name: ClassVar[str] = "digits"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    sizes: tuple[Annotated[int, Ge(1)], ...] = (32, 16)
    activation: _mlp.Activation = "tanh"
    initial_scale: Annotated[float, Gt(0)] = 0.2
    prune_biases: bool = False

    def data(self, *, seed: int) -> TaskData:
        """All images, shuffled by the seed and split 64/16/20 %."""
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        order = np.asarray(jax.random.permutation(stream(seed, "data"), len(labels)))
        # Scaled by the format's range, not by what the training rows happen to hold.
        inputs = (images[order] / _BRIGHTEST - 0.5).astype(np.float32)
        targets = labels[order].astype(np.int32)
        ends = np.cumsum([round(_TRAIN * len(labels)), round(_VALIDATION * len(labels))])
        pieces = zip(np.split(inputs, ends), np.split(targets, ends), strict=True)
        train, validation, test = (Batch(*piece) for piece in pieces)
        pixels = tuple(
            Quantity(f"pixel {row},{column}", "1")
            for row in range(_SIDE)
            for column in range(_SIDE)
        )
        digits = tuple(Quantity(f"digit {digit}", "logit") for digit in range(_CLASSES))
        return TaskData(train, validation, test, pixels, digits)

    def network(self, *, key: Key) -> _mlp.MLP:
        """A multilayer perceptron with normal weights and zero biases."""
        sizes = (_SIDE * _SIDE, *self.sizes, _CLASSES)
        return _mlp.initial(sizes, activation=self.activation, scale=self.initial_scale, key=key)

    def forward(
        self, network: _mlp.MLP, inputs: Float[Array, "rows 64"]
    ) -> Float[Array, "rows 10"]:
        """A logit for each digit."""
        return _mlp.forward(network, inputs)

    def loss(self, network: _mlp.MLP, batch: Batch) -> Float[Array, ""]:
        """Mean cross-entropy, nats."""
        chances = jax.nn.log_softmax(_mlp.forward(network, jnp.asarray(batch.inputs)))
        return -jnp.mean(jnp.take_along_axis(chances, batch.targets[:, None], axis=1))

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """The cross-entropy of the classes' frequencies, which minimise it on the training rows."""
        counts = np.bincount(np.asarray(train.targets), minlength=_CLASSES)
        with np.errstate(divide="ignore"):  # of a digit that the training rows lack
            chances = np.log(counts / counts.sum())
        return float(-np.mean(chances[np.asarray(held_out.targets)]))

    def evaluate(
        self, network: _mlp.MLP, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """The share of digits that are recognised, and the cross-entropy."""
        answers = jnp.argmax(_mlp.forward(network, jnp.asarray(batch.inputs)), axis=1)
        correct = (answers == batch.targets).astype(jnp.float32)
        return {"accuracy": jnp.mean(correct), "cross-entropy": self.loss(network, batch)}

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the figures of `evaluate`."""
        return {"accuracy": "1", "cross-entropy": "nats"}

    def prunable(self, network: _mlp.MLP) -> Masks:
        """All weights, and all biases with `prune_biases`."""
        return _mlp.prunable(network, biases=self.prune_biases)

    def wiring(self, network: _mlp.MLP, masks: Masks) -> LayeredGraph:
        """The layers of the network, bias units included with `prune_biases`."""
        return _mlp.wiring(masks)

    def linearised(self, network: _mlp.MLP) -> _mlp.MLP:
        """The network without its activations."""
        return _mlp.linearised(network)

    def activations(self, network: _mlp.MLP, inputs: Float[Array, "rows 64"]) -> dict[str, Array]:
        """What enters each weight leaf."""
        return _mlp.activations(network, inputs)


@hookimpl
def register_tasks() -> list[type[Digits]]:
    """The digits."""
    return [Digits]
