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

from harness.errors import UserError
from harness.machine.compilation import Compiled
from harness.machine.devices import spread
from harness.motifs import OwnNull, draws
from harness.plugin.model import Model
from harness.results import snapshot
from harness.sparse import masks as mask_algebra
from harness.sparse.graph import Digraph, LayeredGraph
from harness.sparse.places import Places
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
    data_seed: int = 0

    @cached_property
    def data(self) -> TaskData:
        """The task's data set."""
        return self.make_data()

    def steps(self, level: int) -> tuple[int, ...]:
        """The steps of a level after which networks are kept, besides those at its end."""
        return tuple(snapshot.kept_within(self.levels[level]))

    def snapshot(self, level: int, step: int | None = None) -> snapshot.Snapshot:
        """Everything that was kept of a level at its end, or after a step of `steps(level)`."""
        return snapshot.load(snapshot.at_step(self.levels[level], step))

    def masks(self, level: int, step: int | None = None) -> Masks:
        """The masks by name of leaf, each (networks, ...)."""
        path = snapshot.at_step(self.levels[level], step)
        masks = snapshot.load(path, weights=False).masks
        return {name: jnp.asarray(mask) for name, mask in masks.items()}

    def kept(self, level: int) -> Float[np.ndarray, " networks"]:
        """Return the density that each network has at a level: kept / prunable weights."""
        prunable = self.model.prunable(self.model.skeleton)
        kept = mask_algebra.kept_by_leaf(self.masks(level), prunable)
        return np.sum(list(kept.values()), axis=0) / sum(mask_algebra.count(prunable).values())

    def nearest(self, densities: Sequence[float]) -> list[int]:
        """Return the levels nearest to these densities, each once; of equals the last."""

        def level(wanted: float) -> int:
            gaps = [round(abs(density - wanted), 9) for density in self.densities]
            return max(number for number, gap in enumerate(gaps) if gap == min(gaps))

        return sorted({*map(level, densities)})

    def vectorised(self, function: Callable[[Network, Masks], T]) -> Callable[..., T]:
        """`function` of one masked network and its masks, over all networks of a level.

        Compiled once for all levels, and all trials with the same data. The networks are spread
        over the devices. It is called with a level, and a step as `snapshot` is; what it returns
        has a leading axis of networks.
        """
        arrays, static = eqx.partition(self.model.skeleton, eqx.is_inexact_array)

        def one(leaves: dict[str, Any], masks: Masks) -> T:
            return function(eqx.combine(mask_algebra.replace(arrays, leaves), static), masks)

        over_all = Compiled(jax.vmap(one))

        def at(level: int, step: int | None = None) -> T:
            kept = self.snapshot(level, step)
            if kept.weights is None:
                raise ValueError("this run kept no weights: run it again with keep_weights = true")
            return over_all(*spread((dict(kept.weights), dict(kept.masks)), len(self.networks)))

        return at

    def graph(
        self, level: int, view: str | None = None, step: int | None = None
    ) -> LayeredGraph | Digraph:
        """The wiring of all networks of a level, with a leading axis of networks.

        `view` is the name of a graph of the architecture; None is its default. `step` is one of
        `steps(level)`, or None for the end of the level.
        """
        return self.wired(self.masks(level, step), view)

    def wired(self, masks: Masks, view: str | None = None) -> LayeredGraph | Digraph:
        """The wiring of networks that have these masks, each (networks, ...), as of `graph`."""
        wire = jax.vmap(lambda masks: self.model.graph(self.model.skeleton, masks, view))
        graph = jax.tree.map(np.asarray, wire(masks))
        held = self._places(view or self.model.views[0])
        return graph if held is None else replace(graph, places=held)

    def redrawn(
        self, masks: Masks, number: int, *, seed: Sequence[int], view: str | None = None
    ) -> LayeredGraph | Digraph:
        """Return the wirings of random masks that keep as many weights of each leaf as `masks` do.

        The null that suits every architecture: an edge is only where one can be, and edges that
        share a weight come and go together.

        **Arguments:** `masks` of one network; `number` of random ones; `seed`, whole numbers that
        are not negative.

        **Returns:** a graph in the view with a leading axis of `number`.
        """
        key = jax.random.key(0)
        for part in np.random.SeedSequence(list(seed)).generate_state(2):
            key = jax.random.fold_in(key, part)
        like = {leaf: jnp.asarray(mask) for leaf, mask in masks.items()}
        # Rounded up to a power of two, so that a last, smaller lot needs no program of its own.
        lot = jnp.arange(1 << max(0, number - 1).bit_length()) % max(1, number)
        found = self.model.redrawn(like, jax.random.split(key, max(1, number))[lot], view)
        return jax.tree.map(lambda leaf: np.asarray(leaf)[:number], found)

    def masks_null(self, level: int, view: str | None = None) -> OwnNull[Any]:
        """Return the null `masks` of a level's networks: their masks redrawn, see `redrawn`."""
        masks = self.masks(level)

        def draw(network: int, number: int, seed: tuple[int, ...]) -> LayeredGraph | Digraph:
            own = {name: mask[network] for name, mask in masks.items()}
            return self.redrawn(own, number, seed=seed, view=view)

        return OwnNull("masks", draw)

    def masks_degree_null(self, level: int, view: str | None = None) -> OwnNull[Any]:
        """Return the null `masks-degree`: masks redrawn that keep their sums by row and column.

        So every unit keeps its in- and out-degree within each weight array, and what is wired again
        respects places and shared weights in every view. Kernels are taken as matrices with a row
        for each output channel.

        **Errors:** UserError where some entries of a weight array cannot be pruned.
        """
        masks = {name: np.asarray(mask) for name, mask in self.masks(level).items()}
        if not all(np.all(one) for one in self.model.prunable(self.model.skeleton).values()):
            raise UserError(
                "null 'masks-degree' trades any entry of a weight array for another, and some of "
                f"'{self.model.architecture.name}' cannot be pruned: take null 'masks'."
            )
        wire = jax.jit(jax.vmap(lambda one: self.model.graph(self.model.skeleton, one, view)))

        def draw(network: int, number: int, seed: tuple[int, ...]) -> LayeredGraph | Digraph:
            redrawn = {}
            for leaf, (name, mask) in enumerate(masks.items()):
                own = LayeredGraph((mask[network].reshape(len(mask[network]), -1),))
                (drawn,) = draws(own, "degree", number, seed=(*seed, leaf)).adjacency
                redrawn[name] = np.asarray(drawn).reshape(number, *mask.shape[1:])
            return jax.tree.map(np.asarray, wire(redrawn))

        return OwnNull("masks-degree", draw)

    def _places(self, view: str) -> Places | None:
        """Return what each place of a view holds; None where each holds a weight of its own."""
        found = self.model.places(view)
        plain = not found.shared and not found.forbidden
        return None if plain and found.weights == sum(map(np.size, found.numbers)) else found
