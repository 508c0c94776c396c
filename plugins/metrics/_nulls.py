"""The null models of `harness.motifs`, and redrawn masks."""

from dataclasses import dataclass
from typing import Any, ClassVar

from harness import AbstractNull, Trajectory, motifs


class Known(AbstractNull):
    """A null that `harness.motifs` draws by its name."""

    def of(self, trajectory: Trajectory, level: int, view: str | None) -> str:
        """Return its name."""
        return self.name


@dataclass(frozen=True)
class Layered(Known):
    """Keep the number of edges between each two layers; all places are equally likely."""

    name: ClassVar[str] = "layered"


@dataclass(frozen=True)
class Degree(Known):
    """Keep the in- and out-degree of each node, so that degrees explain nothing beyond it."""

    name: ClassVar[str] = "degree"


@dataclass(frozen=True)
class Published(Known):
    """Draw as Zahn, Daniel and Kutz (2024) did: over live nodes, not uniformly."""

    name: ClassVar[str] = "published"


@dataclass(frozen=True)
class Masks(AbstractNull):
    """Keep the number of weights of each leaf and wire again: right for every architecture."""

    name: ClassVar[str] = "masks"

    def of(self, trajectory: Trajectory, level: int, view: str | None) -> motifs.OwnNull[Any]:
        """Return the null of redrawn masks."""
        return trajectory.masks_null(level, view)
