"""The interface of an intervention: it changes the masks of a pruned ensemble."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Int, PyTree, Shaped

from harness.plugin.evidence import Evidence
from harness.plugin.model import Model
from harness.plugin.pruner import AbstractPruner, Update
from harness.sparse.graph import Digraph, LayeredGraph
from harness.types import GoesOn, Key, Masks, Network, NetworkKeys, Target, Weights, When


class Edges(NamedTuple):
    """The layered graph of one network's masks, and the weight at each of its places.

    `numbers` are by layer, (sources, targets), and count weights through the leaves in the order
    of `prunable`.
    """

    adjacency: tuple[Bool[np.ndarray, "_sources _targets"], ...]
    numbers: tuple[Int[np.ndarray, "_sources _targets"], ...]
    prunable: Masks

    def values(self, leaves: Mapping[str, Array]) -> Shaped[np.ndarray, " weights"]:
        """Return one network's weights or masks as one vector, by number."""
        return np.concatenate([np.asarray(leaves[name]).ravel() for name in self.prunable])

    def leaves(self, values: Shaped[np.ndarray, " weights"]) -> dict[str, np.ndarray]:
        """Return such a vector as leaves."""
        ends = np.cumsum([may.size for may in self.prunable.values()])[:-1]
        parts = zip(self.prunable.items(), np.split(values, ends), strict=True)
        return {name: part.reshape(may.shape) for (name, may), part in parts}


@dataclass(frozen=True)
class Source:
    """What an intervention may look at: the source trial's networks at one level.

    `masks` are those that the source has there, `before` those that the intervention's own networks
    have before it acts (all ones where each level begins anew); `prunable` says which entries may
    be pruned, of one network. `weights` are the source's trained arrays by name, masked, or None
    where the run keeps none. Arrays of networks have the networks first. `keys` holds one key for
    each network and level.
    """

    model: Model
    pruner: AbstractPruner
    level: int
    density: float
    masks: Masks
    before: Masks
    prunable: Masks
    weights: Weights | None
    keys: NetworkKeys
    network: Network
    """One network, for its structure: its weights are not those of the source."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the prunable leaves in the order in which signals pass them."""
        return tuple(self.prunable)

    def graph(self, masks: Masks, view: str | None = None) -> LayeredGraph | Digraph:
        """Return the wiring of some masks, networks first, in a view of the architecture."""
        wire = jax.vmap(lambda one: self.model.graph(self.network, one, view))
        return jax.tree.map(np.asarray, wire(masks))

    def edges(self) -> list[Edges]:
        """Return the layered graph of each network's masks, with the weight that each edge is.

        For architectures without `model.reason_not_layered`.
        """
        graph = self.graph(self.masks)
        numbers = self.model.places().numbers
        return [
            Edges(
                tuple(np.asarray(wires[one]) for wires in graph.adjacency), numbers, self.prunable
            )
            for one in range(len(self.keys))
        ]


class Change(NamedTuple):
    """The masks of a level after an intervention, and weights by name where it changes them.

    Arrays have the networks first. `weights` replace those from which training goes on.
    """

    masks: Masks
    weights: Weights | None = None


class AbstractIntervention(ABC):
    """Changes the masks that a pruner found, and says how training goes on.

    The source trial, the same networks without the intervention, is trained first. At every level
    but a dense one `change` is called once for all networks of a block, on the host: it may use
    NumPy, `jax.vmap`, or `harness.motifs`. It draws all randomness from `source.keys`.
    """

    name: ClassVar[str]
    of: ClassVar[str] = ""
    """The pruner whose masks it changes where none is named, as `name[field=value]`."""
    exact: ClassVar[bool] = True
    """Whether each network keeps as many weights as the source does."""
    needs_weights: ClassVar[bool] = False
    """Whether it reads `source.weights`. A run that keeps none skips it, with that reason."""
    crosses: ClassVar[bool] = False
    """Whether a network's masks depend on other networks of its block."""

    def reason_not_to_fit(self, model: Model, networks: int) -> str | None:
        """Return why it cannot act on a block of so many networks of a model, or None."""
        return None

    @abstractmethod
    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return how training goes on with the masks of a source that this pruner made."""

    @abstractmethod
    def change(self, source: Source) -> Change:
        """Return the changed masks of all networks at one level."""


@dataclass(frozen=True)
class Untouched(AbstractPruner):
    """The pruner of a trial whose masks an intervention sets: it never prunes.

    With `anew` each level has a training of its own. Where training goes on from the rewind
    point, `rewind_step` and `retrains` are those of the source's pruner.
    """

    name: ClassVar[str] = "untouched"
    when: ClassVar[When] = "level"
    anew: bool = False
    rewind_step: int = 0
    retrains: bool = False

    @property
    def from_start(self) -> bool:
        """Whether each level has a training of its own."""
        return self.anew

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Keep the masks: the intervention sets them."""
        return Update(evidence.mask), state
