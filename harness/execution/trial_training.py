"""Train one trial to a trajectory on disk."""

import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from harness import progress
from harness.execution import checkpoint, intervening, shared_dense
from harness.execution.intervening import Kept
from harness.execution.level_in_training import LevelInTraining
from harness.experiment.trial import Trial
from harness.files import DamagedFileError
from harness.plugin.levels import within
from harness.plugin.observer import tell
from harness.plugin.pruner import AbstractPruner
from harness.results import provenance, snapshot
from harness.training.loop import CHUNK
from harness.training.state import Ensemble, Keys, finite, of_level
from harness.training.stopping import stopped
from harness.training.trainer import Trainer
from harness.types import Level

_log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 60.0
CHECKPOINT = "checkpoint.safetensors"


@dataclass
class Clock:
    """Seconds by level and activity; compilation counts separately, under level -1.

    `compiled` gives the seconds of compilation since its last call, so compilation between two
    activities, or before the first, is counted too.
    """

    compiled: Callable[[], float]
    seconds: dict[tuple[int, str], float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timing(self, level: int, activity: str) -> Iterator[None]:
        """Add the time of the block inside, which must wait for the device."""
        self.seconds[-1, "compile"] += self.compiled()
        start = time.perf_counter()
        yield
        compiling = self.compiled()
        self.seconds[level, activity] += time.perf_counter() - start - compiling
        self.seconds[-1, "compile"] += compiling


class TrialTraining:
    """Trains one trial in its folder, level by level, from its last checkpoint on.

    With `shared`, a dense level that several pruners share is taken from that folder or left there.
    `source` gives the masks and weights of a level, by number, networks first, that an intervention
    changes.
    """

    def __init__(
        self,
        trial: Trial,
        trainer: Trainer,
        folder: Path,
        shared: Path | None = None,
        source: Callable[[int], Kept] | None = None,
    ) -> None:
        self._source = source
        self.began_again = ""
        """Why its checkpoint was of no use, if it had one."""
        self.trial, self.trainer, self.folder, self._shared = trial, trainer, folder, shared
        self.clock = Clock(trainer.compiled_since)
        self._schedule = trial.schedule.instance
        self._levels: tuple[Level, ...] = trial.levels
        self._budgets = trial.budgets
        self._pruner: AbstractPruner = trial.trained_by.instance
        self._from_start = self._pruner.from_start
        self._rewind_step = self._pruner.rewind_step
        self._saved = time.monotonic()
        self._saver = checkpoint.Saver(folder / CHECKPOINT)
        self._keys: Keys = trainer.keys(trial.networks)

    def train(self) -> None:
        """Train every unfinished level, and write each to the folder."""
        try:
            self._train()
        finally:
            self._saver.close()

    def _train(self) -> None:
        with self.clock.timing(0, "start"):
            state = self.trainer.start(self._keys)
        state, current = self._resumed(state)
        while current.number < len(self._levels):
            state = self._finish(state, current)
            following = current.number + 1
            if following == len(self._levels):
                break
            if self._from_start:
                state = self.trainer.start(self._keys)
            current = self._begin(following)
            state = self._prune(state, current)

    def _begin(self, number: int) -> LevelInTraining:
        before = Level(1.0, 0) if number == 0 or self._from_start else self._levels[number - 1]
        level = within(self._levels[number], self._budgets[number])
        return LevelInTraining(
            number, level, before, steps_taken=np.zeros(self.trial.width, np.int64)
        )

    def _resumed(self, fresh: Ensemble) -> tuple[Ensemble, LevelInTraining]:
        """Return the state and level of the last whole checkpoint, or else the beginning."""
        try:
            state, history, facts = checkpoint.load(self.folder / CHECKPOINT, fresh)
            if facts["environment"] != provenance.environment():
                raise DamagedFileError(f"its checkpoint was made with {facts['environment']}")
            for number in range(facts["level"]):
                snapshot.load(snapshot.level_path(self.folder, number), weights=False)
            self._check_kept(facts["level"], facts["step"])
        except (DamagedFileError, KeyError) as error:
            if (self.folder / CHECKPOINT).exists():
                self.began_again = f"starts again: {error}"
                _log.warning("trial %s %s", self.trial.key, self.began_again)
            current = self._begin(0)
            return self._prune(fresh, current), current
        current = self._begin(facts["level"])
        current.step = facts["step"]
        _log.info(
            "trial %s resumes at level %d, step %d", self.trial.key, current.number, current.step
        )
        current.recall(history)
        return state, current

    def _check_kept(self, level: int, step: int) -> None:
        """Raise `DamagedFileError` if a snapshot from before a step of a level is not whole."""
        for number in range(level + 1):
            budget = step if number == level else self._budgets[number]
            path = snapshot.level_path(self.folder, number)
            for one in within(self._levels[number], budget).snapshots:
                snapshot.load(snapshot.step_path(path, one))

    def _prune(self, state: Ensemble, current: LevelInTraining) -> Ensemble:
        """Prune at the start of a level, if the pruner acts there and the level is not dense."""
        state = state._replace(active=finite(state))
        if self._source is not None:
            return self._intervened(state, current, self._source)
        if self._pruner.when == "during" or current.level.density == 1:
            return state
        with self.clock.timing(current.number, "prune"):
            state = self.trainer.prune(state, self._keys, current.number, current.level)
            state = jax.block_until_ready(state)
        current.note(state.diagnostics)
        return state

    def _intervened(
        self, state: Ensemble, current: LevelInTraining, source: Callable[[int], Kept]
    ) -> Ensemble:
        """Set an intervention's masks at the start of a level, and the weights to train from.

        A dense level stays as it is, unless training goes on from the source's weights.
        """
        if current.level.density == 1 and self.trial.goes_on not in ("here", "not"):
            return state
        with self.clock.timing(current.number, "prune"):
            keys = of_level(self._keys, current.number)
            kept = source(current.number)
            if self.trial.goes_on == "rewind":
                state = self.trainer.rewound(state, self._keys)
            state = intervening.imposed(self.trial, self.trainer, state, kept, current.number, keys)
            return jax.block_until_ready(state)

    def _finish(self, state: Ensemble, current: LevelInTraining) -> Ensemble:
        """Train a level to its end, evaluate it and write it."""
        if (
            self._shared
            and current.number == 0
            and shared_dense.is_shared(self.trial, state, current.level)
        ):
            state = self._dense(state, current, shared_dense.path(self._shared, self.trial))
        else:
            state = self._to_the_end(state, current)
        with self.clock.timing(current.number, "evaluate"):
            train, validation = map(np.asarray, self.trainer.losses(state))
        self._write(state, current, train, validation)
        tell(
            "level", self.trial.condition,
            level=current.number, density=current.level.density, networks=self.trial.networks,
            train_loss=train, validation_loss=validation,
        )  # fmt: skip
        _log.info(
            "trial %s: level %d of %d, density %g, median validation loss %.4g",
            self.trial.key, current.number + 1, len(self._levels), current.level.density,
            np.median(validation),
        )  # fmt: skip
        return state

    def _to_the_end(self, state: Ensemble, current: LevelInTraining) -> Ensemble:
        if current.step == 0:
            self._keep(state, current, 0, 0)
        while current.step < current.level.steps and bool(np.any(np.asarray(state.active))):
            state = self._advance(state, current)
            if time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
                self._checkpoint(state, current)
        self._keep(state, current, current.step + 1, current.level.steps)
        return state

    def _keep(self, state: Ensemble, current: LevelInTraining, first: int, last: int) -> None:
        """Write the level's snapshots from step `first` to `last`."""
        path = snapshot.level_path(self.folder, current.number)
        for step in current.level.snapshots:
            if first <= step <= last:
                masks, weights = self._networks(state)
                facts = {"level": current.number, "step": step}
                nothing = np.zeros((0, self.trial.width), np.float32), np.zeros(0, np.int64)
                kept = snapshot.Snapshot(masks, weights, {}, *nothing, facts)
                snapshot.save(snapshot.step_path(path, step), kept)

    def _networks(
        self, state: Ensemble
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray] | None]:
        """Return masks, and weights as they act if the run keeps them."""
        masks = {name: np.asarray(mask) for name, mask in state.masks.items()}
        keeps = self.trial.keep_weights
        return masks, snapshot.named_leaves(self.trainer.masked(state)) if keeps else None

    def _dense(self, state: Ensemble, current: LevelInTraining, path: Path) -> Ensemble:
        """Take the end of the dense level from another pruner's trial, or train and leave it."""
        try:
            with self.clock.timing(0, "take over"):
                ended, history = shared_dense.load(path, state)
        except DamagedFileError:
            state = self._to_the_end(state, current)
            shared_dense.save(path, state, current.history())
            return state
        current.recall(history)
        _log.info("trial %s takes over its dense level from %s", self.trial.key, path)
        return ended

    def _advance(self, state: Ensemble, current: LevelInTraining) -> Ensemble:
        number = self._steps_to_next_look(current)
        state, taken, checks = self._steps(state, current, number)
        active = np.asarray(state.active)
        current.steps_taken = current.steps_taken + np.where(active, number, 0)
        current.step += number
        current.curve_steps.append(current.step)
        current.curve.append(np.where(active, taken.mean(axis=0), np.nan))
        rule = self._schedule.stop_rule
        going = active & np.isfinite(taken).all(axis=0)
        if rule is not None:
            current.checks.append(checks)
            if self._may_stop(current):
                going &= ~stopped(np.concatenate(current.checks), rule)
        if not np.array_equal(going, active):
            state = state._replace(active=jnp.asarray(going))
        progress.update(
            "training",
            self._steps_before(current.number) + current.step,
            sum(self._budgets),
            pruner=self.trial.pruning.label,
            level=current.number,
            levels=len(self._levels),
            sparsity=1 - current.level.density,
            loss=float(np.median(taken[-1][going])) if going.any() else float("nan"),
        )
        return state

    def _steps(
        self, state: Ensemble, current: LevelInTraining, number: int
    ) -> tuple[Ensemble, np.ndarray, np.ndarray]:
        """Train a number of steps, in parts between snapshots; parts do not change a bit."""
        end, losses = current.step + number, []
        ends = {step for step in current.level.snapshots if current.step < step < end} | {end}
        for first, last in itertools.pairwise([current.step, *sorted(ends)]):
            with self.clock.timing(current.number, "train"):
                state, *part = self.trainer.chunk(
                    state,
                    self._keys,
                    current.number,
                    first,
                    last - first,
                    previous=current.previous,
                    current=current.level,
                    first_batch=self._first_batch(current.number),
                )
            losses.append(part)
            if self._pruner.when == "during":
                current.note(state.diagnostics, first)
            self._keep(state, current, last, last)
        taken, checks = map(np.concatenate, zip(*losses, strict=True))
        return state, taken, checks

    def _steps_to_next_look(self, current: LevelInTraining) -> int:
        """Return the steps to the next multiple of a chunk or stop-rule period, or rewind point.

        With multiples, one look does not move another.
        """
        rule = self._schedule.stop_rule
        periods = [CHUNK] if rule is None else [CHUNK, rule.every]
        ahead = [period - current.step % period for period in periods]
        if current.number == 0 and self._rewind_step > current.step:
            ahead.append(self._rewind_step - current.step)
        return min(*ahead, current.level.steps - current.step)

    def _may_stop(self, current: LevelInTraining) -> bool:
        """Return whether a level may stop: not before its last pruning, which sets its density."""
        pruner = self._pruner
        if pruner.when != "during" or current.previous.density == current.level.density == 1:
            return True
        return current.step > (current.level.steps - 1) // pruner.every * pruner.every

    def _steps_before(self, level: int) -> int:
        return sum(self._budgets[:level])

    def _first_batch(self, level: int) -> int:
        """Return the batch that a level begins with: the next one, or the first again."""
        return 0 if self._from_start or self._schedule.rewind_data else self._steps_before(level)

    def _checkpoint(self, state: Ensemble, current: LevelInTraining) -> None:
        facts = {
            "level": current.number,
            "step": current.step,
            "environment": provenance.environment(),
        }
        self._saver.save(state, current.history(), facts)
        self._saved = time.monotonic()

    def _write(
        self, state: Ensemble, current: LevelInTraining, train: np.ndarray, validation: np.ndarray
    ) -> None:
        if not any(number.any() for number in self.trainer.kept(state).values()):
            raise ArithmeticError(
                f"nothing is left at level {current.number}: density {current.level.density:g} "
                "keeps no weight of any network"
            )
        masks, weights = self._networks(state)
        figures = {
            "train_loss": train,
            "validation_loss": validation,
            "diverged": ~(np.isfinite(train) & np.isfinite(validation) & np.asarray(finite(state))),
            "steps": current.steps_taken,
        }
        kept = snapshot.Snapshot(
            masks,
            weights,
            figures,
            curve=current.history()["curve"],
            curve_steps=current.history()["curve_steps"],
            facts={"density": current.level.density},
            diagnostics={name: np.stack(rows) for name, rows in current.diagnostics.items()},
            pruning_steps=current.pruning_steps,
        )
        snapshot.save(snapshot.level_path(self.folder, current.number), kept)
