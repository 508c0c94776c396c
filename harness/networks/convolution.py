"""Convolutions as matrix products: several times faster than XLA's own within a loop on a CPU."""

import itertools
import operator
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def convolved(
    layer: eqx.nn.Conv, x: Float[Array, "_channels *_places"]
) -> Float[Array, "_out *_left"]:
    """Return what `layer(x)` does, to rounding, by one product of the kernel with all windows.

    Layers of several groups, or padded with anything but zeros, are called as they are.
    """
    if layer.groups != 1 or layer.padding_mode != "ZEROS":
        return layer(x)
    kernel = layer.weight
    padding = _padding(layer, x.shape[1:])
    padded = jnp.pad(x, [(0, 0), *padding])
    spans = [(size - 1) * step for size, step in zip(kernel.shape[2:], layer.dilation, strict=True)]
    left = [
        (side - span - 1) // stride + 1
        for side, span, stride in zip(padded.shape[1:], spans, layer.stride, strict=True)
    ]
    covered = [(count - 1) * stride + 1 for count, stride in zip(left, layer.stride, strict=True)]
    windows = []
    for start in _starts(kernel.shape[2:], layer.dilation):
        ends = (len(padded), *map(operator.add, start, covered))
        window = lax.slice(padded, (0, *start), ends, (1, *layer.stride))
        windows.append(window.reshape(len(padded), -1))
    columns = jnp.stack(windows, axis=1).reshape(-1, windows[0].shape[-1])
    y = (kernel.reshape(len(kernel), -1) @ columns).reshape(len(kernel), *left)
    return y if layer.bias is None else y + layer.bias


def _starts(sizes: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, ...]]:
    """Where each entry of the kernel begins to read, the last axis fastest."""
    axes = [range(0, size * step, step) for size, step in zip(sizes, dilation, strict=True)]
    return list(itertools.product(*axes))


def _padding(layer: eqx.nn.Conv, sides: Sequence[int]) -> list[tuple[int, int]]:
    if not isinstance(layer.padding, str):
        return [(int(low), int(high)) for low, high in layer.padding]
    spans = (
        (size - 1) * step + 1
        for size, step in zip(layer.weight.shape[2:], layer.dilation, strict=True)
    )
    return list(lax.padtype_to_pads(sides, list(spans), layer.stride, layer.padding))
