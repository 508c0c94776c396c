"""The types of arrays and records that the whole harness shares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from annotated_types import Predicate
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree, Shaped
from jaxtyping import Key as KeyArray

Key: TypeAlias = PRNGKeyArray
"""A typed PRNG key, as `jax.random.key` makes it."""

NetworkKeys: TypeAlias = KeyArray[Array, " networks"]
"""A typed PRNG key for each of several networks."""

Network: TypeAlias = PyTree
"""One Equinox module. Its prunable leaves are named by their path, as in `layers.0.weight`."""

Weights: TypeAlias = dict[str, Float[Array, "..."]]
"""The prunable leaves of one network by name: weights, scores, or gradients."""

Masks: TypeAlias = dict[str, Bool[Array, "..."]]
"""For each prunable leaf, which of its entries are kept (True) and which are pruned (False)."""

Frozen: TypeAlias = Mapping[str, Bool[Array, ""]]
"""For each trained leaf of a network, whether it is neither trained nor pruned now."""

When: TypeAlias = Literal["init", "level", "during"]
GoesOn: TypeAlias = Literal["level", "start", "rewind", "new", "here", "not"]
"""How training goes on with changed masks, level by level:

- "level": from the intervention's own previous level, for the steps of this level;
- "start": from the initial weights, for the steps of all levels up to this one;
- "rewind": from the source's rewind point, the weights after its pruner's `rewind_step` steps of
  the first level (0: the initial weights); the optimiser's step counts go on from there. It trains
  for as many steps as a pruner that rewinds: those of the level or, if the source's pruner
  `retrains`, those of the first level from the rewind step on;
- "new": from other initial weights, for the same number of steps;
- "here": from the source's weights at this level, for the steps of this level;
- "not": no training; the source's weights are evaluated under the changed masks.
"""
PATTERN = r"(\d+):(\d+)|block(\d+)x(\d+)"
"""The scopes that are patterns, such as "2:4" and "block4x4"."""


def _is_scope(scope: str) -> bool:
    from pydantic_core import PydanticCustomError

    if scope in ("layer", "global", "output"):
        return True
    if match := re.fullmatch(PATTERN, scope):
        kept, of, outputs, inputs = (int(part or 1) for part in match.groups())
        if 0 < kept < of or (match[3] and outputs * inputs > 0):
            return True
    raise PydanticCustomError(
        "scope",
        "Input should be 'layer', 'global' or 'output', or a pattern: N:M with N < M, such as 2:4, "
        "or a block such as block4x4",
    )


Scope: TypeAlias = Annotated[str, Predicate(_is_scope)]
"""Which weights compete: see `ScorePruner`."""
Split: TypeAlias = Literal["train", "validation", "test"]


InputKind: TypeAlias = Literal["vector", "sequence", "image"]


class Shape(NamedTuple):
    """What a task asks of a network: the shape of one input and the number of outputs.

    `inputs` is (features,) for a vector, (steps, features) for a sequence, (channels, height,
    width) for an image.
    """

    inputs: tuple[int, ...]
    outputs: int

    @property
    def kind(self) -> InputKind:
        """The kind of one input, by its number of axes."""
        kinds: dict[int, InputKind] = {1: "vector", 2: "sequence", 3: "image"}
        if len(self.inputs) not in kinds:
            raise ValueError(f"inputs have shape {self.inputs}; give one of 1 to 3 axes")
        return kinds[len(self.inputs)]


class Batch(NamedTuple):
    """Rows of a data set: `inputs` and `targets` share their first axis."""

    inputs: Shaped[Array, "..."] | Shaped[np.ndarray, "..."]
    targets: Shaped[Array, "..."] | Shaped[np.ndarray, "..."]


class Target(NamedTuple):
    """How many weights to keep: the density, and the exact counts that follow from it.

    `binding` is () where each leaf has to keep its number of `by_leaf`, because the level gives
    densities by leaf, and None where only `total` counts. Neither is traced.
    """

    density: Float[Array, "*events"] | Float[np.ndarray, "*events"]
    total: Int[Array, "*events"] | Int[np.ndarray, "*events"]
    by_leaf: Mapping[str, Int[Array, "*events"] | Int[np.ndarray, "*events"]]
    binding: tuple[()] | None = None


@dataclass(frozen=True)
class Quantity:
    """The name and the unit of one input or output of a task."""

    name: str
    unit: str


@dataclass(frozen=True)
class TaskData:
    """A task's data set: three splits, the meaning of their columns, scales and notes.

    `scales` are arrays that the task's own `evaluate` needs, for instance to convert to units.
    `notes` are facts about how the data were made; the report shows them.
    """

    train: Batch
    validation: Batch
    test: Batch
    inputs: tuple[Quantity, ...]
    outputs: tuple[Quantity, ...]
    scales: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


FIRST, LAST = "@first", "@last"
"""Names, in a level, of the first and the last layer that signals pass, whatever the network."""


@dataclass(frozen=True)
class Level:
    """One level of a schedule: the density to prune to, then the steps to train at it.

    Leaves are called by their names in the network, as in `layers.0.weight`; "@first" and "@last"
    are the first and the last prunable weights, with the biases of their layer. Where a level of a
    schedule names any in `by_leaf`, or freezes one that is prunable, all its levels are by leaf:
    each leaf keeps exactly its own share, whatever the scope of the pruner, and the density of the
    level is what follows from all leaves, which is what tables say.

    - `density`: of all prunable weights; in a schedule by leaf, of each leaf that is not named
    - `steps`: of training
    - `by_leaf`: densities of leaves
    - `frozen`: leaves that are neither trained nor pruned at this level. They keep their bits, the
      moments that the optimiser has of them too, and the density that they had at the level before
    - `snapshots`: steps of the level, from 0 to its last, after which masks and weights are kept,
      as at its end
    """

    density: float
    steps: int
    by_leaf: Mapping[str, float] = field(default_factory=dict, hash=False)
    frozen: tuple[str, ...] = ()
    snapshots: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(not 0 <= step <= self.steps for step in self.snapshots):
            raise ValueError(
                f"snapshots at steps {self.snapshots}: the level has the steps 0 to {self.steps}"
            )
        if any(not 0 <= density <= 1 for density in (self.density, *self.by_leaf.values())):
            raise ValueError(f"densities {self.density}, {dict(self.by_leaf)}: outside 0 to 1")


@dataclass(frozen=True)
class StopRule:
    """Stop a level early when the validation loss no longer falls (SCIENCE.md section 3).

    After step `after`, every `every` steps, a network stops if the mean loss of the second-to-last
    window, divided by that of the last window, is below `ratio`. Each loss is that of one
    validation batch. With `scope="ensemble"` the mean over all networks decides for all of them,
    as in Zahn et al. (2024).
    """

    scope: Literal["network", "ensemble"]
    every: int = 100
    after: int = 1000
    window: int = 500
    ratio: float = 1.01
