"""Handwritten digits: a small, real classification task that trains in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from harness import AbstractTask, Batch, Quantity, Shape, TaskData, hookimpl, split, stream

_SIDE = 8
_CLASSES = 10
_BRIGHTEST = 16


@dataclass(frozen=True)
class Digits(AbstractTask):
    """Handwritten digits, 8 x 8 pixels: which of ten is it?

    The test part of Alpaydin and Kaynak's optical digits (UCI, 1998), 1797 images, as scikit-learn
    ships them. 64 inputs, scaled to [-1/2, 1/2], and ten outputs, trained on cross-entropy.

    **Parameters:**

    - `images`: whether an architecture that takes several kinds of input gets images (1 x 8 x 8)
      rather than vectors
    """

    name: ClassVar[str] = "digits"
    architecture: ClassVar[str] = "mlp[sizes=[32, 16]]"
    images: bool = False

    def data(self, *, seed: int) -> TaskData:
        """Return all images, shuffled by the seed and split 64/16/20 %."""
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        order = np.asarray(jax.random.permutation(stream(seed, "data"), len(labels)))
        # Scaled by the format's range, not by that of the training rows.
        inputs = (images[order] / _BRIGHTEST - 0.5).astype(np.float32)
        targets = labels[order].astype(np.int32)
        train, validation, test = split(inputs.reshape(-1, *self.shape.inputs), targets)
        pixels = tuple(
            Quantity(f"pixel {row},{column}", "1")
            for row in range(_SIDE)
            for column in range(_SIDE)
        )
        digits = tuple(Quantity(f"digit {digit}", "logit") for digit in range(_CLASSES))
        return TaskData(train, validation, test, pixels, digits)

    @property
    def shape(self) -> Shape:
        """The first of `shapes`: a vector of pixels, or an image with `images`; ten logits."""
        return self.shapes[0]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """A vector of pixels, an image of one channel, or a sequence of rows of pixels."""
        vector, image, rows = (_SIDE * _SIDE,), (1, _SIDE, _SIDE), (_SIDE, _SIDE)
        order = (image, vector, rows) if self.images else (vector, image, rows)
        return tuple(Shape(inputs, _CLASSES) for inputs in order)

    def loss(
        self, outputs: Float[Array, "rows 10"], targets: Int[Array, " rows"]
    ) -> Float[Array, ""]:
        """Return the mean cross-entropy, nats."""
        chances = jax.nn.log_softmax(outputs)
        return -jnp.mean(jnp.take_along_axis(chances, targets[:, None], axis=1))

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """Return the cross-entropy of class frequencies, which minimise it on the training rows."""
        counts = np.bincount(np.asarray(train.targets), minlength=_CLASSES)
        with np.errstate(divide="ignore"):  # of a digit that the training rows lack
            chances = np.log(counts / counts.sum())
        return float(-np.mean(chances[np.asarray(held_out.targets)]))

    def evaluate(
        self, outputs: Float[Array, "rows 10"], batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Return the share of digits that are recognised, and the cross-entropy."""
        answers = jnp.argmax(outputs, axis=1)
        loss = self.loss(outputs, jnp.asarray(batch.targets))
        correct = (answers == batch.targets).astype(jnp.float32)
        return {"accuracy": jnp.mean(correct), "cross-entropy": loss}

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the figures of `evaluate`."""
        return {"accuracy": "1", "cross-entropy": "nats"}


@hookimpl
def register_tasks() -> list[type[Digits]]:
    """Offer the task to the harness."""
    return [Digits]
