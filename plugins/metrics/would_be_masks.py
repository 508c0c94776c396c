"""When masks are decided: what pruning now would keep, compared with what is kept in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Gt, Le
from pydantic import InstanceOf

from harness import (
    AbstractMetric,
    Evidence,
    ScorePruner,
    Target,
    Trajectory,
    UserError,
    hookimpl,
    report,
    stream,
)
from harness.results.snapshot import Snapshot
from harness.sparse import masks as mask_algebra
from harness.types import Key, Masks, Weights

from ..pruners.magnitude import Magnitude

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

END = -1
"""The `step` of rows about the end of a level."""

WHOLE = "all"
"""The `leaf` of rows about the whole network."""


@dataclass(frozen=True)
class WouldBeMasks(AbstractMetric):
    """The mask that a pruner would give now, and how much of the final mask is in it already.

    At the end of each level, and after each step that the schedule keeps (`snapshots`), the weights
    that are still there are pruned to one density. If overlap with the mask of the last level is
    high from some moment on, the mask was decided by then. Where fewer weights are left than are
    to stay, all stay. Chance is a random choice of as many of each leaf among those still there.

    **Parameters:**

    - `of`: the pruner that is asked; it may not need the initial weights or sums over steps
    - `density`: to which it prunes; none: each leaf to what the last level keeps of it
    - `batch_size`: rows of a batch, for pruners that read data
    """

    name: ClassVar[str] = "would-be-masks"
    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    of: InstanceOf[ScorePruner] = field(default_factory=Magnitude)
    density: Annotated[float, Gt(0), Le(1)] | None = None
    batch_size: int = 128

    def __post_init__(self) -> None:
        if type(self.of).gather is not ScorePruner.gather:
            raise ValueError(f"of: '{self.of.name}' sums over steps, which snapshots do not hold")

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, step and leaf ("all": the whole network)."""
        import pandas as pd

        if lacking := self.of.needs - trajectory.model.offers:
            raise UserError(
                f"metric '{self.name}': pruner '{self.of.name}' needs {', '.join(sorted(lacking))} "
                f"of architecture '{trajectory.model.architecture.name}'."
            )
        skeleton = trajectory.model.skeleton
        prunable = {name: np.asarray(may) for name, may in
                    trajectory.model.prunable(skeleton).items()}  # fmt: skip
        final = trajectory.snapshot(len(trajectory.levels) - 1).masks
        final = {name: final[name] & may for name, may in prunable.items()}
        targets, ask = self._targets(prunable, final), self._asked(trajectory, skeleton)
        tables = []
        for level in range(len(trajectory.levels)):
            for step in (*trajectory.steps(level), None):
                kept = trajectory.snapshot(level, step)
                keys = jnp.stack([stream(level, f"{self.name}-{step}", one) for one in
                                  trajectory.networks])  # fmt: skip
                masks = _would_be(ask, kept, targets, keys)
                there = {name: kept.masks[name] & may for name, may in prunable.items()}
                place = {"level": level, "step": END if step is None else step}
                tables.append(pd.DataFrame(_overlaps(masks, final, there)).assign(**place))
        return pd.concat(tables, ignore_index=True)

    def _targets(
        self, prunable: Mapping[str, np.ndarray], final: Mapping[str, np.ndarray]
    ) -> Target:
        """Return the target of each network."""
        networks = len(next(iter(final.values())))
        if self.density is not None:
            target = mask_algebra.target(mask_algebra.count(prunable), self.density)
            return jax.tree.map(lambda number: np.repeat(number, networks), target)
        by_leaf = {name: _counts(mask).astype(np.int32) for name, mask in final.items()}
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

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "step": "step of the level after which the network was kept; -1: its end",
            "leaf": "prunable leaf; all: the whole network",
            "jaccard": "weights in both masks / weights in either; NaN if there is none",
            "chance": "the same with the expected number in both, if as many weights of each leaf "
            "were chosen at random among those still there",
            "kept": "weights that the mask would keep",
        }

    @property
    def schema(self) -> "Schema":
        """Describe the table; overlaps of whole networks are compared."""
        whole = report.Quantities(
            "jaccard", {"leaf": WHOLE, "step": END}, "overlap with final mask"
        )
        return report.Schema(
            keys=("step", "leaf"),
            values=tuple(report.Value(name) for name in ("jaccard", "chance", "kept")),
            compared=(whole,),
        )


def _would_be(
    ask: Any, kept: Snapshot, targets: Target, keys: jax.Array
) -> Mapping[str, np.ndarray]:
    assert kept.weights is not None
    arrays = jax.tree.map(jnp.asarray, (dict(kept.weights), dict(kept.masks), targets))
    return jax.tree.map(np.asarray, ask(*arrays, keys))


def _counts(mask: np.ndarray) -> np.ndarray:
    return mask.reshape(len(mask), -1).sum(1, dtype=np.int64)


def _overlaps(
    masks: Mapping[str, np.ndarray],
    final: Mapping[str, np.ndarray],
    there: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the columns of one moment: for each leaf, then for all, a row per network."""
    rows = []
    for name, last in final.items():
        kept, due, both = (_counts(one) for one in (masks[name], last, masks[name] & last))
        among, free = _counts(last & there[name]), _counts(there[name])
        rows.append((kept, due, both, kept * among / np.maximum(free, 1)))
    every = [*rows, tuple(np.sum(part, axis=0) for part in zip(*rows, strict=True))]
    kept, due, both, expected = (np.concatenate(part) for part in zip(*every, strict=True))
    networks = len(rows[0][0])
    return {
        "network": np.tile(np.arange(networks), len(every)),
        "leaf": np.repeat(np.array([*final, WHOLE], object), networks),
        "jaccard": _jaccard(both, kept + due),
        "chance": _jaccard(expected, kept + due),
        "kept": kept,
    }


def _jaccard(both: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    either = sizes - both
    return np.divide(both, either, out=np.full(either.shape, np.nan), where=either > 0)


@hookimpl
def register_metrics() -> list[type[WouldBeMasks]]:
    """Offer the metric to the harness."""
    return [WouldBeMasks]
