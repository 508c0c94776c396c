"""When masks are decided: what pruning now would keep, compared with what is kept in the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness import Trajectory, hookimpl, report

from ._would_be import END, STEP, WouldBe, counts, final_masks

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

WHOLE = "all"
"""The `leaf` of rows about the whole network."""


@dataclass(frozen=True)
class WouldBeMasks(WouldBe):
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

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, step and leaf ("all": the whole network)."""
        import pandas as pd

        final = final_masks(trajectory)
        tables = [
            pd.DataFrame(_overlaps(one.masks, final, one.there)).assign(
                level=one.level, step=one.step
            )
            for one in self.moments(trajectory)
        ]
        return pd.concat(tables, ignore_index=True)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "step": STEP,
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


def _overlaps(
    masks: Mapping[str, np.ndarray],
    final: Mapping[str, np.ndarray],
    there: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the columns of one moment: for each leaf, then for all, a row per network."""
    rows = []
    for name, last in final.items():
        kept, due, both = (counts(one) for one in (masks[name], last, masks[name] & last))
        among, free = counts(last & there[name]), counts(there[name])
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
