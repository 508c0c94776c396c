"""Measure one metric of a trial's trajectory."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from harness.experiment.choice import Choice
from harness.experiment.trial import Trial
from harness.plugin.metric import AbstractMetric
from harness.plugin.trajectory import Trajectory
from harness.results.snapshot import level_path
from harness.sparse.graph import LayeredGraph
from harness.types import Key

if TYPE_CHECKING:
    import pandas as pd


def trajectory(trial: Trial, folder: Path, make_data: Callable[[], Any]) -> Trajectory:
    """Return the trajectory of a finished trial."""
    levels = trial.levels
    return Trajectory(
        model=trial.model,
        networks=trial.networks,
        densities=tuple(level.density for level in levels),
        levels=[level_path(folder, number) for number in range(len(levels))],
        make_data=make_data,
        data_seed=trial.data_seed,
    )


def reason_not_to_measure(choice: Choice, trial: Trial) -> str | None:
    """Return why a metric does not apply to a trial, or None if it does."""
    metric: AbstractMetric = choice.instance
    if "weights" in metric.needs and not trial.keep_weights:
        return f"metric '{metric.name}' needs weights, which this run does not keep"
    model, name = trial.model, trial.model.architecture.name
    if reason := metric.reason_not_to_measure(model):
        return f"metric '{metric.name}': {reason}"
    if metric.view and metric.view not in model.views:
        return (
            f"metric '{metric.name}' reads the view '{metric.view}': '{name}' has "
            f"{', '.join(model.views)}"
        )

    def wired(key: Key) -> Any:
        network = model.network(key=key)
        return model.graph(network, model.prunable(network), metric.view or None)

    layers = isinstance(jax.eval_shape(wired, jax.random.key(0)), LayeredGraph)
    if "layered" in metric.needs and not layers:
        return f"metric '{metric.name}' needs layers: '{name}' has none in this view"
    if "digraph" in metric.needs and layers:
        return f"metric '{metric.name}' needs a graph without layers: '{name}' has layers"
    return None


def measure(choice: Choice, trial: Trial, finished: Trajectory) -> "pd.DataFrame":
    """Return the table of one metric of one trial, with the columns of its condition.

    Raises `ValueError` if it lacks a column or has an unknown one, `TypeError` if it is no table.
    """
    import pandas as pd

    metric: AbstractMetric = choice.instance
    if not isinstance(table := metric.measure(finished), pd.DataFrame):
        kind = type(table).__name__
        raise TypeError(f"metric '{metric.name}' returned a {kind}: return a pandas DataFrame")
    if missing := {"level", "network", *metric.columns} - set(table.columns):
        raise ValueError(f"metric '{metric.name}' returned no column {', '.join(sorted(missing))}")
    if unknown := set(table.columns) - {"level", "network", *metric.columns}:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"metric '{metric.name}': `columns` does not say what {names} mean")
    numbers = np.asarray(finished.networks)
    densities = np.asarray(finished.densities)
    table = table.assign(
        density=densities[table["level"].to_numpy()], network=numbers[table["network"].to_numpy()]
    )
    for place, (name, value) in enumerate(trial.condition.items()):
        table.insert(place, name, value)
    return table.assign(metric=choice.label)
