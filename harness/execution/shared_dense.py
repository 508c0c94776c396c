"""The dense level, trained once for all pruners that only wait for its end.

Such pruners start from the same weights, read the same batches and run the same compiled step, so
that each would train the same networks to the last bit before it first prunes.
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
"""The parts of a trial's identity on which a dense level does not depend."""

FOLDER = "dense"
"""Where a run keeps dense levels until all its trials are done."""


def is_shared(trial: Trial, state: Ensemble, level: Level) -> bool:
    """Whether a trial's first level is the same whatever the pruner."""
    pruner = trial.trained_by.instance
    gathers = bool(jax.tree.leaves(state.gathered))
    plain = pruner.when == "level" and not pruner.rewind_step and not gathers
    plain = plain and not level.snapshots
    return level.density == 1 and plain and trial.goes_on not in ("here", "not")


def path(folder: Path, trial: Trial) -> Path:
    """The file of a trial's dense level: the same for trials that differ in their pruner only."""
    common = {name: value for name, value in trial.identity.items() if name not in PRUNING}
    key = files.fingerprint({**common, "environment": provenance.environment()})
    return folder / f"{key}.safetensors"


def save(path: Path, state: Ensemble, history: dict[str, np.ndarray]) -> None:
    """Write what pruners have in common at the end of the level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, _common(state), history, {})


def load(path: Path, fresh: Ensemble) -> tuple[Ensemble, dict[str, np.ndarray]]:
    """A trial's state at the end of the level, with its pruner's own part as `fresh` has it.

    Raises `DamagedFileError` where the file is not there, damaged, or of something else.
    """
    found, history, _ = checkpoint.load(path, _common(fresh))
    network, optimizer, active, steps = found
    state = fresh._replace(
        network=network, optimizer=optimizer, active=active, gathered_steps=steps
    )
    return state, history


def _common(state: Ensemble) -> Any:
    return state.network, state.optimizer, state.active, state.gathered_steps
