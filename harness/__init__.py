"""Train, prune and compare ensembles of networks: what does pruning do to their wiring?

The public names, loaded when first used so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness import cache as cache
    from harness import motifs as motifs
    from harness import network_files as network_files
    from harness import progress as progress
    from harness import report as report
    from harness.api import measure as measure
    from harness.api import run as run
    from harness.datasets import scaled as scaled
    from harness.datasets import split as split
    from harness.datasets import unscaled as unscaled
    from harness.errors import CannotWriteError as CannotWriteError
    from harness.errors import UserError as UserError
    from harness.importing import import_run as import_run
    from harness.network_files import from_igraph as from_igraph
    from harness.network_files import from_networkx as from_networkx
    from harness.network_files import from_scipy as from_scipy
    from harness.network_files import from_state_dict as from_state_dict
    from harness.network_files import to_igraph as to_igraph
    from harness.network_files import to_networkx as to_networkx
    from harness.network_files import to_scipy as to_scipy
    from harness.network_files import to_state_dict as to_state_dict
    from harness.networks import MLP as MLP
    from harness.networks import Stateful as Stateful
    from harness.networks import initialised as initialised
    from harness.plugin.architecture import AbstractArchitecture as AbstractArchitecture
    from harness.plugin.evidence import Evidence as Evidence
    from harness.plugin.executor import AbstractExecutor as AbstractExecutor
    from harness.plugin.executor import TrialSpec as TrialSpec
    from harness.plugin.exporter import AbstractExporter as AbstractExporter
    from harness.plugin.hookspecs import hookimpl as hookimpl
    from harness.plugin.intervention import AbstractIntervention as AbstractIntervention
    from harness.plugin.intervention import Change as Change
    from harness.plugin.intervention import Source as Source
    from harness.plugin.metric import AbstractMetric as AbstractMetric
    from harness.plugin.model import Model as Model
    from harness.plugin.null import AbstractNull as AbstractNull
    from harness.plugin.observer import AbstractObserver as AbstractObserver
    from harness.plugin.observer import Event as Event
    from harness.plugin.pruner import AbstractPruner as AbstractPruner
    from harness.plugin.pruner import ScorePruner as ScorePruner
    from harness.plugin.pruner import Update as Update
    from harness.plugin.recurrent import RecurrentArchitecture as RecurrentArchitecture
    from harness.plugin.schedule import AbstractSchedule as AbstractSchedule
    from harness.plugin.study import AbstractStudy as AbstractStudy
    from harness.plugin.task import AbstractTask as AbstractTask
    from harness.plugin.task import RegressionTask as RegressionTask
    from harness.plugin.traced import TracedArchitecture as TracedArchitecture
    from harness.plugin.trajectory import Trajectory as Trajectory
    from harness.results.run_folder import Run as Run
    from harness.results.run_folder import open_run as open_run
    from harness.sparse.edges import SparseDigraph as SparseDigraph
    from harness.sparse.graph import Digraph as Digraph
    from harness.sparse.graph import LayeredGraph as LayeredGraph
    from harness.sparse.graph import layered as layered
    from harness.sparse.graph import recurrent as recurrent
    from harness.sparse.masks import allocate as allocate
    from harness.sparse.masks import leaf_map as leaf_map
    from harness.sparse.masks import prune_by_score as prune_by_score
    from harness.sparse.masks import random_masks as random_masks
    from harness.training.seeds import stream as stream
    from harness.types import Batch as Batch
    from harness.types import Level as Level
    from harness.types import Quantity as Quantity
    from harness.types import Scope as Scope
    from harness.types import Shape as Shape
    from harness.types import StopRule as StopRule
    from harness.types import Target as Target
    from harness.types import TaskData as TaskData

_HOME = {
    "cache": "",
    "motifs": "",
    "progress": "",
    "report": "",
    "network_files": "",
    "import_run": "importing",
    "from_igraph": "network_files",
    "from_networkx": "network_files",
    "from_scipy": "network_files",
    "from_state_dict": "network_files",
    "to_igraph": "network_files",
    "to_networkx": "network_files",
    "to_scipy": "network_files",
    "to_state_dict": "network_files",
    "AbstractArchitecture": "plugin.architecture",
    "AbstractExecutor": "plugin.executor",
    "TrialSpec": "plugin.executor",
    "AbstractObserver": "plugin.observer",
    "AbstractExporter": "plugin.exporter",
    "AbstractNull": "plugin.null",
    "Event": "plugin.observer",
    "AbstractIntervention": "plugin.intervention",
    "AbstractMetric": "plugin.metric",
    "AbstractPruner": "plugin.pruner",
    "AbstractSchedule": "plugin.schedule",
    "AbstractStudy": "plugin.study",
    "AbstractTask": "plugin.task",
    "RegressionTask": "plugin.task",
    "ScorePruner": "plugin.pruner",
    "Update": "plugin.pruner",
    "measure": "api",
    "run": "api",
    "CannotWriteError": "errors",
    "UserError": "errors",
    "Evidence": "plugin.evidence",
    "Digraph": "sparse.graph",
    "SparseDigraph": "sparse.edges",
    "LayeredGraph": "sparse.graph",
    "layered": "sparse.graph",
    "recurrent": "sparse.graph",
    "hookimpl": "plugin.hookspecs",
    "allocate": "sparse.masks",
    "leaf_map": "sparse.masks",
    "prune_by_score": "sparse.masks",
    "stream": "training.seeds",
    "Run": "results.run_folder",
    "open_run": "results.run_folder",
    "Trajectory": "plugin.trajectory",
    "Change": "plugin.intervention",
    "Source": "plugin.intervention",
    "random_masks": "sparse.masks",
    "Batch": "types",
    "Level": "types",
    "Quantity": "types",
    "Scope": "types",
    "Shape": "types",
    "MLP": "networks",
    "Stateful": "networks",
    "RecurrentArchitecture": "plugin.recurrent",
    "TracedArchitecture": "plugin.traced",
    "initialised": "networks",
    "Model": "plugin.model",
    "scaled": "datasets",
    "split": "datasets",
    "unscaled": "datasets",
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
