"""An architecture on a task: what is trained, pruned and measured."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.errors import UserError
from harness.machine.compilation import compiled_soon
from harness.networks import Stateful
from harness.networks.products import numbers_put_out
from harness.plugin.architecture import AbstractArchitecture
from harness.plugin.task import AbstractTask
from harness.sparse.graph import Digraph, LayeredGraph
from harness.sparse.masks import random_masks
from harness.sparse.places import Places, places
from harness.types import Batch, Key, Masks, Network, NetworkKeys, Shape, TaskData

_shared: "WeakValueDictionary[tuple[int, int], Model]" = WeakValueDictionary()


def shared_model(task: AbstractTask, architecture: AbstractArchitecture) -> "Model":
    """Return the one model of two instances, so that trials compile what it holds only once."""
    key = id(task), id(architecture)
    model = _shared.get(key)
    if model is None:
        model = _shared[key] = Model(task, architecture)
    return model


@dataclass(frozen=True)
class Model:
    """A task with the architecture of its networks. Every function is of one network."""

    task: AbstractTask
    architecture: AbstractArchitecture

    @property
    def offers(self) -> frozenset[str]:
        """What it can give pruners: the architecture's offers, and the loss of outputs."""
        return self.architecture.offers | {"output-loss"}

    @property
    def reason_not_to_fit(self) -> str | None:
        """Why the architecture cannot take the task's inputs, or None if it can."""
        takes, shapes = self.architecture.takes, self.task.shapes
        if any(shape.kind in takes for shape in shapes):
            return self.architecture.reason_not_to_fit(self.shape)
        kinds = " or ".join(shape.kind for shape in shapes)
        return (
            f"architecture '{self.architecture.name}' takes {' or '.join(sorted(takes))} inputs, "
            f"and those of task '{self.task.name}' are of kind {kinds}"
        )

    @property
    def shape(self) -> Shape:
        """The shape of one input as the architecture takes it, and the number of outputs."""
        shapes = self.task.shapes
        return next((one for one in shapes if one.kind in self.architecture.takes), shapes[0])

    def _given(self, inputs: Array) -> Array:
        """Return inputs, rows first, in the shape that the architecture takes."""
        return inputs.reshape(len(inputs), *self.shape.inputs)

    def network(self, *, key: Key) -> Network:
        """Return one network with its initial weights."""
        return self.architecture.network(self.shape, key=key)

    @cached_property
    def skeleton(self) -> Network:
        """One network, for its structure."""
        return compiled_soon(self.network)(key=jax.random.key(0))

    @cached_property
    def size(self) -> int:
        """How many numbers of one network are trained."""
        shapes = jax.eval_shape(
            lambda: eqx.filter(self.network(key=jax.random.key(0)), eqx.is_inexact_array)
        )
        return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))

    @cached_property
    def put_out(self) -> int:
        """How many numbers the layers of one network put out for one row of inputs."""
        network = eqx.filter_eval_shape(self.network, key=jax.random.key(0))
        rows = jax.ShapeDtypeStruct((1, *self.shape.inputs), jnp.float32)
        forward: Callable[..., Array] = self.forward
        program, *_ = eqx.filter_make_jaxpr(forward)(network, rows)
        return numbers_put_out(program.jaxpr)

    def forward(self, network: Network, inputs: Array) -> Array:
        """Return outputs for a batch of inputs, both with the rows first."""
        return self.architecture.forward(network, self._given(inputs))

    def loss(self, network: Network, batch: Batch) -> Float[Array, ""]:
        """Return the training loss on a batch."""
        outputs = self.forward(network, jnp.asarray(batch.inputs))
        return self.task.loss(outputs, jnp.asarray(batch.targets))

    def varies(self, network: Network) -> bool:
        """Return whether a training pass draws random numbers or changes the network's memory."""
        return self.architecture.stochastic or isinstance(network, Stateful)

    def training_loss(
        self, network: Network, batch: Batch, *, key: Key
    ) -> tuple[Float[Array, ""], tuple[Array, ...]]:
        """Return the training loss of such a pass, and the network's memory after it."""
        inputs = self._given(jnp.asarray(batch.inputs))
        outputs, memory = self.architecture.train_forward(network, inputs, key=key)
        return self.task.loss(outputs, jnp.asarray(batch.targets)), memory

    def output_loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Return the training loss of outputs."""
        return self.task.loss(outputs, targets)

    def evaluate(
        self, network: Network, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Return the task's figures of merit on held-out rows."""
        return self.task.evaluate(self.forward(network, jnp.asarray(batch.inputs)), batch, data)

    @property
    def units(self) -> Mapping[str, str]:
        """The name and unit of every figure of merit."""
        return self.task.units

    def prunable(self, network: Network) -> Masks:
        """Return which entries of which leaves may be pruned, leaves in the order of signals."""
        return self.architecture.prunable(network)

    @property
    def views(self) -> tuple[str, ...]:
        """The names of its graphs, the default first."""
        return tuple(self.architecture.views)

    def graph(
        self, network: Network, masks: Masks, view: str | None = None
    ) -> LayeredGraph | Digraph:
        """Return the wiring of one network under these masks, in a view or the default one.

        Raises `UserError` where the architecture has no view of this name.
        """
        if view is not None and view not in self.views:
            raise UserError(
                f"architecture '{self.architecture.name}' has no view '{view}'. It has "
                f"{', '.join(self.views)}."
            )
        return self.architecture.graph(network, masks, view or self.views[0])

    def places(self, view: str | None = None) -> Places:
        """Return which weight each place of a view holds; numbers run through `prunable`."""
        name = view or self.views[0]
        if name not in self._known_places:
            self._known_places[name] = self._find_places(name)
        return self._known_places[name]

    @cached_property
    def _known_places(self) -> dict[str, Places]:
        return {}

    def _find_places(self, view: str) -> Places:
        @jax.jit
        def wire(masks: Masks) -> tuple[Any, ...]:
            graph = self.graph(self.skeleton, masks, view)
            return graph.adjacency if isinstance(graph, LayeredGraph) else (graph.adjacency,)

        prunable = self.prunable(self.skeleton)  # not by `jax.tree.map`, which sorts the leaves
        return places(wire, {name: np.asarray(may) for name, may in prunable.items()})

    def redrawn(
        self, like: Masks, keys: NetworkKeys, view: str | None = None
    ) -> LayeredGraph | Digraph:
        """Return wirings of random masks that keep as many weights of each leaf as `like`.

        One for each of `keys`, with a leading axis.
        """
        name = view or self.views[0]
        if name not in self._redrawers:
            self._redrawers[name] = self._redrawer(name)
        return self._redrawers[name](like, keys)

    @cached_property
    def _redrawers(self) -> dict[str, Callable[[Masks, NetworkKeys], LayeredGraph | Digraph]]:
        return {}

    def _redrawer(self, view: str) -> Callable[[Masks, NetworkKeys], LayeredGraph | Digraph]:
        def one(like: Masks, key: Key) -> LayeredGraph | Digraph:
            masks = random_masks(like, self.prunable(self.skeleton), key=key)
            return self.graph(self.skeleton, masks, view)

        return jax.jit(jax.vmap(one, (None, 0)))

    @property
    def reason_not_layered(self) -> str | None:
        """Why the default graph is no layered graph whose edges are single weights, or None."""

        def wired() -> tuple[LayeredGraph | Digraph, Masks]:
            network = self.network(key=jax.random.key(0))
            masks = self.prunable(network)
            return self.graph(network, masks), masks

        graph, masks = jax.eval_shape(wired)
        if isinstance(graph, LayeredGraph):
            edges, weights = (
                sum(leaf.size for leaf in jax.tree.leaves(part)) for part in (graph, masks)
            )
            if edges == weights:
                return None
        return (
            f"the graph '{self.views[0]}' of architecture '{self.architecture.name}' is not layers "
            "of edges that are one weight each, as that of 'mlp' is"
        )

    def linearised(self, network: Network) -> Network:
        """Return the network without its nonlinearities."""
        return self.architecture.linearised(network)

    def activations(self, network: Network, inputs: Array) -> dict[str, Array]:
        """Return what enters each prunable weight, rows first."""
        return self.architecture.activations(network, self._given(inputs))
