"""Train, prune and compare ensembles of networks: what does pruning do to their wiring?

The public names, loaded when first used so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness import cache as cache
    from harness import motifs as motifs
    from harness import progress as progress
    from harness import report as report
    from harness import wirings as wirings
    from harness.abstract import AbstractMetric as AbstractMetric
    from harness.abstract import AbstractPruner as AbstractPruner
    from harness.abstract import AbstractSchedule as AbstractSchedule
    from harness.abstract import AbstractStudy as AbstractStudy
    from harness.abstract import AbstractTask as AbstractTask
    from harness.abstract import ScorePruner as ScorePruner
    from harness.abstract import Update as Update
    from harness.api import measure as measure
    from harness.api import run as run
    from harness.errors import CannotWriteError as CannotWriteError
    from harness.errors import UserError as UserError
    from harness.evidence import Evidence as Evidence
    from harness.graph import Digraph as Digraph
    from harness.graph import LayeredGraph as LayeredGraph
    from harness.graph import layered as layered
    from harness.hookspecs import hookimpl as hookimpl
    from harness.masks import allocate as allocate
    from harness.masks import leaf_map as leaf_map
    from harness.masks import prune_by_score as prune_by_score
    from harness.seeds import stream as stream
    from harness.store import Run as Run
    from harness.store import open_run as open_run
    from harness.trajectory import Trajectory as Trajectory
    from harness.types import Batch as Batch
    from harness.types import Level as Level
    from harness.types import Quantity as Quantity
    from harness.types import Scope as Scope
    from harness.types import StopRule as StopRule
    from harness.types import Target as Target
    from harness.types import TaskData as TaskData

_HOME = {
    "cache": "",
    "motifs": "",
    "progress": "",
    "report": "",
    "wirings": "",
    "AbstractMetric": "abstract",
    "AbstractPruner": "abstract",
    "AbstractSchedule": "abstract",
    "AbstractStudy": "abstract",
    "AbstractTask": "abstract",
    "ScorePruner": "abstract",
    "Update": "abstract",
    "measure": "api",
    "run": "api",
    "CannotWriteError": "errors",
    "UserError": "errors",
    "Evidence": "evidence",
    "Digraph": "graph",
    "LayeredGraph": "graph",
    "layered": "graph",
    "hookimpl": "hookspecs",
    "allocate": "masks",
    "leaf_map": "masks",
    "prune_by_score": "masks",
    "stream": "seeds",
    "Run": "store",
    "open_run": "store",
    "Trajectory": "trajectory",
    "Batch": "types",
    "Level": "types",
    "Quantity": "types",
    "Scope": "types",
    "StopRule": "types",
    "Target": "types",
    "TaskData": "types",
}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    if not _HOME[name]:
        return importlib.import_module(f"harness.{name}")
    return getattr(importlib.import_module(f"harness.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
