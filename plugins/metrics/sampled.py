"""Motif significance under nulls whose moments are not known exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge

from harness import AbstractMetric, LayeredGraph, Trajectory, hookimpl, motifs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sampled(AbstractMetric):
    """z-scores and p of the motifs of order 2 and 3 against random networks from a null model.

    Null `degree` keeps every node's in- and out-degree: what is left is more than degrees explain.
    Null `published` with convention `published`, support `live-published` and `bias` is what Zahn,
    Daniel and Kutz (2024) did.

    **Parameters:**

    - `draws`: random networks for each network and level
    - `densities`: only levels of these densities; all levels where it is empty
    """

    name: ClassVar[str] = "sampled"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    null: Literal["layered", "degree", "published"] = "degree"
    convention: Literal["copies", "published"] = "copies"
    support: Literal["all", "live", "live-published"] = "all"
    bias: bool = False
    draws: Annotated[int, Ge(2)] = 1000
    densities: tuple[float, ...] = ()
    seed: Annotated[int, Ge(0)] = 0

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, motif and base layer (-1: their sum)."""
        import pandas as pd

        parts = []
        for level, density in enumerate(trajectory.densities):
            if self.densities and not any(abs(density - one) < 1e-9 for one in self.densities):
                continue
            graph = trajectory.graph(level)
            if not isinstance(graph, LayeredGraph):
                raise TypeError(f"the wiring of task '{trajectory.task.name}' is not layered")
            table = motifs.sampled_profile(
                graph,
                self.null,
                number=self.draws,
                support=self.support,
                bias=self.bias,
                convention=self.convention,
                seed=(self.seed * 1000 + level) * 1_000_000 + trajectory.networks[0],
            )
            parts.append(table.assign(level=level))
        if not parts:
            return pd.DataFrame(columns=[*motifs.SAMPLED_COLUMNS, "level"])
        return pd.concat(parts, ignore_index=True)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {key: told for key, told in motifs.SAMPLED_COLUMNS.items() if key != "network"}


@hookimpl
def register_metrics() -> list[type[Sampled]]:
    """Offer the metric to the harness."""
    return [Sampled]
