"""An ensemble over all its levels, as metrics read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from harness.machine.compilation import Compiled
from harness.machine.devices import spread
from harness.plugin.model import Model
from harness.results import snapshot
from harness.sparse import masks as mask_algebra
from harness.sparse.graph import Digraph, LayeredGraph
from harness.sparse.places import Places, places
from harness.types import Masks, Network, TaskData

T = TypeVar("T")


@dataclass(frozen=True)
class Trajectory:
    """One trial's networks at every level, read from disk one level at a time.

    `networks` are the numbers of the networks within the run, in the order of the arrays' first
    axis; `densities` has the density asked for at each level.
    """

    model: Model
    networks: tuple[int, ...]
    densities: tuple[float, ...]
    levels: Sequence[Path]
    make_data: Callable[[], TaskData]

    @cached_property
    def data(self) -> TaskData:
        """The task's data set."""
        return self.make_data()

    @cached_property
    def _skeleton(self) -> Network:
        return eqx.filter_jit(self.model.network)(key=jax.random.key(0))

    def snapshot(self, level: int) -> snapshot.Snapshot:
        """Return everything that was kept of a level."""
        return snapshot.load(self.levels[level])

    def masks(self, level: int) -> Masks:
        """Return the masks by name of leaf, each (networks, ...)."""
        masks = snapshot.load(self.levels[level], weights=False).masks
        return {name: jnp.asarray(mask) for name, mask in masks.items()}

    def kept(self, level: int) -> Float[np.ndarray, " networks"]:
        """Return the density that each network has at a level: kept / prunable weights."""
        prunable = self.model.prunable(self._skeleton)
        kept = mask_algebra.kept_by_leaf(self.masks(level), prunable)
        return np.sum(list(kept.values()), axis=0) / sum(mask_algebra.count(prunable).values())

    def nearest(self, densities: Sequence[float]) -> list[int]:
        """Return the levels nearest to these densities, each once; of equals the last."""

        def level(wanted: float) -> int:
            gaps = [round(abs(density - wanted), 9) for density in self.densities]
            return max(number for number, gap in enumerate(gaps) if gap == min(gaps))

        return sorted({*map(level, densities)})

    def vectorised(self, function: Callable[[Network, Masks], T]) -> Callable[[int], T]:
        """Return a function of a level: `function` of each masked network and its masks.

        It is compiled once for all levels, and for all trials with the same data. The networks are
        spread over the devices. Results have a leading axis of networks.
        """
        arrays, static = eqx.partition(self._skeleton, eqx.is_inexact_array)

        def one(leaves: dict[str, Any], masks: Masks) -> T:
            return function(eqx.combine(mask_algebra.replace(arrays, leaves), static), masks)

        over_all = Compiled(jax.vmap(one))

        def at(level: int) -> T:
            kept = self.snapshot(level)
            if kept.weights is None:
                raise ValueError("this run kept no weights: run it again with keep_weights = true")
            return over_all(*spread((dict(kept.weights), dict(kept.masks)), len(self.networks)))

        return at

    def graph(self, level: int, view: str | None = None) -> LayeredGraph | Digraph:
        """Return the wiring of all networks of a level, with a leading axis of networks.

        `view` is the name of a graph of the architecture; None is its default.
        """
        wire = jax.vmap(lambda masks: self.model.graph(self._skeleton, masks, view))
        graph = jax.tree.map(np.asarray, wire(self.masks(level)))
        held = self._places(view or self.model.views[0])
        return graph if held is None else replace(graph, places=held)

    def _places(self, view: str) -> Places | None:
        """Return what each place of a view holds; None where each holds a weight of its own."""
        if view not in self._known_places:
            self._known_places[view] = self._find_places(view)
        return self._known_places[view]

    @cached_property
    def _known_places(self) -> dict[str, Places | None]:
        return {}

    def _find_places(self, view: str) -> Places | None:
        @jax.jit
        def wire(masks: Masks) -> tuple[Any, ...]:
            graph = self.model.graph(self._skeleton, masks, view)
            return graph.adjacency if isinstance(graph, LayeredGraph) else (graph.adjacency,)

        found = places(wire, jax.tree.map(np.asarray, self.model.prunable(self._skeleton)))
        plain = not found.shared and not found.forbidden
        return None if plain and found.weights == sum(map(np.size, found.numbers)) else found
