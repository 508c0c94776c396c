"""Data sets and trainers that the trials of one process share."""

import time
from collections.abc import Callable
from typing import Any

from harness import files, progress
from harness.experiment.choice import Choice
from harness.experiment.plan import Plan
from harness.plugin.model import shared_model
from harness.training.trainer import Trainer
from harness.types import TaskData


class _Latest:
    """Keeps the last result of a function of choices and numbers, for the next trial."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._key: str | None = None
        self._value: Any = None

    def __call__(self, *arguments: Choice | int) -> Any:
        key = files.fingerprint(
            [one.identity if isinstance(one, Choice) else one for one in arguments]
        )
        if key != self._key:
            self._key, self._value = None, None
            self._value, self._key = self._make(*arguments), key
        return self._value


class Workshop:
    """Makes the data sets and trainers that the trials of one process share.

    `plan` gives the seeds and the precision of the trainers.
    """

    def __init__(self, plan: Plan) -> None:
        self._experiment = plan.experiment
        self.data = _Latest(self._make_data)
        self.trainer = _Latest(self._make_trainer)
        self.simulated: dict[tuple[str, int], float] = {}
        """Seconds that making a data set took, by task and data seed, until they are recorded."""

    def _make_data(self, task: Choice, data_seed: int) -> TaskData:
        start = time.perf_counter()
        progress.update(f"preparing the data of {task.label}", 0, 1)
        data = task.instance.data(seed=data_seed)
        progress.update(f"preparing the data of {task.label}", 1, 1)
        self.simulated[task.label, data_seed] = time.perf_counter() - start
        return data

    def _make_trainer(
        self,
        task: Choice,
        architecture: Choice,
        pruner: Choice,
        schedule: Choice,
        data_seed: int,
    ) -> Trainer:
        return Trainer(
            shared_model(task.instance, architecture.instance),
            pruner.instance,
            schedule.instance,
            self.data(task, data_seed),
            seed=self._experiment.seed,
            data_seed=data_seed,
            batch_seed=self._experiment.batch_seed,
            precision=self._experiment.precision,
        )
