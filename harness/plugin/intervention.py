"""The interface of an intervention: it changes the masks of a pruned ensemble."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import numpy as np
from jaxtyping import PyTree

from harness.plugin.evidence import Evidence
from harness.plugin.model import Model
from harness.plugin.pruner import AbstractPruner, Update
from harness.sparse.graph import Digraph, LayeredGraph
from harness.types import GoesOn, Key, Masks, Network, NetworkKeys, Target, Weights, When


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
