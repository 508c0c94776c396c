"""A metric, a pruner, an observer and an exporter that raise what ends processes, or hang."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from harness import (
    AbstractExporter,
    AbstractMetric,
    AbstractObserver,
    CannotWriteError,
    ScorePruner,
    UserError,
    hookimpl,
    leaf_map,
)


class Ending(BaseException):
    pass


def harm(how):
    errors = {
        "exit": SystemExit(0),
        "interrupt": KeyboardInterrupt(),
        "base": Ending(),
        "user": UserError("it is you"),
        "disk": CannotWriteError(Path("/nowhere"), OSError(28, "No space left")),
        "memory": MemoryError("all of it"),
        "surrogate": ValueError("a lone \ud800"),
    }
    if how in errors:
        raise errors[how]
    if how == "hang":
        time.sleep(60)
    if how == "fork" and os.fork():
        time.sleep(0.5)


@dataclass(frozen=True)
class Harmful(AbstractMetric):
    """Harms while it measures."""

    name: ClassVar[str] = "harmful"
    how: str = ""

    @property
    def columns(self):
        return {"process": "the process that measured"}

    def measure(self, trajectory):
        harm(self.how)
        rows = [(0, network) for network in range(len(trajectory.networks))]
        return pd.DataFrame(rows, columns=["level", "network"]).assign(process=os.getpid())


@dataclass(frozen=True)
class HarmfulPruner(ScorePruner):
    """Harms while it scores."""

    name: ClassVar[str] = "harmful-pruner"
    when: ClassVar[str] = "level"
    how: str = ""

    def score(self, evidence, *, key):
        harm(self.how)
        return leaf_map(abs, evidence.weights)


@dataclass(frozen=True)
class HarmfulObserver(AbstractObserver):
    """Harms at every event."""

    name: ClassVar[str] = "harmful-observer"

    def observe(self, event):
        harm("exit")


@dataclass(frozen=True)
class HarmfulExporter(AbstractExporter):
    """Harms while it exports."""

    name: ClassVar[str] = "harmful-exporter"

    def export(self, run, folder):
        harm("exit")


@hookimpl
def register_metrics():
    return [Harmful]


@hookimpl
def register_pruners():
    return [HarmfulPruner]


@hookimpl
def register_observers():
    return [HarmfulObserver]


@hookimpl
def register_exporters():
    return [HarmfulExporter]
