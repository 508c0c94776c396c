"""One trial after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness import AbstractExecutor, RunTrial, TrialSpec, hookimpl


@dataclass(frozen=True)
class Serial(AbstractExecutor):
    """One trial after the other, in this process."""

    name: ClassVar[str] = "serial"

    def carry_out(self, trials: Sequence[TrialSpec], root: Path, run: RunTrial) -> None:
        """Carry out the trials in order."""
        for trial in trials:
            run(trial)


@hookimpl
def register_executors() -> list[type[Serial]]:
    """Offer the executor to the harness."""
    return [Serial]
