"""The hooks that a plugin may implement. Each returns an iterable of plugin classes."""

from collections.abc import Iterable

import pluggy

from harness.plugin.architecture import AbstractArchitecture
from harness.plugin.executor import AbstractExecutor
from harness.plugin.exporter import AbstractExporter
from harness.plugin.intervention import AbstractIntervention
from harness.plugin.metric import AbstractMetric
from harness.plugin.null import AbstractNull
from harness.plugin.observer import AbstractObserver
from harness.plugin.pruner import AbstractPruner
from harness.plugin.schedule import AbstractSchedule
from harness.plugin.study import AbstractStudy
from harness.plugin.task import AbstractTask

hookspec = pluggy.HookspecMarker("harness")
hookimpl = pluggy.HookimplMarker("harness")


@hookspec
def register_tasks() -> Iterable[type[AbstractTask]]:
    """Tasks, as frozen dataclasses that implement `harness.AbstractTask`."""
    raise NotImplementedError


@hookspec
def register_architectures() -> Iterable[type[AbstractArchitecture]]:
    """Architectures, as frozen dataclasses that implement `harness.AbstractArchitecture`."""
    raise NotImplementedError


@hookspec
def register_pruners() -> Iterable[type[AbstractPruner]]:
    """Pruners, as frozen dataclasses that implement `AbstractPruner` or `ScorePruner`."""
    raise NotImplementedError


@hookspec
def register_interventions() -> Iterable[type[AbstractIntervention]]:
    """Interventions, as frozen dataclasses that implement `harness.AbstractIntervention`."""
    raise NotImplementedError


@hookspec
def register_metrics() -> Iterable[type[AbstractMetric]]:
    """Metrics, as frozen dataclasses that implement `harness.AbstractMetric`."""
    raise NotImplementedError


@hookspec
def register_schedules() -> Iterable[type[AbstractSchedule]]:
    """Schedules, as frozen dataclasses that implement `harness.AbstractSchedule`."""
    raise NotImplementedError


@hookspec
def register_studies() -> Iterable[type[AbstractStudy]]:
    """Studies, as frozen dataclasses that implement `harness.AbstractStudy`."""
    raise NotImplementedError


@hookspec
def register_executors() -> Iterable[type[AbstractExecutor]]:
    """Executors, as frozen dataclasses that implement `harness.AbstractExecutor`."""
    raise NotImplementedError


@hookspec
def register_observers() -> Iterable[type[AbstractObserver]]:
    """Observers of events, as frozen dataclasses that implement `harness.AbstractObserver`."""
    raise NotImplementedError


@hookspec
def register_exporters() -> Iterable[type[AbstractExporter]]:
    """Exporters of runs, as frozen dataclasses that implement `harness.AbstractExporter`."""
    raise NotImplementedError


@hookspec
def register_nulls() -> Iterable[type[AbstractNull]]:
    """Null models, as frozen dataclasses that implement `harness.AbstractNull`."""
    raise NotImplementedError
