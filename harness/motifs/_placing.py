"""Uniform placing of edges, which the nulls share."""

from math import prod

import numpy as np
from jaxtyping import Bool


def placed(shape: tuple[int, ...], edges: int, rng: np.random.Generator) -> Bool[np.ndarray, "..."]:
    """Place edges uniformly. Present or absent ones are drawn, whichever are fewer."""
    size = prod(shape)
    absent = 2 * edges > size
    wires = np.full(size, absent)
    drawn = rng.choice(size, size - edges if absent else edges, replace=False, shuffle=False)
    wires[drawn] = not absent
    return wires.reshape(shape)
