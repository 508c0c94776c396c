"""Does a motif matter? Masks that are rewired to have more of it, or less, at equal degrees."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp

from harness import AbstractIntervention, Change, hookimpl


def copies(wires, place, rows, columns, motif):
    """Copies of a motif through these nodes of one layer's edges, but for what no swap changes."""
    here = wires[place]  # targets x sources
    if motif == "bifan":
        paths = [here @ here[rows].T]
    else:
        paths = [here[rows] @ before for before in wires[max(place - 1, 0) : place]]
        paths += [after @ here[:, columns] for after in wires[place + 1 : place + 2]]
    return sum(jnp.sum(number * (number - 1) // 2) for number in paths)


@dataclass(frozen=True)
class Rewired(AbstractIntervention):
    """Train from the start with a pruner's masks, rewired at equal degrees for a motif.

    Pairs of edges of a dense layer swap targets where that moves the number of copies the way asked
    for; after Zahn, Daniel and Kutz (2024), arXiv 2403.00974.

    **Parameters:** `motif`: "bifan", or "biparallel" in a stack of dense layers; `direction`: 1
    raises, -1 lowers, 0 swaps whatever comes (a control); `tries`: of a swap in each layer.
    """

    name: ClassVar[str] = "rewired"
    motif: Literal["bifan", "biparallel"] = "bifan"
    direction: Literal[-1, 0, 1] = 1
    tries: int = 2000

    def goes_on(self, pruner):
        return "start"

    def change(self, source):
        names = [name for name in source.layers if source.prunable[name].ndim == 2]
        wires = [source.masks[name].astype(jnp.int32) for name in names]
        found = self.swapped(wires, [source.prunable[name] for name in names], source.keys)
        return Change({**source.masks, **{n: one > 0 for n, one in zip(names, found, strict=True)}})

    @partial(jax.jit, static_argnums=0)
    @partial(jax.vmap, in_axes=(None, 0, None, 0))
    def swapped(self, wires, may, key):
        """One network's layers, after all tries."""
        edges = [jnp.nonzero(w * m, size=w.size) for w, m in zip(wires, may, strict=True)]

        def sweep(n, carry):
            wires, targets = map(list, carry)
            for place, (w, (sources, _)) in enumerate(zip(wires, edges, strict=True)):
                own = jax.random.fold_in(key, n * len(wires) + place)
                pair = jax.random.randint(own, (2,), 0, jnp.sum(w * may[place]))
                rows, columns = sources[pair], targets[place][pair]
                there = rows, columns[::-1]
                new = wires.copy()
                new[place] = w.at[rows, columns].set(0).at[there].set(1)
                then, now = (copies(one, place, rows, columns, self.motif) for one in (new, wires))
                free = jnp.all((w[rows, columns] > w[there]) & may[place][there])
                take = free & ((then - now) * self.direction >= 0)
                wires[place] = jnp.where(take, new[place], w)
                targets[place] = targets[place].at[pair].set(jnp.where(take, there[1], columns))
            return wires, targets

        return jax.lax.fori_loop(0, self.tries, sweep, (wires, [ends for _, ends in edges]))[0]


@hookimpl
def register_interventions():
    return [Rewired]
