"""The records `run.json` and `trial.json`, each checked when it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from harness import files
from harness.errors import UserError

FORMAT: Final = 3
"""The format of run folders written now.

2 added the table `memory`, environments and split blocks. 3 says trial where 1 and 2 say cell.
"""

Format = Literal[1, 2, 3]
READABLE = get_args(Format)

OLD_COLUMNS: Final = {"cell": "trial"}
"""Columns of tables in formats 1 and 2, with their names of today."""

TrialKey = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
FileName = Annotated[str, Field(pattern=r"^[\w.+-]+$")]
"""Without a slash: a record cannot point out of its folder."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Entry(_Record):
    """A trial as the index holds it: its condition, its networks, and why it is skipped if it is.

    `when` says at which moments its pruner acts; None in folders written before that was recorded.
    """

    trial: TrialKey = Field(validation_alias=AliasChoices("trial", "cell"))
    task: str
    architecture: str = ""
    pruner: str
    schedule: str
    data_seed: int
    first_network: Annotated[int, Field(ge=0)]
    networks: Annotated[int, Field(ge=1)]
    skipped: str | None = None
    when: str | None = None

    def is_split_into(self, halves: "Sequence[Entry]") -> bool:
        """Return whether two trials hold the networks of this one, under its condition."""
        free = {"trial", "first_network", "networks", "skipped", "when"}
        own = self.model_dump(exclude=free)
        alike = all(half.model_dump(exclude=free) == own for half in halves)
        first, second = halves
        return (
            alike
            and first.first_network == self.first_network
            and second.first_network == first.first_network + first.networks
            and first.networks + second.networks == self.networks
            and 0 <= first.networks - second.networks <= 1
            and len({self.trial, first.trial, second.trial}) == 3
        )


class MetricEntry(_Record):
    """A metric as the index holds it; `key` is its name within a trial."""

    name: str
    label: str
    key: FileName


class Index(_Record):
    """What `run.json` says: the experiment, its trials and metrics, the meaning of all columns.

    `result_version` is that of the harness that trained its trials; None where it was under 3.
    """

    format: Format = FORMAT
    result_version: int | None = None
    experiment: dict[str, Any]
    trials: tuple[Entry, ...] = Field(validation_alias=AliasChoices("trials", "cells"))
    metrics: tuple[MetricEntry, ...]
    columns: dict[str, dict[str, str]]

    @field_validator("columns")
    @classmethod
    def _renamed(cls, columns: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return {
            table: {OLD_COLUMNS.get(name, name): meaning for name, meaning in meanings.items()}
            for table, meanings in columns.items()
        }

    @field_validator("experiment")
    @classmethod
    def _counted(cls, experiment: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(experiment.get("networks"), int):
            raise ValueError("it does not give the number of networks")
        return experiment


class Measured(_Record):
    """The outcome of a measurement: its table with its checksum, or why there is none."""

    status: Literal["done", "failed", "skipped"]
    file: FileName | Literal[""] = ""
    checksum: str = ""
    seconds: float = 0.0
    error: str = ""
    traceback: str = ""


class TrialState(_Record):
    """The outcome of a trial, as `trial.json` in its folder records it.

    `files` are checksums by name; `environment` is what it was made with; `batch_size` the rows of
    a training step, 0 in folders written before that was recorded. A trial that did not fit
    into memory is `split`: trained as the two trials `into`, each of half its width.
    """

    format: Format = FORMAT
    status: Literal["done", "failed", "split"]
    identity: dict[str, Any] = {}
    environment: str = ""
    batch_size: int = 0
    files: dict[FileName, str] = {}
    metrics: dict[FileName, Measured] = {}
    notes: dict[str, Any] = {}
    cautions: tuple[str, ...] = ()
    into: tuple[Entry, ...] = ()
    error: str = ""
    traceback: str = ""

    @model_validator(mode="after")
    def _in_two(self) -> "TrialState":
        if self.status == "split" and len(self.into) != 2:
            raise ValueError("a trial is split into two")
        return self


def trial_folder(run: Path, key: str) -> Path:
    """Return the folder of a trial's files; a trial of format 1 or 2 stays in its old place."""
    old = run / "cells" / key
    return old if old.is_dir() else run / "trials" / key


@dataclass(frozen=True)
class TrialRecord:
    """The file that records the outcome of a trial."""

    folder: Path

    @property
    def path(self) -> Path:
        """The path of the file; in a folder of format 1 or 2 the old one."""
        old = self.folder / "cell.json"
        return old if old.is_file() else self.folder / "trial.json"

    def read(self) -> TrialState | None:
        """Return the recorded state, or None where none can be read."""
        try:
            return TrialState.model_validate(files.read_json(self.path))
        except (files.DamagedFileError, ValidationError):
            return None

    def is_finished(self) -> bool:
        """Return whether the trial is recorded as trained, whole or in halves."""
        state = self.read()
        return state is not None and state.status != "failed"

    def write(self, state: TrialState) -> None:
        """Replace the recorded state."""
        files.write_json(self.path, state.model_dump(mode="json", exclude_defaults=True) | _NOW)

    def damaged(self, checksums: Mapping[str, str]) -> list[str]:
        """Return which of these files of the trial are missing or damaged."""
        return [
            name
            for name, checksum in checksums.items()
            if not files.intact(self.folder / name, checksum)
        ]


_NOW = {"format": FORMAT}


def read_index(folder: Path) -> Index:
    """Read `run.json` in a run folder.

    Raises `UserError` where the folder is no run folder, or one of another format.
    """
    try:
        found = files.read_json(folder / "run.json")
        written = found.get("format") if isinstance(found, dict) else None
        if written not in READABLE:
            readable = " and ".join(map(str, READABLE))
            raise UserError(
                f"'{folder}' is not a run folder that can be read: it has run format {written}; "
                f"this harness reads {readable}."
            )
        return Index.model_validate(found)
    except files.DamagedFileError as error:
        raise UserError(f"'{folder}' is not a run folder that can be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise UserError(
            f"'{folder}' is not a run folder that can be read: in run.json, {place}: {first['msg']}"
        ) from None


def write_index(folder: Path, index: Index) -> None:
    """Replace `run.json`."""
    files.write_json(folder / "run.json", index.model_dump(mode="json") | _NOW)
