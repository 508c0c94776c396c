"""Homomorphism counts of patterns in layered graphs, by eliminating one node after the other.

The arithmetic is exact. Every intermediate entry counts homomorphisms of part of the pattern, so it
is at most the number of ways to send its nodes to nodes of their layers. If that fits into the 53
bits of a float64, products use float64 (and so BLAS, or an accelerator's matrix units), else int64.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any

from ._homomorphisms import Elimination, Pattern, eliminations

EXACT_IN_FLOAT = 2**53
Tensor = Any
"""An array of NumPy or JAX, (*batch, ...) with one more axis for each node in its name."""


def places(pattern: Pattern, nodes: Sequence[int], base: int) -> int:
    """Count the ways to send a pattern's nodes to nodes of layers `base`, `base + 1`…"""
    return prod(n**v for n, v in zip(nodes[base:], pattern.layers, strict=False))


def homomorphisms(pattern: Pattern, wires: Sequence[Tensor], xp: Any) -> Tensor:
    """Count the homomorphisms of a pattern into a graph that map its first layer to the first.

    **Arguments:** `wires` are the graph's layers of edges as numbers, (*batch, sources, targets),
    of a type that holds every intermediate count; `xp` is NumPy or `jax.numpy`.

    **Returns:** an array of the batch's shape, with one more axis for each node of the root.
    """
    layer_of = pattern.layer_of
    nodes = (wires[0].shape[-2], *(layer.shape[-1] for layer in wires))
    tensors: list[tuple[tuple[int, ...], Tensor]] = [
        (edge, wires[layer_of[edge[0]]]) for edge in pattern.edges
    ]
    for step in eliminations(pattern, nodes):
        (gone,) = {node for operand in step.operands for node in operand} - set(step.result)
        used = [tensor for axes, tensor in tensors if gone in axes]
        tensors = [(axes, tensor) for axes, tensor in tensors if gone not in axes]
        tensors.append((step.result, _summed_over(gone, step, used, xp)))
    return reduce(
        xp.multiply, [_spread(axes, tensor, pattern.root, xp) for axes, tensor in tensors]
    )


def _spread(axes: tuple[int, ...], tensor: Tensor, root: tuple[int, ...], xp: Any) -> Tensor:
    """Return a tensor with an axis for each node of the root, of length 1 for those it lacks."""
    for place, node in enumerate(root):
        if node not in axes:
            tensor = xp.expand_dims(tensor, place - len(root))
    return tensor


def _summed_over(gone: int, step: Elimination, used: Sequence[Tensor], xp: Any) -> Tensor:
    """Return the product of tensors, summed over one node."""
    by_axes: defaultdict[tuple[int, ...], list[Tensor]] = defaultdict(list)
    for axes, tensor in zip(step.operands, used, strict=True):
        by_axes[axes].append(tensor)
    if max(map(len, by_axes)) > 2 or len(by_axes.keys() - {(gone,)}) > 2:
        return xp.einsum(step.subscripts, *used)
    merged = {axes: reduce(xp.multiply, same) for axes, same in by_axes.items()}
    weights = merged.pop((gone,), None)
    if not merged:
        return weights.sum(-1)
    parts = [_gone_first(axes, tensor, gone, xp) for axes, tensor in sorted(merged.items())]
    if weights is not None:
        parts[0] = parts[0] * weights[..., :, None]
    if len(parts) == 1:
        return parts[0].sum(-2)
    return xp.matmul(xp.swapaxes(parts[0], -1, -2), parts[1])


def _gone_first(axes: tuple[int, ...], tensor: Tensor, gone: int, xp: Any) -> Tensor:
    """Return a matrix with the node to be summed over on its first axis."""
    return tensor if axes[0] == gone else xp.swapaxes(tensor, -1, -2)
