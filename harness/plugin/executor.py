"""The interface of an executor: where and in what order the trials of a run are carried out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class TrialSpec(BaseModel):
    """Which trial: the resolved experiment, the files of its plugins, and the trial's key.

    `source` is the key of the trial that it is made from, which has to be done before; "" where
    there is none.
    """

    model_config = ConfigDict(frozen=True)

    experiment: dict[str, Any]
    plugins: tuple[Path, ...] = ()
    key: str
    source: str = ""


class AbstractExecutor(ABC):
    """Carries out the trials of a run. The coordinator writes the index and the report."""

    name: ClassVar[str]

    @abstractmethod
    def carry_out(
        self, trials: Sequence[TrialSpec], root: Path, run: Callable[[TrialSpec], None]
    ) -> None:
        """Carry out all trials, each after its source, and return when all are done.

        Called once for each run. `trials` are in an order in which each comes after its source.
        `run` carries out one of them in this process and records its failures; it is not to be
        called twice at a time. `harness.execution.run_trial.run_trial(spec, root)` does the same in
        any other process that sees the run folder `root`.
        """
