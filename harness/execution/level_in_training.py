"""A level in training: how far it has come, and what it has recorded."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import jax
import numpy as np

from harness.types import Level


@dataclass
class LevelInTraining:
    """A level in training: where it is, and its losses so far."""

    number: int
    level: Level
    previous: Level
    step: int = 0
    curve: list[np.ndarray] = field(default_factory=list)
    curve_steps: list[int] = field(default_factory=list)
    checks: list[np.ndarray] = field(default_factory=list)
    steps_taken: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    pruning_steps: list[int] = field(default_factory=list)
    diagnostics: dict[str, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))

    def note(self, diagnostics: Mapping[str, jax.Array], step: int = 0) -> None:
        """Add the pruner's diagnostics from a step on: (networks, steps), NaN without a pruning."""
        rows = {name: np.asarray(values).T for name, values in diagnostics.items()}
        pruned = [~np.isnan(values).all(axis=1) for values in rows.values()]
        for place in np.flatnonzero(np.any(pruned, axis=0)) if pruned else ():
            self.pruning_steps.append(step + int(place))
            for name, values in rows.items():
                self.diagnostics[name].append(values[place])

    def history(self) -> dict[str, np.ndarray]:
        """Return what a checkpoint must hold of the level."""
        width = self.steps_taken.shape[0]
        return {
            "curve": np.stack(self.curve) if self.curve else np.zeros((0, width), np.float32),
            "checks": np.concatenate(self.checks)
            if self.checks
            else np.zeros((0, width), np.float32),
            "curve_steps": np.asarray(self.curve_steps, np.int64),
            "steps_taken": self.steps_taken,
            "pruning_steps": np.asarray(self.pruning_steps, np.int64),
            **{f"said/{name}": np.stack(rows) for name, rows in self.diagnostics.items()},
        }

    def recall(self, history: dict[str, np.ndarray]) -> None:
        """Restore what `history` returned."""
        self.curve = list(history["curve"])
        self.curve_steps = history["curve_steps"].tolist()
        self.checks = [history["checks"]]
        self.steps_taken = history["steps_taken"]
        self.pruning_steps = history["pruning_steps"].tolist()
        for name in (name for name in history if name.startswith("said/")):
            self.diagnostics[name.removeprefix("said/")] = list(history[name])
