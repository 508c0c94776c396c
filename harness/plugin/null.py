"""The interface of a null model: random networks to compare trained ones with."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from harness.motifs import OwnNull
from harness.plugin.trajectory import Trajectory


class AbstractNull(ABC):
    """What random networks have in common with a trained one. Metrics take one as a parameter."""

    name: ClassVar[str]

    @abstractmethod
    def of(self, trajectory: Trajectory, level: int, view: str | None) -> str | OwnNull[Any]:
        """Return the null of the networks at a level of a trajectory, in one view of them.

        Either `harness.motifs.OwnNull`, whose `draw(network, number, seed)` returns so many
        independent random graphs for the network at that place of the trajectory, or the name of a
        null that `harness.motifs` draws. `trajectory.graph(level, view)` is the trained graph.
        """
