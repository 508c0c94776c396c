"""How far training moved the weights, and how much of each mask the initial weights decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Bool, Float

from harness import AbstractMetric, Trajectory, UserError, hookimpl, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

WHOLE = "all"
"""The `leaf` of rows about the whole network."""


@dataclass(frozen=True)
class Regime(AbstractMetric):
    """Relative movement of weights, and overlap of masks with masks of initial magnitudes.

    Lazy training hardly moves weights, and its masks are those of the initial magnitudes (Chizat,
    Oyallon and Bach 2019, arXiv 1812.07956). The schedule must keep the initial weights, step 0 of
    the first level, as `snapshots` does.
    """

    name: ClassVar[str] = "regime"
    needs: ClassVar[frozenset[str]] = frozenset({"weights"})

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level and leaf ("all": the whole network)."""
        import pandas as pd

        if not trajectory.levels or 0 not in trajectory.steps(0):
            raise UserError(
                f"metric '{self.name}': the initial weights are not kept. Wrap the schedule as "
                "`snapshots[of=..., number=1]`."
            )
        initial = trajectory.snapshot(0, 0).weights
        assert initial is not None, "the harness asks only where weights are kept"
        tables = []
        for level in range(len(trajectory.levels)):
            kept = trajectory.snapshot(level)
            assert kept.weights is not None
            parts = {
                name: _sums(initial[name], kept.weights[name], mask)
                for name, mask in kept.masks.items()
            }
            parts[WHOLE] = np.sum([*parts.values()], axis=0)
            for leaf, sums in parts.items():
                tables.append(pd.DataFrame(_figures(sums)).assign(level=level, leaf=leaf))
        return pd.concat(tables, ignore_index=True)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "leaf": "prunable leaf; all: the whole network",
            "movement": "norm of the change of kept weights since the start / norm of their "
            "initial values; undefined where these are 0",
            "overlap": "Jaccard index of the mask and that of as many weights of each leaf with "
            "the largest initial magnitudes; undefined where no weight is kept",
            "chance": "the same with the expected number in both, if as many weights of each leaf "
            "were chosen at random",
        }

    @property
    def schema(self) -> "Schema":
        """Describe the table; figures of whole networks are compared."""
        names = ("movement", "overlap", "chance")
        compared = (report.Quantities(name, {"leaf": WHOLE}, name, f"regime_{name}")
                    for name in names[:2])  # fmt: skip
        return report.Schema(
            keys=("leaf",), values=tuple(map(report.Value, names)), compared=tuple(compared)
        )


def _sums(
    initial: Float[np.ndarray, "networks ..."],
    weights: Float[np.ndarray, "networks ..."],
    mask: Bool[np.ndarray, "networks ..."],
) -> Float[np.ndarray, "5 networks"]:
    """Return, by network: squared change and initial norm of kept weights, kept, in both, chance.

    Of weights with equal initial magnitudes those that come first in the leaf stay.
    """
    start, now, keep = (one.reshape(len(one), -1) for one in (initial, weights, mask))
    start, now = start.astype(float), now.astype(float)
    kept = keep.sum(1)
    ranks = np.argsort(np.argsort(-np.abs(start), axis=1, kind="stable"), axis=1)
    both = (keep & (ranks < kept[:, None])).sum(1)
    squares = [((one * keep) ** 2).sum(1) for one in (now - start, start)]
    return np.stack([*squares, kept, both, kept**2 / keep.shape[1]])


def _figures(sums: Float[np.ndarray, "5 networks"]) -> dict[str, np.ndarray]:
    moved, norm, kept, both, chance = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "network": np.arange(len(kept)),
            "movement": np.where(norm > 0, np.sqrt(moved / norm), np.nan),
            "overlap": both / (2 * kept - both),
            "chance": chance / (2 * kept - chance),
        }


@hookimpl
def register_metrics() -> list[type[Regime]]:
    """Offer the metric to the harness."""
    return [Regime]
