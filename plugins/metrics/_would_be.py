"""The mask that a pruner would give now, at every moment that was kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Gt, Le
from jaxtyping import Int
from pydantic import InstanceOf

from harness import AbstractMetric, Evidence, ScorePruner, Target, Trajectory, UserError, stream
from harness.results.snapshot import Snapshot
from harness.sparse import masks as mask_algebra
from harness.types import Key, Masks, Weights

from ..pruners.magnitude import Magnitude

END = -1
"""The `step` of rows about the end of a level."""

STEP = "step of the level after which the network was kept; -1: its end"


class Moment(NamedTuple):
    """The networks after a step: the masks that they have, and those that pruning would give."""

    level: int
    step: int
    there: Mapping[str, np.ndarray]
    masks: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class WouldBe(AbstractMetric):
    """What is measured of the masks that pruning to one density would give now.

    **Parameters:**

    - `of`: the pruner that is asked; it may not need the initial weights or sums over steps
    - `density`: to which it prunes; none: each leaf to what the last level keeps of it
    - `batch_size`: rows of a batch, for pruners that read data
    """

    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    of: InstanceOf[ScorePruner] = field(default_factory=Magnitude)
    density: Annotated[float, Gt(0), Le(1)] | None = None
    batch_size: int = 128

    def __post_init__(self) -> None:
        if type(self.of).gather is not ScorePruner.gather:
            raise ValueError(f"of: '{self.of.name}' sums over steps, which snapshots do not hold")

    def moments(self, trajectory: Trajectory) -> Iterator[Moment]:
        """Yield each step that the schedule keeps and the end of each level, in order.

        **Errors:** UserError if the pruner needs what the architecture does not offer.
        """
        if lacking := self.of.needs - trajectory.model.offers:
            raise UserError(
                f"metric '{self.name}': pruner '{self.of.name}' needs {', '.join(sorted(lacking))} "
                f"of architecture '{trajectory.model.architecture.name}'."
            )
        prunable = prunable_of(trajectory)
        targets = self._targets(prunable, final_masks(trajectory))
        ask = self._asked(trajectory, trajectory.model.skeleton)
        for level in range(len(trajectory.levels)):
            for step in (*trajectory.steps(level), None):
                kept = trajectory.snapshot(level, step)
                keys = jnp.stack([stream(level, f"{self.name}-{step}", one) for one in
                                  trajectory.networks])  # fmt: skip
                masks = _would_be(ask, kept, targets, keys)
                there = {name: kept.masks[name] & may for name, may in prunable.items()}
                yield Moment(level, END if step is None else step, there, masks)

    def _targets(
        self, prunable: Mapping[str, np.ndarray], final: Mapping[str, np.ndarray]
    ) -> Target:
        """Return the target of each network."""
        networks = len(next(iter(final.values())))
        if self.density is not None:
            target = mask_algebra.target(mask_algebra.count(prunable), self.density)
            return jax.tree.map(lambda number: np.repeat(number, networks), target)
        by_leaf = {name: counts(mask).astype(np.int32) for name, mask in final.items()}
        total = np.stack([*by_leaf.values()]).sum(0, dtype=np.int32)
        density = total / np.float32(sum(mask_algebra.count(prunable).values()))
        return Target(density.astype(np.float32), total, by_leaf)

    def _asked(self, trajectory: Trajectory, skeleton: Any) -> Any:
        model, train = trajectory.model, jax.tree.map(jnp.asarray, trajectory.data.train)

        def one(weights: Weights, masks: Masks, target: Target, key: Key) -> Masks:
            evidence = Evidence(
                model,
                mask_algebra.replace(skeleton, weights),
                mask=masks,
                initial=None,
                rewind_point=None,
                train=train,
                batch_size=self.batch_size,
                batch_key=jax.random.key(0),
            )
            update, _ = self.of.step(evidence, target, self.of.init(evidence, key=key), key=key)
            return mask_algebra.leaf_map(jnp.logical_and, update.mask, evidence.candidates)

        return jax.jit(jax.vmap(one))


def _would_be(
    ask: Any, kept: Snapshot, targets: Target, keys: jax.Array
) -> Mapping[str, np.ndarray]:
    assert kept.weights is not None
    arrays = jax.tree.map(jnp.asarray, (dict(kept.weights), dict(kept.masks), targets))
    return jax.tree.map(np.asarray, ask(*arrays, keys))


def counts(mask: np.ndarray) -> Int[np.ndarray, " networks"]:
    """Return the number of kept weights of a leaf, by network."""
    return mask.reshape(len(mask), -1).sum(1, dtype=np.int64)


def prunable_of(trajectory: Trajectory) -> dict[str, np.ndarray]:
    """Return which weights of each leaf may be pruned."""
    may = trajectory.model.prunable(trajectory.model.skeleton)
    return {name: np.asarray(one) for name, one in may.items()}


def final_masks(trajectory: Trajectory) -> dict[str, np.ndarray]:
    """Return the masks of the last level, of what may be pruned."""
    final = trajectory.snapshot(len(trajectory.levels) - 1).masks
    return {name: final[name] & may for name, may in prunable_of(trajectory).items()}
