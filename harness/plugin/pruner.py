"""The interface of a pruner: which weights it removes, and when it is called."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import jax
from jaxtyping import Array, PyTree

from harness.plugin.evidence import Evidence
from harness.sparse import masks as mask_algebra
from harness.types import Key, Level, Masks, Network, Scope, Target, Weights, When


class Update(NamedTuple):
    """What a pruner does to one network.

    - `mask`: the new masks. Entries that are not prunable act whatever it says.
    - `params`: new values for the prunable leaves, or None to leave them.
    - `reset_optimizer`: the entries of prunable leaves whose optimiser moments start again from
      zero, for instance of weights that have just regrown, or None.
    - `rewind_to`: a whole network to go back to, `evidence.initial` or `evidence.rewind_point`,
      biases and all, or None. Its optimiser keeps nothing of any weight, and its step counts, on
      which schedules depend, are those of the pruner's `rewind_step`. `params` are put on top.
    - `diagnostics`: a number for each name that the pruner's `diagnostics` announces.
    """

    mask: Masks
    params: Weights | None = None
    reset_optimizer: Masks | None = None
    rewind_to: Network | None = None
    diagnostics: Mapping[str, Array] | None = None


class AbstractPruner(ABC):
    """Decides which weights go. Its methods are traced, under `jit` and `vmap`, for one network.

    `when` says at which moments `step` is called:

    - "level": at the start of each level, on the network as the level before left it.
    - "init": on the network before training, once for each density, each time from the dense
      network; then one training for each density, at the budget of all levels up to it.
    - "during": within the training of each level, at its steps 0, `every`, 2 * `every`, ...

    An attribute that depends on a pruner's parameters is set on the instance, in `__post_init__`.
    """

    name: ClassVar[str]
    when: ClassVar[When]
    every: int = 0
    regrows: ClassVar[bool] = False
    """Whether a pruned weight may come back. If not, the harness lets masks only shrink."""
    drifts: ClassVar[bool] = False
    """Whether the optimiser's momentum goes on moving pruned weights, whose gradients are zero,
    instead of holding them. Only to reproduce code that does this."""
    exact: ClassVar[bool] = True
    """Whether `step` keeps exactly `target.total` weights. Only to reproduce code that errs."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What the architecture must offer; one that does not is skipped, with that reason."""
    restarts: ClassVar[bool] = False
    """Whether a pruner `during` training has one training for each density, from the initial
    weights at the budget of all levels up to it, as pruners at "init" have."""
    rewind_step: int = 0
    """The step of the first level after which `evidence.rewind_point` is taken; 0: before it."""
    diagnostics: ClassVar[Mapping[str, str]] = {}
    """The numbers that each update has of itself, by name, with their meanings and units. A run
    keeps them for each network and pruning, in its table `diagnostics`."""
    retrains: bool = False
    """Whether every level after the first trains from `rewind_step` to the end of the first level's
    steps, as the first did, instead of for its own steps."""

    @property
    def from_start(self) -> bool:
        """Whether each density has a training of its own, from the initial weights."""
        return self.when == "init" or self.restarts

    def init(self, evidence: Evidence, *, key: Key) -> PyTree:
        """Return the pruner's state, arrays of fixed shapes. Called once, before training."""
        return ()

    @abstractmethod
    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Return the update that prunes to `target`, and the next state.

        Where `target.binding` is not None each leaf keeps its number of `target.by_leaf`.
        `target` holds traced numbers, so that no density compiles anew. Returns the update and
        the next state.
        """

    def gather(self, weights: Weights, gradients: Weights, masks: Masks) -> PyTree:
        """Return what is summed over the steps of a level, for `evidence.gathered`.

        Called at every training step with the raw weights, the gradients with respect to the masked
        weights (also where pruned) and the masks. The default gathers nothing and costs nothing.
        """
        return ()

    def ramp(self, previous: float, density: float, progress: float) -> float:
        """Return the density to prune to after a share `progress` (0 to 1) of a level's events.

        Called on the host, for `when = "during"` only. At progress 1 it must return `density`.
        """
        return density

    def cautions(
        self, levels: Sequence[Level], targets: Sequence[Target], prunable: Masks
    ) -> Sequence[str]:
        """Return sentences that a user should know of this training, such as that nothing regrows.

        Called on the host once for each trial, after training. `levels` have the steps that each
        level trains for, `targets` its numbers of weights; `prunable` what may be pruned.
        """
        return ()


class ScorePruner(AbstractPruner):
    """A pruner that ranks weights: the core keeps exactly the K of largest score.

    With `scope` "layer" each leaf keeps its share of K (largest remainder); with "output" each
    output of a leaf keeps as much as the others, which fixes in-degrees; with "global" all leaves
    compete. Ties are broken by a seeded random order.

    Two scopes are patterns, which give the density: "2:4", or any N:M, keeps the N best of each M
    consecutive inputs of every unit; "block4x4", or any size, keeps or removes blocks of outputs x
    inputs by the sum of their scores, as many in each leaf. A level of a density that the pattern
    cannot give is refused before training.
    """

    scope: Scope = "layer"

    @abstractmethod
    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """Return how much each weight is worth keeping. Only the order of the scores matters."""

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Keep the weights of largest score among those still there."""
        score_key, tie_key = jax.random.split(key)
        scores = self.score(evidence, key=score_key)
        mask = mask_algebra.prune_by_score(
            scores, evidence.candidates, target, scope=self.scope, key=tie_key
        )
        return Update(mask), state
