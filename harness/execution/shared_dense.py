"""The dense level, trained once for all pruners that first act at its end.

Such pruners start from the same weights, read the same batches and run the same compiled step, so
each would train bit-identical networks before it first prunes.
"""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from harness import files
from harness.execution import checkpoint
from harness.experiment.trial import Trial
from harness.results import provenance
from harness.training.state import Ensemble
from harness.types import Level

PRUNING = ("pruner", "interventions")
"""The parts of a trial's identity that do not affect the dense level."""

FOLDER = "dense"
"""Where a run keeps dense levels until all its trials are done."""


def is_shared(trial: Trial, state: Ensemble, level: Level) -> bool:
    """Return whether a trial's first level is the same for all pruners."""
    pruner = trial.trained_by.instance
    gathers = bool(jax.tree.leaves(state.gathered))
    plain = pruner.when == "level" and not pruner.rewind_step and not gathers
    plain = plain and not level.snapshots
    return level.density == 1 and plain and trial.goes_on not in ("here", "not")


def path(folder: Path, trial: Trial) -> Path:
    """Return the file of a trial's dense level, the same for trials that differ only in pruner."""
    common = {name: value for name, value in trial.identity.items() if name not in PRUNING}
    key = files.fingerprint({**common, "environment": provenance.environment()})
    return folder / f"{key}.safetensors"


def save(path: Path, state: Ensemble, history: dict[str, np.ndarray]) -> None:
    """Write the part of the state at the end of the level that pruners share."""
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, _common(state), history, {})


def load(path: Path, fresh: Ensemble) -> tuple[Ensemble, dict[str, np.ndarray]]:
    """Return a trial's state at the end of the level, with the pruner's own part from `fresh`.

    Raises `DamagedFileError` if the file is missing, damaged or belongs to something else.
    """
    common, history, _ = checkpoint.load(path, _common(fresh))
    network, optimizer, active, steps = common
    state = fresh._replace(
        network=network, optimizer=optimizer, active=active, gathered_steps=steps
    )
    return state, history


def _common(state: Ensemble) -> Any:
    return state.network, state.optimizer, state.active, state.gathered_steps
