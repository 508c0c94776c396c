"""The interface of a metric: networks into numbers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from harness.plugin.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas as pd


class AbstractMetric(ABC):
    """Turns the networks of a trajectory into numbers. Called once for each finished trial."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """"weights" where the metric reads kept weights, "layered" where wiring must be layered."""
    chooses_levels: ClassVar[bool] = False
    """Whether it measures only some levels, because each takes long."""

    @abstractmethod
    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """A long table with the columns `level` and `network`, and those of `columns`."""

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, str]:
        """What each column of the table means, with its unit, for the run's dictionary."""
