"""Progress of long work, sent to a listener if there is one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Update:
    """The progress of an activity: `done` of `total`, with facts such as the level or loss."""

    activity: str
    done: float | int
    total: float | int
    facts: Mapping[str, Any] = field(default_factory=dict)


Listener: TypeAlias = Callable[[Update], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_facts: ContextVar[Mapping[str, Any]] = ContextVar("facts", default={})  # noqa: B039


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send all updates from inside this context to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def within(**facts: Any) -> Iterator[None]:
    """Add these facts to all updates from inside this context."""
    token = _facts.set({**_facts.get(), **facts})
    try:
        yield
    finally:
        _facts.reset(token)


def update(activity: str, done: float | int, total: float | int, **facts: Any) -> None:
    """Send the progress of an activity. Costs nothing without a listener."""
    listener = _listener.get()
    if listener is not None:
        listener(Update(activity, done, total, {**_facts.get(), **facts}))
