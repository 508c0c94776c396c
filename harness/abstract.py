"""The doors: what tasks, pruners, metrics, schedules and studies are, when each method is called.

A plugin is a frozen dataclass. Its fields are its parameters: typed, with defaults, checked when
someone writes `name[field=value]`. Its class attributes say what it is and needs.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import jax
from jaxtyping import Array, Float, PyTree

from harness import masks as mask_algebra
from harness.evidence import Evidence
from harness.graph import Digraph, LayeredGraph
from harness.types import (
    Batch,
    Key,
    Level,
    Masks,
    Network,
    Scope,
    StopRule,
    Target,
    TaskData,
    Weights,
    When,
)

if TYPE_CHECKING:
    import optax
    import pandas as pd

    from harness.report import RunTables, Section
    from harness.trajectory import Trajectory


class AbstractTask(ABC):
    """Data, a network architecture, a loss and an evaluation.

    All methods but `data` are traced: called inside `jit` and `vmap`, on one network.
    """

    name: ClassVar[str]
    offers: ClassVar[frozenset[str]] = frozenset()
    """What the task can give pruners beyond a loss: "linear", "activations" and "output-loss"."""

    @abstractmethod
    def data(self, *, seed: int) -> TaskData:
        """The data set of a data seed. Called once for each cell, before training, on the host."""

    @abstractmethod
    def network(self, *, key: Key) -> Network:
        """One network with its initial weights. Its inexact arrays are trained."""

    @abstractmethod
    def forward(self, network: Network, inputs: Array) -> Array:
        """Outputs of the network for a batch of inputs, both with the rows first."""

    @abstractmethod
    def loss(self, network: Network, batch: Batch) -> Float[Array, ""]:
        """The training loss, a mean over the rows of the batch."""

    @abstractmethod
    def evaluate(
        self, network: Network, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Figures of merit on held-out rows, by the names that `units` lists.

        The loss need not be among them. Where it is, as `loss`, it is not computed a second time.
        """

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """The loss on `held_out` of the best output that ignores its input, chosen on `train`.

        A network that is no better has learnt nothing of its inputs, whatever its wiring. Called
        once for each cell, on the host, with NumPy arrays. NaN, the default, means unknown.
        """
        return float("nan")

    @property
    @abstractmethod
    def units(self) -> Mapping[str, str]:
        """The name of every figure that `evaluate` returns, with its unit ("1" if it has none)."""

    @abstractmethod
    def prunable(self, network: Network) -> Masks:
        """Which entries of which leaves may be pruned. Entries that are False always act."""

    @abstractmethod
    def wiring(self, network: Network, masks: Masks) -> LayeredGraph | Digraph:
        """The graph that metrics see, given the masks of one network."""

    def linearised(self, network: Network) -> Network:
        """The same network without its nonlinearities. Called where `offers` has "linear"."""
        raise NotImplementedError(f"task '{self.name}' offers no linear network")

    def activations(self, network: Network, inputs: Array) -> dict[str, Array]:
        """What enters each prunable weight, rows first. Called where `offers` has "activations".

        For a weight (out, in): (rows, in). For a kernel (out, in, *size) of a convolution: what it
        slides over, (rows, in, *places), padding left out. For a weight that is used several times
        for a row, as at each step of a sequence: (rows, in, times). Leaves of one axis, such as
        biases, need not be there.
        """
        raise NotImplementedError(f"task '{self.name}' offers no activations")

    def output_loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """The loss, given the outputs of `forward`. Called where `offers` has "output-loss"."""
        raise NotImplementedError(f"task '{self.name}' offers no loss of outputs")


class Update(NamedTuple):
    """What a pruner does to one network.

    - `mask`: the new masks. Entries that are not prunable act whatever it says.
    - `params`: new values for the prunable leaves, or None to leave them.
    - `reset_optimizer`: the entries of prunable leaves whose optimiser moments start again from
      zero, for instance of weights that have just regrown, or None.
    - `rewind_to`: a whole network to go back to, `evidence.initial` or `evidence.rewind_point`,
      biases and all, or None. Its optimiser keeps nothing of any weight, and its step counts, on
      which schedules depend, are those of the pruner's `rewind_step`. `params` are put on top.
    """

    mask: Masks
    params: Weights | None = None
    reset_optimizer: Masks | None = None
    rewind_to: Network | None = None


class AbstractPruner(ABC):
    """Decides which weights go. Its methods are traced, under `jit` and `vmap`, for one network.

    `when` says at which moments `step` is called:

    - "level": at the start of each level, on the network as the level before left it.
    - "init": on the network before training, once for each density, each time from the dense
      network; then one training for each density, at the budget of all levels up to it.
    - "during": within the training of each level, at its steps 0, `every`, 2 * `every`, ...

    A control that needs the masks which another pruner found `follows` it: the other is trained
    first, and its masks at the end of the same level are `evidence.found`.
    """

    name: ClassVar[str]
    when: ClassVar[When]
    every: int = 0
    regrows: ClassVar[bool] = False
    """Whether a weight may come back. If not, masks only shrink, and the harness sees to it."""
    drifts: ClassVar[bool] = False
    """Whether pruned weights go on moving on the optimiser's momentum (their gradients are zero)
    instead of being held. Only for reproducing code that lets them."""
    exact: ClassVar[bool] = True
    """Whether `step` keeps exactly `target.total` weights. Only for reproducing code that errs."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What the task must offer: a combination that lacks it is skipped, with that reason."""
    restarts: ClassVar[bool] = False
    """Whether a pruner `during` training has one training for each density, from the initial
    weights at the budget of all levels up to it, as pruners at "init" have."""
    follows: "AbstractPruner | None" = None
    """The pruner whose masks this one is given."""
    rewind_step: int = 0
    """The step of the first level after which `evidence.rewind_point` is taken; 0: before it."""
    retrains: bool = False
    """Whether every level after the first trains from `rewind_step` to the end of the first level's
    steps, as the first did, instead of for its own steps."""

    @property
    def from_start(self) -> bool:
        """Whether each density has a training of its own, from the initial weights."""
        return self.when == "init" or self.restarts

    def init(self, evidence: Evidence, *, key: Key) -> PyTree:
        """The pruner's state, an array pytree of fixed shapes. Called once, before training."""
        return ()

    @abstractmethod
    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """The masks for `target`, with exactly `target.total` weights kept if the pruner is exact.

        `target` holds traced numbers, so that no density compiles anew. Returns the update and
        the next state.
        """

    def gather(self, weights: Weights, gradients: Weights, masks: Masks) -> PyTree:
        """What is summed over the steps of a level, for `evidence.gathered`.

        Called at every training step with the raw weights, the gradients with respect to what acts
        (also where masked) and the masks. The default gathers nothing and costs nothing.
        """
        return ()

    def ramp(self, previous: float, density: float, progress: float) -> float:
        """The density to prune to when `progress` (0 to 1) of a level's events are past.

        Called on the host, for `when = "during"` only. At progress 1 it must return `density`.
        """
        return density

    def cautions(
        self, levels: Sequence[Level], targets: Sequence[Target], prunable: Masks
    ) -> Sequence[str]:
        """What a user should know of this training, a sentence each, such as that nothing regrows.

        Called on the host once for each cell, after training. `levels` have the steps that each
        level trains for, `targets` its numbers; `prunable` says which entries may be pruned.
        """
        return ()


class ScorePruner(AbstractPruner):
    """A pruner that ranks weights: the core keeps exactly the K of largest score.

    With `scope` "layer" each leaf keeps its share of K (largest remainder); with "output" each
    output of a leaf keeps as much as the others, which fixes in-degrees; with "global" all leaves
    compete. Ties are broken by a seeded random order.
    """

    scope: Scope = "layer"

    @abstractmethod
    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """How much each weight is worth keeping. Only the order of the scores matters."""

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


class AbstractSchedule(ABC):
    """Densities and training budgets, level by level, and the optimiser."""

    name: ClassVar[str]
    batch_size: int
    rewind_data: ClassVar[bool] = False
    """Whether each level reads the training data from its first batch again."""
    stop_rule: StopRule | None = None

    @abstractmethod
    def levels(self) -> tuple[Level, ...]:
        """The levels, densities falling. Called once for each cell."""

    @abstractmethod
    def optimizer(self) -> "optax.GradientTransformation":
        """The optimiser. Its state is carried through all levels."""

    def cautions(self) -> Sequence[str]:
        """Return what a reader of results under this schedule should know first, as sentences.

        Called once for each cell, after training. Reports say them at their top.
        """
        return ()


class AbstractMetric(ABC):
    """Turns the networks of a trajectory into numbers. Called once for each finished cell."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """"weights" where the metric reads kept weights, "layered" where wiring must be layered."""
    chooses_levels: ClassVar[bool] = False
    """Whether it measures only some levels, because each takes long."""

    @abstractmethod
    def measure(self, trajectory: "Trajectory") -> "pd.DataFrame":
        """A long table with the columns `level` and `network`, and those of `columns`."""

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, str]:
        """What each column of the table means, with its unit, for the run's dictionary."""


class AbstractStudy(ABC):
    """A question, the experiments that it takes, and what their runs answer."""

    name: ClassVar[str]
    question: ClassVar[str]
    """As the title of its report asks it."""

    @abstractmethod
    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """The experiments by the names of their run folders, with the fields of experiment files.

        What a user changes (networks, schedules) replaces these fields in every experiment.
        """

    @abstractmethod
    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """The report on the runs of these experiments: first the answer, in plain words."""


def describe(plugin: type[Any]) -> str:
    """The first line of a plugin's docstring: what `harness list` shows."""
    lines = (plugin.__doc__ or "").strip().splitlines()
    return lines[0] if lines else ""
