"""The rule that ends a level early."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float


def stopped(
    history: Float[np.ndarray, "steps networks"], rule: Any
) -> Bool[np.ndarray, " networks"]:
    """Return which networks the stop rule ends, given all validation losses of the level."""
    networks = history.shape[1]
    if len(history) < max(rule.after, 2 * rule.window) or len(history) % rule.every:
        return np.zeros(networks, bool)
    before = history[-2 * rule.window : -rule.window].mean(axis=0)
    now = history[-rule.window :].mean(axis=0)
    if rule.scope == "ensemble":
        going = np.isfinite(before) & np.isfinite(now)
        if not going.any():
            return np.zeros(networks, bool)
        before, now = before[going].mean(keepdims=True), now[going].mean(keepdims=True)
    return np.broadcast_to(before / now < rule.ratio, networks)
