"""Events as lines of a file."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness import AbstractObserver, Event, hookimpl


@dataclass(frozen=True)
class Jsonl(AbstractObserver):
    """Append each event to `events.jsonl` in the run folder, for programs that follow a run.

    A line is a JSON object: `what` happened, the columns of the trial, and the facts of the event,
    with the number of rows in place of a table.
    """

    name: ClassVar[str] = "jsonl"

    def observe(self, event: Event) -> None:
        """Append a line."""
        line = {"what": event.what, **event.trial, **event.facts}
        with (event.root / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else len(value)


@hookimpl
def register_observers() -> list[type[Jsonl]]:
    """Offer the observer to the harness."""
    return [Jsonl]
