"""An experiment: everything that is asked for, checked."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import files
from harness.errors import UserError, unknown
from harness.machine.compilation import Precision

DEFAULT_NETWORKS = 8
DEFAULT_METRICS = ("performance", "motifs", "sampled")
DEFAULT_PRECISION: Precision = "float32"


LATER: Mapping[str, Any] = {
    "precision": DEFAULT_PRECISION,
    "batch_seed": 0,
    "architectures": [],
    "interventions": [],
}
"""Fields that experiments got after the first runs, with the values of those runs."""

Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Experiment(BaseModel):
    """An experiment as its file holds it. Plugins are `name[field=value]` or tables.

    `networks` networks are trained for each combination of task, architecture, pruner,
    schedule and data seed, in blocks of `block_width`. The seed and the data seed set the
    networks' own randomness; the data seed and the batch seed set the data and their order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    architectures: tuple[str | dict[str, Any], ...] = ()
    pruners: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    interventions: tuple[str | dict[str, Any], ...] = ()
    schedules: tuple[str | dict[str, Any], ...] = ()
    metrics: tuple[str | dict[str, Any], ...] = Field(default=DEFAULT_METRICS)
    networks: int = Field(default=DEFAULT_NETWORKS, ge=1, le=1_000_000)
    seed: Seed = 0
    data_seeds: tuple[Seed, ...] = Field(default=(0,), min_length=1)
    batch_seed: Seed = 0
    block_width: int | None = Field(default=None, ge=1)
    keep_weights: bool = True
    precision: Precision = DEFAULT_PRECISION


def checked(fields: Mapping[str, Any], *, source: str) -> Experiment:
    """Return an experiment from its fields. Raises `UserError` with the field and `source`."""
    for name in fields:
        if name not in Experiment.model_fields:
            raise unknown("key", name, Experiment.model_fields, f"{source}: ")
    try:
        return Experiment.model_validate(dict(fields))
    except ValidationError as error:
        problems = dict.fromkeys(map(_problem, error.errors()))
        raise UserError(f"{source}: " + "; ".join(problems) + ".") from None


def _problem(found: Any) -> str:
    """Return what is wrong with a field, and where."""
    field, *inner = found["loc"]
    if found["type"] == "missing":
        return f"{field}: missing"
    place = ".".join(str(part) for part in (field, *inner[:1]))
    if len(inner) > 1:  # pydantic reports it twice: as a text and as a table
        return f"{place} = {found['input']!r}: should be a plugin's name or a table with its name"
    return f"{place} = {found['input']!r}: {found['msg']}"


def read(path: Path) -> Experiment:
    """Read the experiment of a TOML file. Raises `UserError`."""
    try:
        fields = files.read_toml(Path(os.path.realpath(path)))
    except files.DamagedFileError as error:
        raise UserError(f"experiment {error}") from None
    return checked(fields, source=f"'{path}'")


def chosen_later(**fields: Any) -> dict[str, Any]:
    """Return those of these fields that differ from runs made before the fields existed."""
    return {name: value for name, value in fields.items() if value != LATER[name]}


def without_networks(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a resolved experiment that a run folder keeps for good."""
    free = {"networks", "metrics"}
    kept = {name: value for name, value in resolved.items() if name not in free}
    return {**LATER, **kept}
