"""Handwritten digits: a small, real classification task that trains in seconds."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Int, Real

from harness import hookimpl

from ._images import ImageTask


@dataclass(frozen=True)
class Digits(ImageTask):
    """Handwritten digits, 8 x 8 pixels: which of ten is it?

    The test part of Alpaydin and Kaynak's optical digits (UCI, 1998; CC BY 4.0), 1797 images, in
    `digits.npz` beside this file. 64 inputs, scaled to [-1/2, 1/2], and ten outputs, trained on
    cross-entropy.

    **Parameters:**

    - `images`: whether an architecture that takes several kinds of input gets images (1 x 8 x 8)
      rather than vectors
    """

    name: ClassVar[str] = "digits"
    architecture: ClassVar[str] = "mlp[sizes=[32, 16]]"
    schedule: ClassVar[str] = "quick[effort=0.5]"
    side: ClassVar[int] = 8
    brightest: ClassVar[int] = 16
    images: bool = False

    def pictures(self) -> tuple[Real[np.ndarray, "rows pixels"], Int[np.ndarray, " rows"]]:
        """Return the images, values from 0 to 16."""
        found = np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False)
        return found["images"].astype(float), found["labels"].astype(int)


@hookimpl
def register_tasks() -> list[type[Digits]]:
    """Offer the task to the harness."""
    return [Digits]
