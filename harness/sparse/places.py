"""Which weight each place of a wiring holds: one of its own, one that it shares, or none.

In a stack of dense layers a weight and an edge are the same thing. In an unrolled convolution, or a
network unrolled in time, one weight is many edges; in a recurrent network no edge may run from an
output to an input. What is random under a null is then not what it places: z is not calibrated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

NumbersOfWeights = Int[np.ndarray, "_sources _targets"]


@dataclass(frozen=True, eq=False)
class Places:
    """The number of the weight that an edge at each place belongs to.

    `numbers`, one array (sources, targets) for each array of adjacency: -1 where no edge can be.
    Places of the same number hold edges that come and go together. An edge that stands for several
    weights, as one between the channels of a convolution, has a number of its own. `prunable` says
    by number which weights can be pruned.

    It is static: the same for all networks of an ensemble, and left alone by `jax.vmap`.
    """

    numbers: tuple[NumbersOfWeights, ...]
    prunable: Bool[np.ndarray, " weights"]

    @cached_property
    def shared(self) -> bool:
        """Whether some weight is at several places."""
        return bool((np.bincount(self._held) > 1).any())

    @cached_property
    def forbidden(self) -> bool:
        """Whether some place can hold no edge."""
        return any((numbers < 0).any() for numbers in self.numbers)

    @cached_property
    def weights(self) -> int:
        """How many weights that can be pruned are at some place."""
        return int(self.prunable[np.unique(self._held)].sum())

    @property
    def _held(self) -> Int[np.ndarray, " places"]:
        return np.concatenate([numbers[numbers >= 0] for numbers in self.numbers])

    def weights_of(
        self, wires: Sequence[Bool[np.ndarray, "*batch _sources _targets"]]
    ) -> Int[np.ndarray, "*batch"]:
        """How many weights that can be pruned these edges belong to."""
        batch = wires[0].shape[:-2]
        found = np.zeros((int(np.prod(batch)), len(self.prunable)), bool)
        for numbers, layer in zip(self.numbers, wires, strict=True):
            for row, network in zip(found, layer.reshape(-1, *layer.shape[-2:]), strict=True):
                row[numbers[network]] = True
        return (found & self.prunable).sum(-1).reshape(batch)


def places(
    wire: Callable[[Mapping[str, Bool[np.ndarray, "..."]]], Sequence[Bool[np.ndarray, "_a _b"]]],
    prunable: Mapping[str, Bool[np.ndarray, "..."]],
) -> Places:
    """Find out which weight each place holds, by wiring some masks.

    Weights are numbered through the leaves in their order. In the b-th mask those are kept whose
    number has bit b, so that an edge of one weight is there where its weight's number has that bit;
    in the opposite mask where it has not. An edge that is in both stands for several weights. Some
    40 wirings tell 10^6 weights.

    **Arguments:** `wire` returns the adjacency of one network, one array or several, source x
    target; it must be a function of each mask that gains edges only where weights are kept.
    `prunable` by leaf.
    """
    sizes = {name: which.size for name, which in prunable.items()}
    starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    ids = {name: starts[name] + np.arange(sizes[name]).reshape(prunable[name].shape)
           for name in sizes}  # fmt: skip
    total = sum(sizes.values())
    full = [np.asarray(layer) for layer in wire({name: one >= 0 for name, one in ids.items()})]
    numbers = [np.zeros(layer.shape, np.int64) for layer in full]
    several = [np.zeros(layer.shape, bool) for layer in full]
    for bit in range(max(1, total - 1).bit_length()):
        has = {name: (one >> bit & 1).astype(bool) for name, one in ids.items()}
        with_it = wire(has)
        without = wire({name: ~one for name, one in has.items()})
        for place, (on, off) in enumerate(zip(with_it, without, strict=True)):
            numbers[place] |= np.asarray(on).astype(np.int64) << bit
            several[place] |= np.asarray(on) & np.asarray(off)
    for place, layer in enumerate(full):
        numbers[place][~layer] = -1
        merged = int(several[place].sum())
        numbers[place][several[place]] = total + np.arange(merged)
        total += merged
    known = np.concatenate([np.asarray(which).ravel() for which in prunable.values()])
    extra = np.ones(total - len(known), bool)
    return Places(tuple(numbers), np.concatenate([known, extra]))
