"""Facts learnt by calling a network: the order of its layers, their inputs and their connections.

Every `equinox.nn.Linear` and `equinox.nn.Conv` of a module is wrapped, then the module is called.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from harness.types import Network

_IMPULSES = (1e6, -1e6, float("nan"))
"""Large values of both signs pass a maximum; NaN passes where a slope is zero."""

Layer: TypeAlias = eqx.nn.Linear | eqx.nn.Conv
See: TypeAlias = Callable[[str, Layer, Array], Array]


class Sized(eqx.Module):
    """A module with the shape of one input. Its leaves are named `module.NAME`."""

    module: Any
    inputs: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module."""
        return self.module(*args, **kwargs)


class _Tap(eqx.Module):
    """A layer that passes each of its calls to `see`."""

    layer: Layer
    name: str = eqx.field(static=True)
    see: See = eqx.field(static=True)

    def __call__(self, x: Array, *, key: Any = None) -> Array:
        return self.see(self.name, self.layer, x)


def is_layer(part: Any) -> bool:
    """Return whether it is a linear layer or a convolution."""
    return isinstance(part, Layer)


def tapped(network: Network, see: See) -> Network:
    """Return a network whose layers pass each call to `see`, with the name of their weight."""

    def tap(path: tuple[Any, ...], part: Any) -> Any:
        if not is_layer(part):
            return part
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        return _Tap(part, f"{name}.weight", see)

    return jax.tree_util.tree_map_with_path(tap, network, is_leaf=is_layer)


def weights(
    call: Callable[[Network, Array], Array], network: Network, inputs: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight by its name, in the order of calls. Nothing is computed."""
    shapes: dict[str, tuple[int, ...]] = {}

    def see(name: str, layer: Layer, x: Array) -> Array:
        shapes[name] = layer.weight.shape
        return layer(x)

    row = jax.ShapeDtypeStruct(inputs, jnp.float32)
    eqx.filter_eval_shape(lambda one, row: call(tapped(one, see), row), network, row)
    return shapes


def entering(
    call: Callable[[Network, Array], Array], network: Network, row: Array
) -> dict[str, Array]:
    """Return what enters each weight for one input, by the weight's name, in the order of calls.

    The inputs of a weight that is used several times are stacked on a last axis.
    """
    entered: dict[str, list[Array]] = {}

    def see(name: str, layer: Layer, x: Array) -> Array:
        entered.setdefault(name, []).append(x)
        return layer(x)

    call(tapped(network, see), row)
    return {name: xs[0] if len(xs) == 1 else jnp.stack(xs, -1) for name, xs in entered.items()}


@dataclass(frozen=True, eq=False)
class Use:
    """One use of a layer in a call of the network.

    `reads[k]` says which of its inputs (columns, flat) depend directly, through no other layer, on
    which units (rows): those of the network's input for k = 0, else the outputs of use k - 1.
    """

    name: str
    layer: Layer
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    reads: tuple[Bool[np.ndarray, "_units _inputs"], ...]


@dataclass(frozen=True, eq=False)
class Signals:
    """All uses of layers in the order of calls, and which units the network's outputs depend on."""

    uses: tuple[Use, ...]
    inputs: tuple[int, ...]
    ends: tuple[Bool[np.ndarray, "_units _outputs"], ...]

    @property
    def is_chain(self) -> bool:
        """Whether each use reads only the one before it, and the outputs only the last."""
        reads = [*(use.reads for use in self.uses), self.ends]
        return all(not any(one.any() for one in read[:-1]) for read in reads)


def signals(
    call: Callable[[Network, Array], Array], network: Network, inputs: tuple[int, ...]
) -> Signals:
    """Return how signals pass through a network, for any weights; its leaves may be tracers.

    An impulse is put in at each unit in turn, while all other layers give zeros; whatever it
    changes depends on that unit.
    """
    leaves, structure = jax.tree.flatten(network)
    shapes = tuple((leaf.shape, str(leaf.dtype)) if eqx.is_array(leaf) else leaf for leaf in leaves)
    return _signals(call, structure, shapes, inputs)


@lru_cache(maxsize=32)
def _signals(
    call: Any, structure: Any, shapes: tuple[Any, ...], inputs: tuple[int, ...]
) -> Signals:
    with jax.ensure_compile_time_eval():
        leaves = [jnp.ones(*one) if isinstance(one, tuple) else one for one in shapes]
        network = jax.tree.unflatten(structure, leaves)
        names, layers, sizes, shapes_in = _calls(call, network, inputs)

        def given(units: Sequence[Array]) -> tuple[list[Array], Array]:
            """Return what each use reads, and the outputs, if the uses give these units."""
            read: list[Array] = []

            def see(name: str, layer: Layer, x: Array) -> Array:
                read.append(x.ravel())
                return units[len(read)]

            outputs = call(tapped(network, see), units[0])
            return read, outputs.ravel()

        quiet = [jnp.zeros(size) for size in (inputs, *sizes)]
        reads: list[list[np.ndarray]] = [[] for _ in names]
        ends = []
        for place, zeros in enumerate(quiet):
            read, outputs = _reached(given, quiet, place, zeros)
            ends.append(outputs)
            for number, columns in enumerate(read):
                if place <= number:
                    reads[number].append(columns)
    uses = zip(names, layers, shapes_in, sizes, map(tuple, reads), strict=True)
    return Signals(tuple(Use(*one) for one in uses), inputs, tuple(ends))


def _calls(call: Any, network: Network, inputs: tuple[int, ...]) -> tuple[list[Any], ...]:
    found: tuple[list[Any], ...] = ([], [], [], [])

    def see(name: str, layer: Layer, x: Array) -> Array:
        y = layer(x)
        for column, one in zip(found, (name, layer, y.shape, x.shape), strict=True):
            column.append(one)
        return y

    call(tapped(network, see), jnp.zeros(inputs))
    return found


def _reached(
    given: Callable[[Sequence[Array]], Any], quiet: Sequence[Array], place: int, zeros: Array
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return which reads and outputs an impulse at each unit of a place changes, units first."""
    rest = given(quiet)

    def changed(unit: Array, impulse: float) -> Any:
        moved = zeros.ravel().at[unit].set(impulse).reshape(zeros.shape)
        found = given([*quiet[:place], moved, *quiet[place + 1 :]])
        return jax.tree.map(jnp.not_equal, found, rest)

    def one(unit: Array) -> Any:
        by_impulse = [changed(unit, impulse) for impulse in _IMPULSES]
        return jax.tree.map(lambda *each: jnp.any(jnp.stack(each), axis=0), *by_impulse)

    found = jax.jit(lambda units: jax.lax.map(one, units, batch_size=256))(jnp.arange(zeros.size))
    reads, outputs = jax.tree.map(np.asarray, found)
    return reads, outputs


def wired(
    use: Use, mask: Bool[Array, "..."], sources: Bool[np.ndarray, "_sources _inputs"]
) -> Array:
    """Return which sources a use's masked weights connect to which outputs, (sources, outputs).

    `sources` says which inputs of the use each source feeds.
    """
    taps = eqx.tree_at(lambda layer: layer.weight, use.layer, mask.astype(jnp.float32))
    if taps.bias is not None:
        taps = eqx.tree_at(lambda layer: layer.bias, taps, jnp.zeros_like(taps.bias))
    rows: Float[Array, "..."] = jnp.asarray(sources, jnp.float32).reshape(-1, *use.inputs)
    return jax.vmap(taps)(rows).reshape(len(sources), -1) > 0
