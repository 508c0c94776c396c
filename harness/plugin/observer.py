"""The interface of an observer: what learns of a run while it goes on, such as a tracker."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from harness.errors import summary
from harness.plugin.isolation import isolated

Happening: TypeAlias = Literal["start", "level", "measured", "failed"]


@dataclass(frozen=True)
class Event:
    """Something that happened to a trial of a run.

    - "start": its training begins or goes on
    - "level": a level is trained and on disk; `facts` has `level`, `density`, and for each network
      in `networks` its `train_loss` and `validation_loss`
    - "measured": `facts` has the `metric`, as it is labelled, and its `table`, a pandas DataFrame
    - "failed": its training or a measurement; `facts` has the `error`, as the record says it

    `trial` has the columns that say in every table what it was. `root` is the run folder.
    """

    what: Happening
    root: Path
    trial: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


class AbstractObserver(ABC):
    """Learns what happens to the trials of a run, in the coordinator's process.

    It learns of trials that other processes carry out when each trial has ended.
    """

    name: ClassVar[str]

    @abstractmethod
    def observe(self, event: Event) -> None:
        """Take note of an event. It changes no result: what it raises is a warning of the run."""


_Teller: TypeAlias = Callable[[Happening, Mapping[str, Any], Mapping[str, Any]], None]
_teller: ContextVar[_Teller | None] = ContextVar("observers", default=None)


@contextmanager
def observed_by(
    observers: Sequence[AbstractObserver], root: Path, note: Callable[[str], None]
) -> Iterator[None]:
    """Tell these observers of what happens inside to the run in a folder.

    What they raise is noted.
    """

    def teller(what: Happening, trial: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        event = Event(what, root, trial, facts)
        for observer in observers:
            try:
                with isolated():
                    observer.observe(event)
            except Exception as error:
                place = f"'{what}' of trial {trial['trial']}"
                note(f"observer '{observer.name}' failed at {place}: {summary(error)}")

    with telling(teller):
        yield


@contextmanager
def telling(teller: _Teller) -> Iterator[None]:
    """Call `teller` with everything that happens inside: what, the trial and the facts."""
    token = _teller.set(teller)
    try:
        yield
    finally:
        _teller.reset(token)


def tell(what: Happening, trial: Mapping[str, Any], **facts: Any) -> None:
    """Tell all observers what happened to a trial, as `Event` says it."""
    if (teller := _teller.get()) is not None:
        teller(what, trial, facts)
