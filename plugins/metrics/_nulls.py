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


@dataclass(frozen=True)
class MasksDegree(AbstractNull):
    """Keep the number of weights in each row and column of each leaf, and wire again."""

    name: ClassVar[str] = "masks-degree"

    def of(self, trajectory: Trajectory, level: int, view: str | None) -> motifs.OwnNull[Any]:
        """Return the null of masks redrawn at fixed degrees."""
        return trajectory.masks_degree_null(level, view)


@dataclass(frozen=True)
class DegreeMutual(Known):
    """Keep the in- and out-degree of each node of a digraph, and its mutual edges."""

    name: ClassVar[str] = "degree-mutual"
