"""How a number of weights is divided between layers: evenly, by Erdős-Rényi, or as given."""

from typing import Literal, TypeAlias

import jax.numpy as jnp

from harness import Target, UserError, allocate
from harness.sparse.masks import counted
from harness.types import Key, Masks

Layers: TypeAlias = Literal["uniform", "erk"] | tuple[float, ...]


def divided(target: Target, layers: Layers, candidates: Masks, *, key: Key) -> Target:
    """Return the target with its numbers by leaf divided anew, none above the leaf's candidates.

    Where the level gives densities by leaf itself, these hold, whatever `layers` says.

    - "uniform": the same density in every layer
    - "erk": a number proportional to inputs plus outputs (and kernel), Erdős-Rényi-Kernel: Mocanu
      et al. (2018), doi:10.1038/s41467-018-04316-3; Evci et al. (2020), arXiv 1911.11134
    - densities, one for each leaf in the order of their names, scaled so that the total is right
    """
    if layers == "uniform" or target.binding is not None:
        return target
    names = sorted(candidates)
    if layers == "erk":
        shares = [float(sum(candidates[name].shape)) for name in names]
    elif len(layers) == len(names):
        shares = [
            float(share) * candidates[name].size for share, name in zip(layers, names, strict=True)
        ]
    else:
        raise UserError(
            f"`layers` gives {len(layers)} densities, and this network has {len(names)} layers to "
            f"prune: {', '.join(names)}."
        )
    room = counted(candidates)
    capacity = jnp.stack([room[name] for name in names])
    given = allocate(jnp.asarray(shares), capacity, jnp.asarray(target.total), key=key)
    return target._replace(by_leaf=dict(zip(names, given, strict=True)))
