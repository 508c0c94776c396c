"""The tables of a trained trial: levels, training, timings, memory."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.experiment.trial import Trial
from harness.machine import memory
from harness.plugin.task import AbstractTask
from harness.results import snapshot
from harness.results.snapshot import level_path
from harness.training.trainer import EVALUATION_ROWS
from harness.types import Batch, TaskData

if TYPE_CHECKING:
    import pandas as pd


def constant_loss(task: AbstractTask, data: TaskData) -> float:
    """Return the loss of the task's best constant predictor on the rows of `validation_loss`."""
    held_out = Batch(*(np.asarray(part[:EVALUATION_ROWS]) for part in data.validation))
    return float(task.constant_loss(data.train, held_out))


def level_tables(
    trial: Trial, folder: Path, constant_loss: float = math.nan
) -> dict[str, "pd.DataFrame"]:
    """Make the tables `levels`, `training` and, if there are any, `diagnostics` from the levels.

    `constant_loss` is that of the task's best constant predictor.
    """
    import pandas as pd

    rows, curves, diagnostics = [], [], []
    for number, level in enumerate(trial.levels):
        kept = snapshot.load(level_path(folder, number), weights=False)
        place = {"level": number, "density": level.density, "network": list(trial.networks)}
        figures = {**kept.figures, "constant_loss": constant_loss}
        rows.append(pd.DataFrame({**trial.condition, **place, **figures}))
        diagnostics += _diagnostics(trial, {**trial.condition, **place}, kept)
        chunks, width = kept.curve.shape
        curves.append(
            pd.DataFrame(
                {
                    **trial.condition,
                    "level": number,
                    "density": level.density,
                    "network": np.tile(trial.networks, chunks),
                    "step": np.repeat(kept.curve_steps, width),
                    "loss": kept.curve.ravel(),
                }
            )
        )
    made = {"levels": rows, "training": curves, "diagnostics": diagnostics}
    return {name: pd.concat(parts, ignore_index=True) for name, parts in made.items() if parts}


def _diagnostics(
    trial: Trial, place: Mapping[str, Any], kept: snapshot.Snapshot
) -> "list[pd.DataFrame]":
    """Return the pruner's diagnostics of each pruning at a level, as tables."""
    import pandas as pd

    meanings = trial.trained_by.instance.diagnostics
    return [
        pd.DataFrame(
            {**place, "step": step, "diagnostic": name, "value": row, "meaning": meanings[name]}
        )
        for name, rows in kept.diagnostics.items()
        for step, row in zip(kept.pruning_steps, rows, strict=True)
    ]


def diverged(levels: "pd.DataFrame") -> str | None:
    """Name the first level at which every network has diverged, so that the trial failed."""
    for (number, density), rows in levels.groupby(["level", "density"]):
        if rows["diverged"].all():
            return f"every network has diverged at level {number} (density {density:g})"
    return None


def timings(trial: Trial, seconds: Mapping[tuple[int, str], float]) -> "pd.DataFrame":
    """Make the table `timings` of a trial."""
    import pandas as pd

    rows: Iterable[dict[str, Any]] = (
        {**trial.condition, "level": level, "activity": activity, "seconds": round(spent, 4)}
        for (level, activity), spent in seconds.items()
    )
    return pd.DataFrame(list(rows))


def peaks(trial: Trial) -> "pd.DataFrame":
    """Make the table `memory` of a trial."""
    import pandas as pd

    return pd.DataFrame(
        [
            {**trial.condition, "memory": which, "peak_bytes": peak}
            for which, peak in memory.peaks().items()
        ]
    )
