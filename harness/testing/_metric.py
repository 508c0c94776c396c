"""The contracts of metrics, null models and schedules."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from harness.execution import measuring, trial_training
from harness.experiment.choice import Choice
from harness.experiment.factors import Pruning, pairs
from harness.experiment.trial import Trial
from harness.plugin import loading
from harness.plugin.metric import AbstractMetric
from harness.plugin.model import Model
from harness.plugin.null import AbstractNull
from harness.plugin.schedule import AbstractSchedule
from harness.plugin.trajectory import Trajectory
from harness.testing import _answers, _shown
from harness.testing._finding import BrokenRuleError, Rule, expect
from harness.testing._surroundings import INDEPENDENT, drawn_before
from harness.testing._tiny import Largest, TinyArchitecture, TinyDigraph, TinySchedule, TinyTask
from harness.training.trainer import Trainer

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = 4


class _Trained:
    """A trajectory of tiny networks to measure, in a folder that is deleted with this object."""

    def __init__(self, model: Model, seed: int, width: int) -> None:
        self._model, self._seed, self.width = model, seed, width

    @cached_property
    def _trial(self) -> Trial:
        return Trial(
            Choice("task", "tiny", "harness", self._model.task, ""),
            Choice("architecture", "tiny", "harness", self._model.architecture, ""),
            Pruning(Choice("pruner", "largest", "harness", Largest(), "")),
            Choice("schedule", "tiny", "harness", TinySchedule(), ""),
            seed=self._seed, data_seed=0, first=0, width=self.width, keep_weights=True,
        )  # fmt: skip

    @cached_property
    def trajectory(self) -> Trajectory:
        """The trajectory, trained when it is first used."""
        folder = Path(tempfile.mkdtemp(prefix="harness-check-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        data = self._model.task.data(seed=0)
        trainer = Trainer(
            self._model, Largest(), TinySchedule(), data, seed=self._seed, data_seed=0
        )
        trial_training.TrialTraining(self._trial, trainer, folder).train()
        return measuring.trajectory(self._trial, folder, lambda: data)

    def measured(self, metric: AbstractMetric) -> "pd.DataFrame":
        """Return the metric's table as in a run, after checking its levels and networks."""
        choice = Choice("metric", metric.name, "harness", metric, "")
        table = measuring.measure(choice, self._trial, self.trajectory)
        expect(len(table) > 0, "it returns no rows.")
        for name, number in (("level", _LEVELS), ("network", self.width)):
            found, due = sorted(set(table[name])), list(range(number))
            some = name == "level" and metric.chooses_levels and set(found) <= set(due)
            expect(some or found == due, f"it has {name}s {found} of 0 to {number - 1}.")
        return table


def _example(task: str) -> Model:
    ((chosen, architecture),) = pairs(loading.load(), [task], [])
    return Model(chosen.instance, architecture.instance)


class _Subject:
    """A metric with two trajectories."""

    def __init__(self, metric: AbstractMetric) -> None:
        self.metric = metric
        made = TinyDigraph if "digraph" in metric.needs else TinyArchitecture
        self.example = _example(metric.example) if metric.example else None
        self.one = _Trained(self.example or Model(TinyTask(), made()), seed=0, width=3)
        self.other = _Trained(self.example or Model(TinyTask(), made(7)), seed=1, width=2)

    @cached_property
    def table(self) -> "pd.DataFrame":
        """The metric's table of the first trajectory."""
        with drawn_before(0):
            return self.one.measured(self.metric)


def metric_rules(metric: AbstractMetric) -> Iterator[Rule]:
    """Yield the rules of metrics."""
    subject = _Subject(metric)
    yield Rule("says what its columns mean", partial(_answers.of_metric, metric), vital=True)
    text = "measures every level and network of tiny networks, with known columns"
    yield Rule(text, partial(_measures, subject), vital=True)
    text = "describes its table to reports: schema, sections and headline fit it"
    yield Rule(text, lambda: _shown.shows(metric, subject.table))
    text = "gives the same table each time, whatever else runs"
    yield Rule(text, partial(_repeats, subject), vital=True)
    if subject.example is not None:
        yield Rule("measures its own example", partial(_applies, metric, subject.example))
    elif not {"layered", "digraph"} & metric.needs:
        text = "measures networks without layers, or declares that it needs layers"
        yield Rule(text, partial(_measures_digraphs, subject))


def _measures(subject: _Subject) -> None:
    expect(len(subject.table) > 0, "it returns no rows.")


def _applies(metric: AbstractMetric, example: Model) -> None:
    reason = metric.reason_not_to_measure(example)
    expect(reason is None, f"`reason_not_to_measure` refuses the model of `example`: {reason}")


def _measures_digraphs(subject: _Subject) -> None:
    try:
        _Trained(Model(TinyTask(), TinyDigraph()), seed=0, width=2).measured(subject.metric)
    except Exception as error:
        raise BrokenRuleError(
            f"it raises {error!r} for networks whose graph is a `Digraph`: measure them, or set "
            '`needs = frozenset({"layered"})`.'
        ) from error


def _repeats(subject: _Subject) -> None:
    advice = INDEPENDENT.format(source="fixed seeds")
    with drawn_before(1):
        try:
            subject.other.measured(subject.metric)
        except Exception as error:
            message = f"after one trajectory it does not measure another ({error}): "
            raise BrokenRuleError(message + advice) from error
        again = subject.one.measured(subject.metric)
    if subject.table.equals(again):
        return
    with drawn_before(0):
        plainly = subject.one.measured(subject.metric)
    expect(
        subject.table.equals(plainly), "measuring twice gives two tables: draw from fixed seeds."
    )
    raise BrokenRuleError(advice)


def null_rules(null: AbstractNull) -> Iterator[Rule]:
    """Yield the rules of null models."""
    subject = _Trained(Model(TinyTask(), TinyArchitecture()), seed=0, width=2)
    text = "draws so many random graphs of the network's shape, the same from the same seed"
    yield Rule(text, partial(_draws, null, subject))


def _draws(null: AbstractNull, subject: _Trained) -> None:
    level, number = 1, 5
    known = null.of(subject.trajectory, level, None)
    if isinstance(known, str):
        return
    graph = subject.trajectory.graph(level)
    drawn = [known.draw(1, number, (0,)) for _ in range(2)]
    shapes = [(number, *leaf.shape[1:]) for leaf in jax.tree.leaves(graph)]
    found = [np.shape(leaf) for leaf in jax.tree.leaves(drawn[0])]
    expect(found == shapes, f"its draws have the shapes {found}, not {shapes}.")
    same = all(map(np.array_equal, *map(jax.tree.leaves, drawn)))
    expect(same, "the same seed gives two draws: draw from `seed` alone.")


def schedule_rules(schedule: AbstractSchedule) -> Iterator[Rule]:
    """Yield the rules of schedules."""
    yield Rule("has levels of falling density, each with steps", partial(_levels, schedule))
    yield Rule("gives the same levels each time", partial(_same_levels, schedule))
    yield Rule("has an optimiser", partial(_optimizer, schedule))


def _levels(schedule: AbstractSchedule) -> None:
    made = schedule.levels()
    expect(bool(made), "it has no levels.")
    densities = [level.density for level in made]
    expect(all(0 < density <= 1 for density in densities), "a density is not in 0 to 1.")
    expect(densities == sorted(densities, reverse=True), "densities must not rise.")
    expect(all(level.steps >= 1 for level in made), "a level has no training steps.")


def _same_levels(schedule: AbstractSchedule) -> None:
    with drawn_before(0):
        first = schedule.levels()
    with drawn_before(1):
        again = schedule.levels()
    expect(
        first == again,
        "`levels` returns other levels when called again: use its parameters only.",
    )


def _optimizer(schedule: AbstractSchedule) -> None:
    schedule.optimizer().init({"weight": jnp.zeros(2)})
