"""An experiment: everything asked for, checked, and its product of cells."""

import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import settings
from harness.abstract import AbstractMetric, AbstractPruner, AbstractSchedule, AbstractTask
from harness.compiled import Precision
from harness.digest import source_digest
from harness.errors import UserError, unknown
from harness.files import fingerprint
from harness.parameters import Selection, changed, label, values
from harness.placement import use_all_cores, used
from harness.plugins import KINDS, PLURALS, Kind, Registry, selections

DEFAULT_NETWORKS = 8
DEFAULT_METRICS = ("performance", "motifs", "sampled")
DEFAULT_PRECISION: Precision = "float32"
RESULT_VERSION = 3
"""Part of every cell's key: raised whenever results change. From 3 on data seeds share no start."""
LATER: Mapping[str, Any] = {"precision": DEFAULT_PRECISION, "batch_seed": 0}
"""Fields of an experiment that came after the first runs, with what those runs had."""

Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Experiment(BaseModel):
    """What is asked for, as an experiment file holds it. Plugins are `name[field=value]` or tables.

    `networks` networks are trained for each combination of task, pruner, schedule and data seed,
    in blocks of `block_width`. The networks' own randomness follows from the seed and the data
    seed; the data seed sets the data and, with the batch seed, the order in which they are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    pruners: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    schedules: tuple[str | dict[str, Any], ...] = Field(default=("quick",), min_length=1)
    metrics: tuple[str | dict[str, Any], ...] = Field(default=DEFAULT_METRICS)
    networks: int = Field(default=DEFAULT_NETWORKS, ge=1, le=1_000_000)
    seed: Seed = 0
    data_seeds: tuple[Seed, ...] = Field(default=(0,), min_length=1)
    batch_seed: Seed = 0
    block_width: int | None = Field(default=None, ge=1)
    keep_weights: bool = True
    precision: Precision = DEFAULT_PRECISION


def checked(fields: Mapping[str, Any], *, source: str) -> Experiment:
    """An experiment from its fields. Raises `UserError` that names the field and `source`."""
    for name in fields:
        if name not in Experiment.model_fields:
            raise unknown("key", name, Experiment.model_fields, f"{source}: ")
    try:
        return Experiment.model_validate(dict(fields))
    except ValidationError as error:
        problems = dict.fromkeys(map(_problem, error.errors()))
        raise UserError(f"{source}: " + "; ".join(problems) + ".") from None


def _problem(found: Any) -> str:
    """What is wrong with a field, and where."""
    field, *inner = found["loc"]
    if found["type"] == "missing":
        return f"{field}: missing"
    place = ".".join(str(part) for part in (field, *inner[:1]))
    if len(inner) > 1:  # what it would have to be, twice: as a text and as a table
        return f"{place} = {found['input']!r}: should be a plugin's name or a table with its name"
    return f"{place} = {found['input']!r}: {found['msg']}"


def read(path: Path) -> Experiment:
    """The experiment of a TOML file. Raises `UserError`."""
    try:
        fields = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"cannot read experiment '{path}': {error}") from None
    return checked(fields, source=f"'{path}'")


def block_width(networks: int) -> int:
    """The default width of a block, by the device.

    Two networks fit into the caches of a core (measured: benchmarks/RESULTS.md), so that a block
    has up to two for each: as many as train `networks` soonest, and the wider of two such. An
    accelerator takes them all, as equally many on each if there are several; what does not fit into
    its memory is halved when that turns out.
    """
    import jax

    devices = jax.local_device_count()
    if jax.default_backend() != "cpu":
        return math.ceil(networks / devices) * devices

    def rounds(width: int) -> int:
        return math.ceil(networks / width) * (width // used(width, devices))

    return min(range(1, min(2 * devices, networks) + 1), key=lambda width: (rounds(width), -width))


@dataclass(frozen=True)
class Choice:
    """One plugin with its parameters, made: as the experiment uses it."""

    kind: Kind
    name: str
    owner: str
    instance: Any
    source: str
    follows: "Choice | None" = None
    """The pruner whose masks this one is given, where it follows one."""

    @property
    def chain(self) -> "tuple[Choice, ...]":
        """What it follows, what that follows, and so on, the first first; then itself."""
        return (*(self.follows.chain if self.follows else ()), self)

    @cached_property
    def label(self) -> str:
        """Its name, with the parameters that differ from their defaults."""
        return label(self.name, changed(self.instance))

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides what it does: name, every parameter, source."""
        return {"name": self.name, "parameters": values(self.instance), "source": self.source}

    def table(self) -> dict[str, Any]:
        """As an experiment file holds it, complete."""
        given = {name: value for name, value in values(self.instance).items() if value is not None}
        return {"name": f"{self.owner}:{self.name}", **given}  # TOML has no null


@dataclass(frozen=True)
class Cell:
    """One (task, pruner, schedule, seed block): what is trained in one go."""

    task: Choice
    pruner: Choice
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
            "pruner": self.pruner.identity,
            "schedule": self.schedule.identity,
            "seed": self.seed,
            "data_seed": self.data_seed,
            "first": self.first,
            "width": self.width,
            "keep_weights": self.keep_weights,
            **_chosen(precision=self.precision, batch_seed=self.batch_seed),
            **({"settings": unusual} if (unusual := settings.determining()) else {}),
        }

    @cached_property
    def key(self) -> str:
        """The name of its folder: a hash of what determines its result."""
        return self.trained_as or fingerprint(self.identity)

    def known_as(self, key: str) -> "Cell":
        """The same cell as a run folder has it, whatever its plugins are by now."""
        return replace(self, trained_as=key)

    @property
    def changed(self) -> bool:
        """Whether a run folder has it by a key that it would not be given today."""
        return self.trained_as not in (None, fingerprint(self.identity))

    @property
    def followed(self) -> "Cell | None":
        """The cell of the same networks whose masks this one is given, where it follows one."""
        follows = self.pruner.follows
        return replace(self, pruner=follows, trained_as=None) if follows else None

    @property
    def halves(self) -> "tuple[Cell, ...]":
        """The same networks in two blocks, or nothing where there is but one network."""
        half = -(-self.width // 2)
        rest = self.width - half
        first = replace(self, width=half, trained_as=None)
        second = replace(self, first=self.first + half, width=rest, trained_as=None)
        return (first, second) if rest else ()

    @property
    def condition(self) -> dict[str, Any]:
        """The columns that say in every table what it was."""
        return {
            "cell": self.key,
            "task": self.task.label,
            "pruner": self.pruner.label,
            "schedule": self.schedule.label,
            "data_seed": self.data_seed,
        }

    @property
    def reason_to_skip(self) -> str | None:
        """Why this combination makes no sense, or None if it does."""
        task: AbstractTask = self.task.instance
        pruner: AbstractPruner = self.pruner.instance
        if self.followed and self.followed.reason_to_skip:
            return f"what it follows is skipped: {self.followed.reason_to_skip}"
        lacking = pruner.needs - task.offers
        if lacking:
            return (
                f"pruner '{pruner.name}' needs {', '.join(sorted(lacking))} of task '{task.name}'"
            )
        first: int = self.schedule.instance.levels()[0].steps
        if pruner.rewind_step + pruner.retrains > first:
            return (
                f"pruner '{pruner.name}' rewinds to step {pruner.rewind_step}, but the first level "
                f"of schedule '{self.schedule.name}' has {first}"
            )
        if pruner.when == "during" and pruner.every < 1:
            return f"pruner '{pruner.name}' acts during training, but its `every` is not positive"
        return None


@dataclass(frozen=True)
class Plan:
    """An experiment with its plugins made: the cells to train, and the metrics to take of them."""

    experiment: Experiment
    tasks: tuple[Choice, ...]
    pruners: tuple[Choice, ...]
    schedules: tuple[Choice, ...]
    metrics: tuple[Choice, ...]
    width: int
    keys: tuple[str, ...] = ()
    """The keys that its cells have in a run folder, where it was trained there before."""

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The product of everything asked for, in blocks of networks."""
        if self.keys:
            return tuple(map(Cell.known_as, self._asked_for, self.keys))
        return self._asked_for

    @property
    def _asked_for(self) -> tuple[Cell, ...]:
        return tuple(
            Cell(
                task, pruner, schedule, self.experiment.seed, data_seed, first, self.width,
                self.experiment.keep_weights, self.experiment.precision, self.experiment.batch_seed,
            )
            for task, schedule, pruner, data_seed, first in itertools.product(
                self.tasks,
                self.schedules,
                self.pruners,
                dict.fromkeys(self.experiment.data_seeds),
                range(0, self.experiment.networks, self.width),
            )
        )  # fmt: skip

    def trained_as(self, keys: Sequence[str]) -> "Plan":
        """The same plan with its cells under the keys that a run folder has them by."""
        return replace(self, keys=tuple(keys))

    def resolved(self) -> dict[str, Any]:
        """The experiment, complete: every parameter and the block width written out."""
        return {
            **self.experiment.model_dump(mode="json", exclude_none=True),
            "tasks": [choice.table() for choice in self.tasks],
            "pruners": [choice.table() for choice in self.pruners],
            "schedules": [choice.table() for choice in self.schedules],
            "metrics": [choice.table() for choice in self.metrics],
            "block_width": self.width,
        }

    @property
    def name(self) -> str:
        """The default name of its folder: readable, and unlike that of any other experiment."""
        resolved = self.resolved()
        free = ("networks", "metrics", "block_width", *LATER)
        fixed = {name: value for name, value in resolved.items() if name not in free}
        fixed |= _chosen(**{name: resolved[name] for name in LATER}) | {"version": RESULT_VERSION}
        parts = [
            "+".join(dict.fromkeys(choice.name for choice in choices))
            for choices in (self.tasks, self.pruners, self.schedules)
        ]
        return f"{'-'.join(parts)[:80]}-{fingerprint(fixed)[:8]}"


def plan(experiment: Experiment, registry: Registry, *, source: str = "") -> Plan:
    """The plan of an experiment. Raises `UserError` where a plugin or parameter is wrong.

    `source` is the file that the experiment is from, for that error. From here on all cores of a
    processor are devices, where JAX is not at work yet: the width of blocks depends on them.
    """
    use_all_cores()
    try:
        return _plan(experiment, registry)
    except UserError as error:
        raise UserError(f"{source}: {error}" if source else str(error)) from None


def _plan(experiment: Experiment, registry: Registry) -> Plan:
    made = {
        kind: tuple(_choices(registry, kind, getattr(experiment, PLURALS[kind])))
        for kind in KINDS
        if kind != "study"
    }
    width = experiment.block_width or block_width(experiment.networks)
    return Plan(experiment, made["task"], made["pruner"], made["schedule"], made["metric"], width)


def _choices(
    registry: Registry, kind: Kind, asked: Sequence[str | Mapping[str, Any]]
) -> Iterable[Choice]:
    seen: set[str] = set()
    for place, selection in _placed(kind, asked):
        try:
            choice = _choice(registry, kind, registry.make(kind, selection))
        except UserError as error:
            raise UserError(f"{place}{error}") from None
        # What a pruner follows comes first, asked for or not.
        for one in choice.chain:
            identity = fingerprint({**one.identity, "owner": one.owner})
            if identity not in seen:
                seen.add(identity)
                yield one


def _choice(registry: Registry, kind: Kind, instance: Any) -> Choice:
    plugin = registry.plugin_of(instance)
    follows = getattr(instance, "follows", None)
    return Choice(
        kind,
        plugin.name,
        plugin.owner,
        instance,
        source_digest(instance),
        _choice(registry, kind, follows) if follows is not None else None,
    )


def _placed(
    kind: Kind, asked: Sequence[str | Mapping[str, Any]]
) -> Iterable[tuple[str, Selection]]:
    """Each selection with its place in the experiment, where that is a table."""
    for number, entry in enumerate(asked):
        place = "" if isinstance(entry, str) else f"{kind}s.{number}: "
        for selection in selections(kind, entry):
            yield place, selection


def _chosen(**fields: Any) -> dict[str, Any]:
    """Those of these fields that are not as in runs from before there was a choice."""
    return {name: value for name, value in fields.items() if value != LATER[name]}


def levels_of(schedule: AbstractSchedule, pruner: AbstractPruner) -> list[int]:
    """Training steps of each level: its own, all up to it, or what the first had left (rewound)."""
    steps = [level.steps for level in schedule.levels()]
    if pruner.retrains:
        return [steps[0], *(steps[0] - pruner.rewind_step for _ in steps[1:])]
    return list(itertools.accumulate(steps)) if pruner.from_start else steps


def metric_identity(choice: Choice) -> dict[str, Any]:
    """What a measurement is: the metric with its parameters and source."""
    metric: AbstractMetric = choice.instance
    return {**choice.identity, "needs": sorted(metric.needs)}


def metric_key(choice: Choice) -> str:
    """The name of a measurement within its cell."""
    return f"{choice.name}-{fingerprint(metric_identity(choice))}"


def without_networks(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a resolved experiment that a run folder keeps for good."""
    free = {"networks", "metrics"}
    kept = {name: value for name, value in resolved.items() if name not in free}
    return {**LATER, **kept}
