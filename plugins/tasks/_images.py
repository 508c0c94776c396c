"""What classifications of small grey images share: shapes, loss, evaluation, constant predictor."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Real

from harness import AbstractTask, Batch, Quantity, Shape, TaskData, split, stream

_CLASSES = 10


class ImageTask(AbstractTask):
    """Which of ten digits does an image show? Trained on the cross-entropy of ten logits."""

    side: ClassVar[int]
    """Pixels along an edge of an image."""
    brightest: ClassVar[int]
    """The value of a white pixel; a black one is 0."""
    images: bool

    @abstractmethod
    def pictures(self) -> tuple[Real[np.ndarray, "rows pixels"], Int[np.ndarray, " rows"]]:
        """Return all images, row by row of each, and the digits that they show."""

    def data(self, *, seed: int) -> TaskData:
        """Return all images, shuffled by the seed and split 64/16/20 %."""
        images, labels = self.pictures()
        order = np.asarray(jax.random.permutation(stream(seed, "data"), len(labels)))
        # Scaled by the format's range, not by what the training rows happen to hold.
        inputs = (images[order] / self.brightest - 0.5).astype(np.float32)
        targets = labels[order].astype(np.int32)
        train, validation, test = split(inputs.reshape(-1, *self.shape.inputs), targets)
        pixels = tuple(
            Quantity(f"pixel {row},{column}", "1")
            for row in range(self.side)
            for column in range(self.side)
        )
        digits = tuple(Quantity(f"digit {digit}", "logit") for digit in range(_CLASSES))
        return TaskData(train, validation, test, pixels, digits)

    @property
    def shape(self) -> Shape:
        """A pixel each, in rows of one channel with `images`; a logit each."""
        return self.shapes[0]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """A vector of pixels, an image of one channel, or a sequence of rows of pixels."""
        vector, image, rows = (self.side**2,), (1, self.side, self.side), (self.side, self.side)
        order = (image, vector, rows) if self.images else (vector, image, rows)
        return tuple(Shape(inputs, _CLASSES) for inputs in order)

    def loss(
        self, outputs: Float[Array, "rows 10"], targets: Int[Array, " rows"]
    ) -> Float[Array, ""]:
        """Return the mean cross-entropy, nats."""
        chances = jax.nn.log_softmax(outputs)
        return -jnp.mean(jnp.take_along_axis(chances, targets[:, None], axis=1))

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """Return the cross-entropy of the classes' frequencies in the training rows."""
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
