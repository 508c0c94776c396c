"""The plan of an experiment: its plugins made, and their product in blocks of networks."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.errors import UserError
from harness.experiment.choice import Choice, choices
from harness.experiment.config import LATER, Experiment, chosen_later
from harness.experiment.factors import Pruning, default_schedule, pairs, prunings
from harness.experiment.trial import RESULT_VERSION, Trial
from harness.files import fingerprint
from harness.machine.devices import use_cores, used
from harness.plugin.model import shared_model
from harness.plugin.registry import Registry

MOST_TRIALS = 1_000_000
"""Larger experiments are refused: their index alone would fill the memory."""


FITTING = 300_000
"""Weights that one core trains at its fastest (measured: benchmarks/RESULTS.md, "Block width")."""

KEPT = 2_000_000
"""Numbers put out for a batch by the layers of the networks that one core trains at its fastest.

Measured there too: beyond it the batch leaves the cache, and convolutions and recurrent networks,
whose weights are few and put out many, take up to twice as long.
"""

MOST_FOR_A_CORE = 256
"""Networks of one core beyond which nothing is gained, however small they are."""

STEP_WEIGHTS = 10_000
"""Weights that train in the time that each step of a block takes beside its arithmetic."""


def block_width(networks: int, weights: int, put_out: int = 0, *, cores: int | None = None) -> int:
    """Return the default width of a block, by the device and by the size of one network.

    `weights` are those of a network, `put_out` what its layers put out for a batch. A core takes at
    least two networks, and more while their weights are up to `FITTING` and what they put out up to
    `KEPT`. Of these widths it is the one that trains `networks` soonest, and the widest of equals.
    A rule, not a measurement at the start: the width is part of what a run is, down to its last
    bits. An accelerator takes all networks, evenly spread over several; a block that does not fit
    into its memory is halved when it is trained. `cores` as in `plan`.
    """
    import jax

    devices = jax.local_device_count()
    if jax.default_backend() != "cpu":
        devices = devices if cores is None else 1
        return math.ceil(networks / devices) * devices

    def time(width: int) -> float:
        each = width // used(width, devices) + STEP_WEIGHTS / max(1, weights)
        return math.ceil(networks / width) * each

    fitting = min(FITTING // max(1, weights), KEPT // max(1, put_out))
    for_a_core = max(2, min(MOST_FOR_A_CORE, fitting))
    widths = range(1, min(for_a_core * devices, networks) + 1)
    return min(widths, key=lambda width: (time(width), -width))


@dataclass(frozen=True)
class Plan:
    """An experiment with its plugins made: the trials to train, and the metrics to take of them."""

    experiment: Experiment
    pairs: tuple[tuple[Choice, Choice], ...]
    """The tasks, each with an architecture of its networks."""
    prunings: tuple[Pruning, ...]
    schedules: tuple[Choice, ...]
    metrics: tuple[Choice, ...]
    width: int
    keys: tuple[str, ...] = ()
    """The keys that its trials have in a run folder, where it was trained there before."""

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The product of everything asked for, in blocks of networks."""
        if self.keys:
            return tuple(map(Trial.known_as, self._asked_for, self.keys))
        return self._asked_for

    @property
    def _asked_for(self) -> tuple[Trial, ...]:
        return tuple(
            Trial(
                task, architecture, pruning, schedule,
                self.experiment.seed, data_seed, first, self.width,
                self.experiment.keep_weights, self.experiment.precision, self.experiment.batch_seed,
            )
            for (task, architecture), schedule, pruning, data_seed, first in itertools.product(
                self.pairs,
                self.schedules,
                self.prunings,
                dict.fromkeys(self.experiment.data_seeds),
                range(0, self.experiment.networks, self.width),
            )
        )  # fmt: skip

    @property
    def _named(self) -> tuple[Choice, ...]:
        """The tasks, and the architectures that are not the tasks' own."""
        tasks, architectures = zip(*self.pairs, strict=True)
        return (*tasks, *architectures) if self.experiment.architectures else tasks

    def chain(self, trial: Trial) -> tuple[Trial, ...]:
        """Return a trial with all its sources, each source before what is made from it."""
        source = trial.source
        return (*(self.chain(source) if source else ()), trial)

    @cached_property
    def ordered(self) -> tuple[Trial, ...]:
        """All trials in the order of the plan, each after its source."""
        if self.keys:  # trained before, so their sources are there
            return self.trials
        found = {one.key: one for trial in self.trials for one in self.chain(trial)}
        return tuple(found.values())

    def trained_as(self, keys: Sequence[str]) -> "Plan":
        """Return the same plan, its trials under the keys that they have in a run folder."""
        return replace(self, keys=tuple(keys))

    def resolved(self) -> dict[str, Any]:
        """Return the complete experiment: every parameter and the block width written out."""
        return {
            **self.experiment.model_dump(mode="json", exclude_none=True),
            **self._resolved_pairs(),
            "pruners": [pruning.table() for pruning in self.prunings],
            "interventions": [],
            "schedules": [choice.table() for choice in self.schedules],
            "metrics": [choice.table() for choice in self.metrics],
            "block_width": self.width,
        }

    def _resolved_pairs(self) -> dict[str, Any]:
        """The tasks and architectures as tables; a task's own architecture stands in its table."""
        tasks, architectures = (
            list({choice.label: choice.table() for choice in column}.values())
            for column in zip(*self.pairs, strict=True)
        )
        if self.experiment.architectures and len(tasks) * len(architectures) == len(self.pairs):
            return {"tasks": tasks, "architectures": architectures}
        pairs = [
            {**task.table(), "architecture": architecture.table()}
            for task, architecture in self.pairs
        ]
        return {"tasks": pairs, **({"architectures": []} if self.experiment.architectures else {})}

    @property
    def chosen(self) -> tuple[Choice, ...]:
        """Every plugin that it uses."""
        pairs = itertools.chain.from_iterable(self.pairs)
        return (*pairs, *self._pruned_by, *self.schedules, *self.metrics)

    @property
    def _pruned_by(self) -> tuple[Choice, ...]:
        """The pruners and the interventions."""
        chains = ((one.pruner, *one.interventions) for one in self.prunings)
        return tuple(itertools.chain.from_iterable(chains))

    @property
    def name(self) -> str:
        """The default name of its folder: readable, and unlike that of any other experiment."""
        resolved = self.resolved()
        free = ("networks", "metrics", "block_width", *LATER)
        fixed = {name: value for name, value in resolved.items() if name not in free}
        fixed |= chosen_later(**{name: resolved[name] for name in LATER}) | {
            "version": RESULT_VERSION
        }
        parts = [
            "+".join(dict.fromkeys(choice.name for choice in choices))
            for choices in (self._named, self._pruned_by, self.schedules)
        ]
        return f"{'-'.join(parts)[:80]}-{fingerprint(fixed)[:8]}"


def plan(
    experiment: Experiment, registry: Registry, *, source: str = "", cores: int | None = None
) -> Plan:
    """Return the plan of an experiment. Raises `UserError` where a plugin or parameter is wrong.

    `source` names the experiment's file in that error. Unless JAX has started already, all cores
    of a processor become devices: the width of blocks depends on their number. `cores` is how many
    of them each trial gets where an executor shares them out, and says that it has one accelerator.
    """
    use_cores(cores)
    try:
        return _plan(experiment, registry, cores)
    except UserError as error:
        raise UserError(f"{source}: {error}" if source else str(error)) from None


def _plan(experiment: Experiment, registry: Registry, cores: int | None) -> Plan:
    made = _made(experiment, registry, cores)
    factors = (made.pairs, made.prunings, made.schedules, set(experiment.data_seeds))
    blocks = math.ceil(experiment.networks / made.width)
    if (number := blocks * math.prod(map(len, factors))) > MOST_TRIALS:
        raise UserError(
            f"this experiment has {number:,} trials, over {MOST_TRIALS:,}. Ask for fewer networks, "
            "wider blocks or fewer combinations, or divide it into several runs."
        )
    return made


def _made(experiment: Experiment, registry: Registry, cores: int | None) -> Plan:
    paired = tuple(pairs(registry, experiment.tasks, experiment.architectures))
    schedules = experiment.schedules or (default_schedule(task for task, _ in paired),)
    return Plan(
        experiment,
        paired,
        tuple(prunings(registry, experiment.pruners, experiment.interventions)),
        made := tuple(choices(registry, "schedule", schedules)),
        tuple(choices(registry, "metric", experiment.metrics)),
        experiment.block_width or _width(experiment.networks, paired, made, cores),
    )


def _width(
    networks: int,
    paired: Sequence[tuple[Choice, Choice]],
    schedules: Sequence[Choice],
    cores: int | None,
) -> int:
    """Return the default width of a block for the largest network of those that fit their task."""
    models = [shared_model(task.instance, own.instance) for task, own in paired]
    models = [model for model in models if not model.reason_not_to_fit]
    weights = max((model.size for model in models), default=1)
    if 2 * weights > FITTING:  # two networks a core in any case
        return block_width(networks, weights, cores=cores)
    rows = max((choice.instance.batch_size for choice in schedules), default=1)
    put_out = rows * max((model.put_out for model in models), default=1)
    return block_width(networks, weights, put_out, cores=cores)
