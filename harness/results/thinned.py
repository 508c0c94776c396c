"""Reads tables that were kept of a run without its folder, thinned for their size.

A folder of such tables has `experiment.toml`, `provenance.json` and Parquet files: `levels` and any
others. Columns that have one value or follow from others may be missing; they are put back where a
reader needs them, the former from `constants.toml`, a table of columns for each table. There are no
masks and no weights.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import files
from harness.errors import UserError
from harness.motifs import classes
from harness.results.records import OLD_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_ORDERS = (2, 3)
_PLACE = ["pruner", "schedule", "data_seed"]
_WITHIN = ("network", "level", "density")
"""The columns that name a row of one trial; a table with none of them is about trials."""


ConstantLoss = Callable[[Mapping[str, Any], int], float]


class ThinnedRun:
    """The tables of one run.

    `constant_loss` gives that of a task, as an experiment names it, and a data seed, for levels
    without it.
    """

    def __init__(self, path: Path, constant_loss: ConstantLoss | None = None) -> None:
        self.path = path
        self._constant_loss = constant_loss
        try:
            self.experiment: dict[str, Any] = files.read_toml(path / "experiment.toml")
            self.provenance: dict[str, Any] = dict(files.read_json(path / "provenance.json"))
        except (ValueError, TypeError, files.DamagedFileError) as error:
            raise UserError(
                f"'{path}' holds no tables that were kept of a run: {error}. It needs "
                "experiment.toml, provenance.json and levels.parquet."
            ) from None

    @property
    def notes(self) -> dict[str, Any]:
        """Empty: notes are not kept."""
        return {}

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        return sorted(path.stem for path in self.path.glob("*.parquet"))

    def table(self, name: str) -> "pd.DataFrame":
        """Return a table, with columns left out restored. Raises `UserError` if it is missing."""
        if name == "levels":
            return self._levels
        table = self._read(name)
        if name == "timings":
            # Blocks can no longer be distinguished: a condition's seconds are those of its first.
            first = self._levels.drop_duplicates(_PLACE)[[*_PLACE, "task", "trial"]]
            return self._joined(table, first)
        places = ["trial", "task", *(one for one in _WITHIN if {*_WITHIN} & {*table})]
        once = self._levels[[*_PLACE, *places]].drop_duplicates()
        table = self._joined(table, once)
        return _with_moments(table) if {"motif", "count", "expected", "z"} <= set(table) else table

    def trials(self) -> "pd.DataFrame":
        """Return one row a trial, all done, with the version in `constants.toml` if it is there."""
        groups = self._levels.groupby(["trial", "task", *_PLACE], sort=False)["network"]
        trials = groups.agg(first_network="min", networks="nunique").reset_index()
        version = self._constants.get("trials", {}).get("version")
        outcome = {"status": "done", "reason": "", "made_with": "", "when": "", "version": version}
        return trials.assign(**outcome)

    def measurements(self) -> "pd.DataFrame":
        """Return one row a metric and trial, all of them done."""
        import pandas as pd

        kept = [name for name in self.tables() if name not in ("levels", "timings", "memory")]
        rows = [(trial, name, "done", "") for trial in self.trials()["trial"] for name in kept]
        return pd.DataFrame(rows, columns=["trial", "metric", "status", "reason"])

    def masks(self, trial: str, level: int) -> dict[str, np.ndarray]:
        """Raises `UserError`: no masks are kept."""
        raise UserError(
            f"no masks are kept of trial {trial}, level {level}: '{self.path}' has only tables."
        )

    @cached_property
    def _levels(self) -> "pd.DataFrame":
        table = self._read("levels")
        if "task" not in table:
            table["task"] = _named(self.experiment["tasks"])
        if "schedule" not in table:
            table["schedule"] = _named(self.experiment["schedules"])
        if "trial" not in table:
            table["trial"] = [f"{self.path.name}-{n}" for n in table.groupby(_PLACE).ngroup()]
        if "constant_loss" not in table and self._constant_loss is not None:
            (task,) = self.experiment["tasks"]
            seeds = table["data_seed"].unique()
            known = {seed: self._constant_loss(task, int(seed)) for seed in seeds}
            table["constant_loss"] = table["data_seed"].map(known)
        return table

    def _read(self, name: str) -> "pd.DataFrame":
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise UserError(f"'{self.path}' has no table '{name}'. It has {self.tables()}.")
        table = files.read_table(path).rename(columns=OLD_COLUMNS)
        plain = dict.fromkeys(table.select_dtypes("category"), object)
        plain |= dict.fromkeys(table.select_dtypes("float32"), float)
        table = table.astype(plain)
        if "density" in table:
            # Kept in single precision; densities have six decimals at most.
            table["density"] = table["density"].round(6)
        missing = {k: v for k, v in self._constants.get(name, {}).items() if k not in table}
        return table.assign(**missing)

    @cached_property
    def _constants(self) -> dict[str, Any]:
        """The columns by table that were left out because they have one value, with that value."""
        path = self.path / "constants.toml"
        return files.read_toml(path) if path.is_file() else {}

    def _joined(self, table: "pd.DataFrame", places: "pd.DataFrame") -> "pd.DataFrame":
        """Return the table with the columns of `places` that it lacks, by those that both have."""
        shared = [column for column in places if column in table]
        if len(shared) == places.shape[1]:
            return table
        return table.merge(places, how="left", on=shared, validate="many_to_one")


def _named(asked: Any) -> str:
    """Return the name of the one plugin that an experiment has of a kind, without its owner."""
    return str(asked[0]["name"]).rpartition(":")[2]


def _with_moments(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return motif counts with what follows from count, expectation and z; no p."""
    order = {motif.name: number for number in _ORDERS for motif in classes(number)}
    count, expected = table["count"].astype(float), table["expected"].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, sd = np.log2(count / expected), (count - expected) / table["z"].astype(float)
    found = {"log2_ratio": ratio, "sd": sd, "p_normal": np.nan, "q_normal": np.nan}
    missing: dict[str, Any] = {"order": table["motif"].map(order), **found}
    return table.assign(**{name: v for name, v in missing.items() if name not in table})
