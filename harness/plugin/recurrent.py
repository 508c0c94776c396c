"""An architecture of one recurrent cell and a read-out after the last step."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from harness.plugin.architecture import AbstractArchitecture
from harness.sparse.graph import Digraph, recurrent
from harness.types import InputKind, Key, Masks, Shape

_UNROLLED = 8
"""Steps that a round of the loop through time computes."""


class Read(eqx.Module):
    """A cell applied along a sequence, and a linear read-out of its last units."""

    cell: Any
    out: eqx.nn.Linear
    steps: int = eqx.field(static=True)

    def states(self, sequence: Float[Array, "steps _inputs"]) -> Float[Array, "_times units"]:
        """Return the units before the first step, where they are zero, and after each."""

        def step(units: Array, inputs: Array) -> tuple[Array, Array]:
            units = self.cell(inputs, units)
            return units, units

        start = jnp.zeros(self.out.in_features)
        return jnp.concatenate([start[None], jax.lax.scan(step, start, sequence)[1]])

    def __call__(self, sequence: Float[Array, "steps _inputs"]) -> Float[Array, " _outputs"]:
        """Return the outputs for one sequence.

        Only the last units are kept, several steps a round: on a CPU that trains twice as fast.
        """

        def step(units: Array, inputs: Array) -> tuple[Array, None]:
            return self.cell(inputs, units), None

        start = jnp.zeros(self.out.in_features)
        return self.out(jax.lax.scan(step, start, sequence, unroll=_UNROLLED)[0])


class RecurrentArchitecture(AbstractArchitecture):
    """An architecture given by its cell: `cell(inputs, units)` returns the units after a step.

    `into` and `within` name the cell's weights from the inputs and between its units, each
    (gates * units, sources). A graph has an edge while the weight of any gate is kept.
    """

    takes: ClassVar[frozenset[InputKind]] = frozenset({"sequence"})
    offers: ClassVar[frozenset[str]] = frozenset({"activations"})
    views: ClassVar[Mapping[str, str]] = {
        "recurrent": "a node is an input, a unit or an output",
        "unrolled": "a node is an input or a unit at a step, or an output",
    }
    into: ClassVar[str] = "cell.weight_ih"
    within: ClassVar[str] = "cell.weight_hh"
    width: int

    @abstractmethod
    def cell(self, inputs: int, *, key: Key) -> Any:
        """Return one cell of `width` units with its initial weights."""

    def network(self, shape: Shape, *, key: Key) -> Read:
        """Return a cell and a linear read-out, as Equinox draws it."""
        own, out = jax.random.split(key)
        cell = self.cell(shape.inputs[1], key=own)
        return Read(cell, eqx.nn.Linear(self.width, shape.outputs, key=out), shape.inputs[0])

    def graph(self, network: Read, masks: Masks, view: str) -> Digraph:
        """Return the wiring: an edge to a unit where the weight of any of its gates is kept."""
        units = masks["out.weight"].shape[-1]
        into, within = (_any_gate(masks[name], units) for name in (self.into, self.within))
        out = masks["out.weight"]
        if view == "unrolled":
            return unrolled(into, within, out, network.steps)
        return recurrent(into, within, out)

    def activations(self, network: Read, inputs: Float[Array, "rows _s _i"]) -> dict[str, Array]:
        """Return what enters each weight, rows first, all steps on the last axis."""
        states = jax.vmap(network.states)(inputs).swapaxes(1, 2)
        return {
            self.into: inputs.swapaxes(1, 2),
            self.within: states[..., :-1],
            "out.weight": states[..., -1],
        }


def _any_gate(mask: Bool[Array, "_gated _sources"], units: int) -> Bool[Array, "units _sources"]:
    return mask.reshape(-1, units, mask.shape[1]).any(axis=0)


def unrolled(
    into: Bool[Array, "units inputs"],
    within: Bool[Array, "units units"],
    out: Bool[Array, "outputs units"],
    steps: int,
) -> Digraph:
    """Return the wiring through time: inputs of all steps, units after all steps, outputs.

    The units before the first step are left out: they are zero, whatever the input.
    """
    (units, inputs), outputs = into.shape, len(out)
    first = steps * inputs
    last = first + steps * units
    wires = jnp.zeros((last + outputs, last + outputs), bool)
    for step in range(steps):
        now = first + step * units
        wires = wires.at[step * inputs : (step + 1) * inputs, now : now + units].set(into.T)
        if step:
            wires = wires.at[now - units : now, now : now + units].set(within.T)
    wires = wires.at[last - units : last, last:].set(out.T)
    nodes = np.arange(len(wires))
    return Digraph(wires, nodes < first, nodes >= last)
