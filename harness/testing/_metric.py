"""The contracts of metrics and of schedules."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import jax.numpy as jnp

from harness import runner
from harness.abstract import AbstractMetric, AbstractSchedule, ScorePruner
from harness.evidence import Evidence
from harness.experiment import Cell, Choice
from harness.masks import leaf_map
from harness.testing._finding import expect
from harness.testing._tiny import TinySchedule, TinyTask
from harness.train import Trainer
from harness.types import Key, Weights, When


@dataclass(frozen=True)
class _Largest(ScorePruner):
    """Keep the largest weights."""

    name: ClassVar[str] = "largest"
    when: ClassVar[When] = "level"

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """|w|."""
        return leaf_map(jnp.abs, evidence.weights)


def metric_rules(metric: AbstractMetric) -> Iterator[tuple[str, Callable[[], None]]]:
    """The rules that a metric must keep, each with the trial of it."""

    def measured() -> None:
        with tempfile.TemporaryDirectory() as folder:
            cell = Cell(
                Choice("task", "tiny", "harness", TinyTask(), ""),
                Choice("pruner", "largest", "harness", _Largest(), ""),
                Choice("schedule", "tiny", "harness", TinySchedule(), ""),
                seed=0, data_seed=0, first=0, width=3, keep_weights=True,
            )  # fmt: skip
            task, data = TinyTask(), TinyTask().data(seed=0)
            trainer = Trainer(task, _Largest(), TinySchedule(), data, seed=0, data_seed=0)
            runner.CellRun(cell, trainer, Path(folder)).train()
            finished = runner.trajectory(cell, Path(folder), lambda: data)
            choice = Choice("metric", metric.name, "harness", metric, "")
            table = runner.measure(choice, cell, finished)
            again = runner.measure(choice, cell, finished)
        expect(len(table) > 0, "it returns no rows.")
        expect(table.equals(again), "measuring twice gives two tables: draw from fixed seeds.")
        levels, networks = set(table["level"]), set(table["network"])
        expect(levels == set(range(4)), f"it has levels {sorted(levels)} of 0 to 3.")
        expect(networks == set(range(3)), f"it has networks {sorted(networks)} of 0 to 2.")

    yield "measures every level and network, the same each time, its columns told", measured


def schedule_rules(schedule: AbstractSchedule) -> Iterator[tuple[str, Callable[[], None]]]:
    """The rules that a schedule must keep, each with the trial of it."""

    def levels() -> None:
        made = schedule.levels()
        expect(bool(made), "it has no levels.")
        densities = [level.density for level in made]
        expect(all(0 < density <= 1 for density in densities), "a density is not in 0 to 1.")
        expect(densities == sorted(densities, reverse=True), "densities must not rise.")
        expect(all(level.steps >= 1 for level in made), "a level has no training steps.")

    def optimizer() -> None:
        schedule.optimizer().init({"weight": jnp.zeros(2)})

    yield "has levels of falling density, each with steps", levels
    yield "has an optimiser", optimizer
