"""N:M and block sparsity: which weights a pattern keeps, and how many."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from harness.types import PATTERN, Key, Target

Entries: TypeAlias = Shaped[Array, "out in *window"]
Flags: TypeAlias = Bool[Array, "out in *window"]
Number: TypeAlias = Int[Array, ""] | Int[np.ndarray, ""]
Keep: TypeAlias = Mapping[str, Number]


@dataclass(frozen=True)
class Groups:
    """Of each `of` consecutive inputs of a unit, `kept` stay; of fewer at the end, their share.

    The share is rounded up. Mishra et al. (2021), arXiv 2104.08378. A convolution has such groups
    of input channels at each place of its kernels.
    """

    kept: int
    of: int

    def keeps(self, shape: tuple[int, ...], keep: int) -> int:
        """Return how many weights of a leaf stay."""
        return math.prod(shape) // shape[1] * int(self._numbers(shape[1]).sum())

    def reason_not_to_fit(self, shape: tuple[int, ...], keep: int) -> str | None:
        """Return None: inputs of any number are in groups."""
        return None

    def mask(self, scores: Entries, candidates: Flags, keep: Number, *, key: Key) -> Flags:
        """Return a mask of the largest scores in each group; ties in random order."""
        inputs = scores.shape[1]
        short = -inputs % self.of

        def grouped(leaf: Array) -> Array:
            leaf = jnp.moveaxis(leaf, 1, -1)
            leaf = jnp.pad(leaf, [(0, 0)] * (leaf.ndim - 1) + [(0, short)])
            return leaf.reshape(*leaf.shape[:-1], -1, self.of)

        values, may = grouped(scores.astype(jnp.float32)), grouped(candidates)
        lots = jax.random.bits(key, values.shape, jnp.uint32)
        rank = jnp.argsort(jnp.lexsort((lots, values, may), axis=-1), axis=-1)
        dropped = np.broadcast_to(self.of - self._numbers(inputs)[:, None], rank.shape)
        kept = may & (rank >= dropped)
        flat = kept.reshape(*kept.shape[:-2], -1)[..., :inputs]
        return jnp.moveaxis(flat, -1, 1)

    def _numbers(self, inputs: int) -> Int[np.ndarray, " groups"]:
        sizes = [*[self.of] * (inputs // self.of), inputs % self.of]
        numbers = [-(-size * self.kept // self.of) for size in sizes if size]
        return np.array(numbers, np.int32)


@dataclass(frozen=True)
class Blocks:
    """Blocks of `outputs` x `inputs` weights stay or go together, by the sum of their scores.

    Narang, Undersander and Diamos (2017), arXiv 1711.02782. A convolution has such blocks at each
    place of its kernels.
    """

    outputs: int
    inputs: int

    @property
    def size(self) -> int:
        """The weights of a block."""
        return self.outputs * self.inputs

    def keeps(self, shape: tuple[int, ...], keep: int) -> int:
        """Return how many weights of a leaf stay, of `keep` that should."""
        return keep // self.size * self.size

    def reason_not_to_fit(self, shape: tuple[int, ...], keep: int) -> str | None:
        """Return why a leaf, or the number that it keeps, is no whole number of blocks."""
        if shape[0] % self.outputs or shape[1] % self.inputs:
            return f"has {shape[0]} x {shape[1]} weights: no whole number of blocks"
        if keep % self.size:
            return f"would keep {keep} weights: no multiple of {self.size}"
        return None

    def mask(self, scores: Entries, candidates: Flags, keep: Number, *, key: Key) -> Flags:
        """Return a mask of the blocks with the largest sums; ties in random order."""
        out, into, *window = scores.shape
        shape = (out // self.outputs, self.outputs, into // self.inputs, self.inputs, *window)
        sums = jnp.where(candidates, scores, 0).reshape(shape).sum((1, 3))
        may = candidates.reshape(shape).any((1, 3))
        lots = jax.random.bits(key, (sums.size,), jnp.uint32)
        order = jnp.lexsort((lots, sums.ravel().astype(jnp.float32), may.ravel()))
        best = jnp.argsort(order) >= sums.size - keep // self.size
        kept = (best & may.ravel()).reshape(sums.shape)
        return candidates & kept.repeat(self.outputs, axis=0).repeat(self.inputs, axis=1)


def pattern(scope: str) -> Groups | Blocks | None:
    """Return the pattern that a scope names, as "2:4" or "block4x4"; None for other scopes."""
    if not (match := re.fullmatch(PATTERN, scope)):
        return None
    kept, of, outputs, inputs = match.groups()
    return Groups(int(kept), int(of)) if kept else Blocks(int(outputs), int(inputs))


def reason_not_to_keep(
    scope: str, prunable: Mapping[str, Bool[Array, "..."]], target: Target
) -> str | None:
    """Return why the pattern of a scope cannot keep the numbers of a target, or None. On the host.

    A target that keeps everything fits every pattern.
    """
    found, whole = pattern(scope), sum(int(may.sum()) for may in prunable.values())
    if found is None or int(target.total) == whole:
        return None
    due = {name: int(number) for name, number in target.by_leaf.items()}
    for name, may in prunable.items():
        if may.ndim < 2 or not may.all():
            return f"'{name}' is no matrix of weights that can all be pruned"
        if reason := found.reason_not_to_fit(may.shape, due[name]):
            return f"'{name}' {reason}"
    kept = {name: found.keeps(may.shape, due[name]) for name, may in prunable.items()}
    fits = kept == due if target.binding is not None else sum(kept.values()) == target.total
    return None if fits else f"the pattern gives density {sum(kept.values()) / whole:.9g}"
