"""Tasks with dynamics and without: does the motif profile of a pruned network identify its task?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

DENSITY = 0.1296
"""The density after four rounds of 40 %, at which everything is compared."""

HIDDEN = 4
"""Hidden layers of every network; only the edges between them are looked at."""

MEMORISED = 200
"""Flights of the memorising task: 128 to train on, one batch, so that none is left out."""

CONTROL = {"name": "teacher", "rows": 100, "planted": "nothing"}
"""The task of the controls, whose masks depend on no task."""


@dataclass(frozen=True)
class Tasks(AbstractStudy):
    """Does what degrees leave unexplained say which task a network was trained and pruned on?

    Five tasks of ten inputs and seven outputs, and digits, from two starts; classifiers see only
    the edges between hidden layers, which are equally many in every network. Controls are random
    and shuffled masks. Hypothesis, margin and rule are in reports/tasks/DESIGN.md.

    **Parameters:**

    - `rows`: flights or rows of a task's data, of which 64 % are trained on
    - `data_seeds`: replicates, each with its own data, initial weights and order of batches
    - `steps`: of training in all, half of them before the first pruning
    - `width`: nodes in each hidden layer
    - `draws`: of the null, for each network
    """

    name: ClassVar[str] = "tasks"
    question: ClassVar[str] = "Does the motif profile identify the task?"
    rows: Annotated[int, Ge(100)] = 10_000
    data_seeds: Annotated[int, Ge(2)] = 20
    steps: Annotated[int, Ge(20)] = 6_000
    width: Annotated[int, Ge(1)] = 40
    draws: Annotated[int, Ge(2)] = 100

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the trained networks of all tasks, and masks that no task has shaped."""
        sizes = {"name": "mlp", "sizes": [self.width] * HIDDEN}
        glorot = {**sizes, "initial": "glorot"}
        large = {**sizes, "initial_scale": round(4 / self.width**0.5, 3)}
        number = len(self.tasks()) - 1
        return {
            "networks": {
                "tasks": self.tasks(),
                "architectures": [glorot, large],
                "pruners": ["magnitude"],
                **self._common(self.steps, self.data_seeds),
            },
            "controls": {
                "tasks": [CONTROL],
                "architectures": [glorot],
                "pruners": ["random", "shuffled"],
                **self._common(20, number * self.data_seeds),
            },
            "controls-again": {
                "tasks": [CONTROL],
                "architectures": [glorot],
                "pruners": ["random"],
                **self._common(20, number * self.data_seeds, number * self.data_seeds),
            },
        }

    def tasks(self) -> list[dict[str, Any]]:
        """Return the five tasks of equal ends, then digits."""
        return [
            {"name": "moth", "flights": self.rows, "flown": 0},
            {"name": "quadrotor", "flights": self.rows, "flown": 0},
            {"name": "teacher", "rows": self.rows},
            {"name": "teacher", "rows": self.rows, "planted": "nothing"},
            {"name": "shuffled-targets", "of": f"moth[flights={MEMORISED},flown=0]"},
            {"name": "digits"},
        ]

    def _common(self, steps: int, data_seeds: int, after: int = 0) -> dict[str, Any]:
        rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3, "early_weight_decay": 0.0}
        budget = {"density": DENSITY, "share": 0.4, "steps": steps, "dense_share": 0.5}
        return {
            "schedules": [{"name": "geometric", **budget, **rates}],
            "metrics": [
                {"name": "sampled", "null": "degree", "densities": [DENSITY], "draws": self.draws}
            ],
            "networks": 1,
            "data_seeds": list(range(after + 1, after + data_seeds + 1)),
            "block_width": 1,
            "keep_weights": False,
        }

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of accuracies."""
        from . import _tasks_report

        return _tasks_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the accuracies, and the tasks one by one."""
        from . import _tasks_report

        return _tasks_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Tasks]]:
    """Offer the study to the harness."""
    return [Tasks]
