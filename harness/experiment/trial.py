"""One trial: a block of networks trained together, and what determines its result."""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.experiment.choice import Choice
from harness.experiment.config import DEFAULT_PRECISION, chosen_later
from harness.experiment.factors import Pruning
from harness.files import fingerprint
from harness.machine import settings
from harness.machine.compilation import Precision
from harness.plugin.intervention import AbstractIntervention, Untouched
from harness.plugin.levels import reason_not_to_prune, resolved
from harness.plugin.model import Model, shared_model
from harness.plugin.pruner import AbstractPruner
from harness.plugin.schedule import AbstractSchedule
from harness.types import GoesOn, Level

RESULT_VERSION = 4
"""Part of every trial's key, raised whenever results change.

From 3 on, networks of two data seeds have different initial weights. From 4 on, draws of the null
`degree` are states of thinned chains, and `digraph-motifs` switches edges in rounds, with q over
all orders; trained networks are the same.
"""


@dataclass(frozen=True)
class Trial:
    """One (task, architecture, pruning, schedule, block of seeds), trained together."""

    task: Choice
    architecture: Choice
    pruning: Pruning
    schedule: Choice
    seed: int
    data_seed: int
    first: int
    width: int
    keep_weights: bool
    precision: Precision = DEFAULT_PRECISION
    batch_seed: int = 0
    trained_as: str | None = None
    """Its key in a run folder, where its plugins have changed since it was trained."""

    @cached_property
    def model(self) -> Model:
        """The architecture on the task."""
        return shared_model(self.task.instance, self.architecture.instance)

    @property
    def networks(self) -> tuple[int, ...]:
        """The numbers of its networks within the run."""
        return tuple(range(self.first, self.first + self.width))

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that determines its result, for its key."""
        return {
            "version": RESULT_VERSION,
            "task": self.task.identity,
            "architecture": self.architecture.identity,
            **self.pruning.identity,
            "schedule": self.schedule.identity,
            "seed": self.seed,
            "data_seed": self.data_seed,
            "first": self.first,
            "width": self.width,
            "keep_weights": self.keep_weights,
            **chosen_later(precision=self.precision, batch_seed=self.batch_seed),
            **({"settings": unusual} if (unusual := settings.determining()) else {}),
        }

    @cached_property
    def key(self) -> str:
        """The name of its folder: a hash of what determines its result."""
        return self.trained_as or fingerprint(self.identity)

    def known_as(self, key: str) -> "Trial":
        """Return the same trial under its key in a run folder, whatever its plugins are now."""
        return replace(self, trained_as=key)

    @property
    def changed(self) -> bool:
        """Whether a run folder holds it under another key than it would get today."""
        return self.trained_as not in (None, fingerprint(self.identity))

    @property
    def source(self) -> "Trial | None":
        """The trial of the same networks whose masks an intervention changes, where one does."""
        source = self.pruning.source
        return replace(self, pruning=source, trained_as=None) if source else None

    @property
    def intervention(self) -> AbstractIntervention | None:
        """The intervention that changes the masks of its source, where there is one."""
        found = self.pruning.interventions
        return found[-1].instance if found else None

    @property
    def goes_on(self) -> GoesOn | None:
        """How training goes on with the changed masks, where there is an intervention."""
        if self.intervention is None or self.source is None:
            return None
        return self.intervention.goes_on(self.source.trained_by.instance)

    @property
    def trained_by(self) -> Choice:
        """The pruner that training calls; where an intervention sets the masks, it never prunes."""
        if self.intervention is None:
            return self.pruning.pruner
        if self.goes_on == "rewind":
            source: AbstractPruner = self.pruning.pruner.instance
            untouched = Untouched(rewind_step=source.rewind_step, retrains=source.retrains)
        else:
            untouched = Untouched(anew=self.goes_on != "level")
        return Choice("pruner", untouched.name, "harness", untouched, "")

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The levels of its schedule, with the densities that follow where they name leaves.

        Raises `UserError` where a level names a leaf that the network has not.
        """
        source: AbstractPruner = self.pruning.pruner.instance
        levels = self.schedule.instance.levels()
        return resolved(levels, self.model, from_start=source.from_start)

    @property
    def budgets(self) -> list[int]:
        """Training steps of each level."""
        schedule = self.schedule.instance
        levels = schedule.levels()
        if self.goes_on == "not":
            return [0 for _ in levels]
        if self.goes_on == "here":
            return [level.steps if level.density < 1 else 0 for level in levels]
        return levels_of(schedule, self.trained_by.instance)

    @property
    def halves(self) -> "tuple[Trial, ...]":
        """The same networks in two blocks; nothing where there is only one network."""
        half = -(-self.width // 2)
        rest = self.width - half
        first = replace(self, width=half, trained_as=None)
        second = replace(self, first=self.first + half, width=rest, trained_as=None)
        return (first, second) if rest else ()

    @property
    def condition(self) -> dict[str, Any]:
        """The columns that identify the trial in every table."""
        return {
            "trial": self.key,
            "task": self.task.label,
            "architecture": self.architecture.label,
            "pruner": self.pruning.label,
            "schedule": self.schedule.label,
            "data_seed": self.data_seed,
        }

    @property
    def reason_to_skip(self) -> str | None:
        """Why this combination is skipped, or None if it is not."""
        model = self.model
        if reason := model.reason_not_to_fit:
            return reason
        if self.source is not None and self.intervention is not None:
            if reason := self.source.reason_to_skip:
                return f"its source is skipped: {reason}"
            needs = self.intervention.needs_weights or self.goes_on in ("here", "not")
            if needs and not self.keep_weights:
                return f"intervention '{self.intervention.name}' needs weights, but none are kept"
            return self.intervention.reason_not_to_fit(model, self.width)
        pruner: AbstractPruner = self.pruning.pruner.instance
        lacking = pruner.needs - model.offers
        if lacking:
            return (
                f"pruner '{pruner.name}' needs {', '.join(sorted(lacking))} of architecture "
                f"'{model.architecture.name}'"
            )
        first: int = self.schedule.instance.levels()[0].steps
        if pruner.rewind_step + pruner.retrains > first:
            return (
                f"pruner '{pruner.name}' rewinds to step {pruner.rewind_step}, but the first level "
                f"of schedule '{self.schedule.name}' has {first}"
            )
        if pruner.when == "during" and pruner.every < 1:
            return f"pruner '{pruner.name}' acts during training, but its `every` is not positive"
        return reason_not_to_prune(self.levels, pruner, model)


def levels_of(schedule: AbstractSchedule, pruner: AbstractPruner) -> list[int]:
    """Return each level's steps: its own, all up to it, or what the first has left (rewound)."""
    steps = [level.steps for level in schedule.levels()]
    if pruner.retrains:
        return [steps[0], *(steps[0] - pruner.rewind_step for _ in steps[1:])]
    return list(itertools.accumulate(steps)) if pruner.from_start else steps
