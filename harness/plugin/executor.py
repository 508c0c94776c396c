"""The interface of an executor: where and in what order the trials of a run are carried out."""

import base64
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, ConfigDict

from harness.plugin.observer import Happening


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


_TABLE = "table in Parquet"
Happened: TypeAlias = tuple[Happening, Mapping[str, Any], Mapping[str, Any]]
"""An event of a trial: what happened, the trial's condition, and facts, as `Event` has them."""


@dataclass(frozen=True)
class TrialReport:
    """What another process has done for a trial: counts by name, failures, notes and events.

    `left` says that yet another process works on the trial, which has to be tried again.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    events: tuple[Happened, ...] = ()
    left: bool = False

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return json.loads(json.dumps(asdict(self), default=_held))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "TrialReport":
        """Return a report from `plain` data."""
        events = tuple(
            (what, trial, {name: _again(fact) for name, fact in facts.items()})
            for what, trial, facts in plain["events"]
        )
        lists = tuple(plain["failures"]), tuple(plain["notes"]), events
        return cls(plain["counts"], *lists, plain["left"])


def _held(value: Any) -> Any:
    """Return arrays as lists, and a data frame as Parquet in text, for JSON."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return {_TABLE: base64.b64encode(value.to_parquet()).decode()}


def _again(fact: Any) -> Any:
    """Return a data frame that JSON held; anything else as it is."""
    if not (isinstance(fact, dict) and set(fact) == {_TABLE}):
        return fact
    import pandas as pd

    return pd.read_parquet(io.BytesIO(base64.b64decode(fact[_TABLE])))


@runtime_checkable
class RunTrial(Protocol):
    """What the coordinator gives an executor: ways to carry out one trial, here or elsewhere."""

    def __call__(self, spec: TrialSpec) -> None:
        """Carry out a trial in this process, and record its failures; one at a time."""

    def call(self, spec: TrialSpec) -> tuple[str, tuple[Any, ...]]:
        """Return what another process calls for a trial: "module:function", and its arguments.

        The arguments are plain data, and the function returns a report's (`TrialReport.of`).
        """

    def learn(self, spec: TrialSpec, report: TrialReport) -> None:
        """Add to the run's outcome what another process has done; observers learn it too."""

    def give_up(self, spec: TrialSpec, error: Exception) -> None:
        """Record a trial as failed that no process could carry out."""


class AbstractExecutor(ABC):
    """Carries out the trials of a run. The coordinator writes the index and the report."""

    name: ClassVar[str]

    @abstractmethod
    def carry_out(self, trials: Sequence[TrialSpec], root: Path, run: RunTrial) -> None:
        """Carry out all trials, each after its source, and return when all are done.

        Called once for each run. `trials` are in an order in which each comes after its source.
        `run(trial)` carries out one of them in this process; `run.call`, `run.learn` and
        `run.give_up` serve executors that have other processes, which see the run folder `root`
        (`harness.execution.handing_out.hand_out` is their common part).
        """

    def trial_cores(self) -> int | None:
        """Return how many cores each trial gets; None for all of this machine.

        Called before JAX starts. The width of blocks is planned for that many cores, or, with a
        number, for one accelerator.
        """
        return None

    def preview(self) -> str:
        """Return what `--dry-run` prints, such as a job script; "" for nothing."""
        return ""
