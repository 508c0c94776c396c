"""Edges placed uniformly: what the nulls share."""

from math import prod

import numpy as np
from jaxtyping import Bool


def placed(shape: tuple[int, ...], edges: int, rng: np.random.Generator) -> Bool[np.ndarray, "..."]:
    """So many edges, placed uniformly. The fewer of the present and the absent ones are drawn."""
    size = prod(shape)
    absent = 2 * edges > size
    wires = np.full(size, absent)
    drawn = rng.choice(size, size - edges if absent else edges, replace=False, shuffle=False)
    wires[drawn] = not absent
    return wires.reshape(shape)
