"""Places of a graph: each holds a weight of its own, a shared one, or none.

In a stack of dense layers each edge is one weight. In an unrolled convolution, or a network
unrolled in time, one weight is many edges; in a recurrent network no edge may run from an output to
an input. A null that places each edge by itself then does not describe random masks, so z is not
calibrated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

NumbersOfWeights = Int[np.ndarray, "_sources _targets"]


@dataclass(frozen=True, eq=False)
class Places:
    """The number of the weight to which an edge at each place belongs.

    `numbers` has one array (sources, targets) for each array of adjacency: -1 where no edge can be.
    Edges at places of the same number are present or absent together. An edge that stands for
    several weights, such as one between channels of a convolution, has its own number. `prunable`
    says by number which weights can be pruned.

    It is static: the same for all networks of an ensemble, and `jax.vmap` does not map it.
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
        """How many prunable weights are at some place."""
        return int(self.prunable[np.unique(self._held)].sum())

    @property
    def _held(self) -> Int[np.ndarray, " places"]:
        return np.concatenate([numbers[numbers >= 0] for numbers in self.numbers])

    def weights_of(
        self, wires: Sequence[Bool[np.ndarray, "*batch _sources _targets"]]
    ) -> Int[np.ndarray, "*batch"]:
        """Count the prunable weights to which these edges belong."""
        batch = wires[0].shape[:-2]
        kept = np.zeros((int(np.prod(batch)), len(self.prunable)), bool)
        for numbers, layer in zip(self.numbers, wires, strict=True):
            for row, network in zip(kept, layer.reshape(-1, *layer.shape[-2:]), strict=True):
                row[numbers[network]] = True
        return (kept & self.prunable).sum(-1).reshape(batch)


def places(
    wire: Callable[[Mapping[str, Bool[np.ndarray, "..."]]], Sequence[Bool[np.ndarray, "_a _b"]]],
    prunable: Mapping[str, Bool[np.ndarray, "..."]],
) -> Places:
    """Find which weight each place holds, by wiring some masks.

    Weights are numbered through the leaves in their order. The b-th mask keeps the weights whose
    number has bit b; its complement keeps the others. So an edge of one weight is present in the
    first where its number has that bit, else in the second. An edge present in both stands for
    several weights. Some 40 wirings identify 10^6 weights.

    **Arguments:** `wire` returns the adjacency of one network, one array or several, source x
    target; keeping more weights may only add edges. `prunable` is by leaf.
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
