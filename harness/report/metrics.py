"""The metrics of runs, from the installed plugins by name. No code of a run is executed."""

from collections.abc import Mapping, Sequence

from harness.errors import UserError
from harness.plugin.loading import load
from harness.plugin.metric import AbstractMetric
from harness.plugin.parameters import parse
from harness.plugin.registry import Registry
from harness.tables import collection
from harness.tables.collection import Collection, RunTables, name_of


def collect(
    runs: Sequence[RunTables], known: Mapping[str, AbstractMetric] | None = None
) -> Collection:
    """Pool the tables of runs as their metrics describe them: those `known`, else the installed."""
    return collection.collect(runs, {**metrics_of(runs, load()), **(known or {})})


def metrics_of(runs: Sequence[RunTables], registry: Registry) -> dict[str, AbstractMetric]:
    """Return the registered metrics of some runs by name, with the runs' parameters."""
    labels = [str(label) for run in runs for label in run.measurements()["metric"].unique()]
    found: dict[str, AbstractMetric] = {}
    for label in labels:
        try:
            found.setdefault(name_of(label), registry.make("metric", parse(label)[0]))
        except UserError:
            continue
    return found
