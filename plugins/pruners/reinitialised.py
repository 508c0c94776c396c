"""The control that keeps the wiring that was found, and not the weights it was found with."""

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import InstanceOf

from harness import AbstractPruner, Evidence, Target, Update, hookimpl
from harness.types import Key, When

from .magnitude import Magnitude


@dataclass(frozen=True)
class Reinitialised(AbstractPruner):
    """Train from the start with another pruner's masks, and with initial weights drawn anew.

    Frankle and Carbin (2019), arXiv 1803.03635, section 2: whether a wiring works with its own
    initial weights only; Frankle, Dziugaite, Roy and Carbin (2021), arXiv 2009.08576, section 5.

    **Parameters:**

    - `of`: the pruner whose masks are kept, at each level those it found on the same networks
    """

    name: ClassVar[str] = "reinitialised"
    when: ClassVar[When] = "init"
    of: InstanceOf[AbstractPruner] = field(default_factory=Magnitude)

    @property
    def follows(self) -> AbstractPruner:  # type: ignore[override]
        """The pruner whose masks are kept."""
        return self.of

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """As exact as the other."""
        return self.of.exact

    def step(
        self, evidence: Evidence, target: Target, state: tuple[()], *, key: Key
    ) -> tuple[Update, tuple[()]]:
        """The other's masks on a new network."""
        return Update(evidence.found, rewind_to=evidence.drawn(key=key)), state


@hookimpl
def register_pruners() -> list[type[Reinitialised]]:
    """Offer the pruner to the harness."""
    return [Reinitialised]
