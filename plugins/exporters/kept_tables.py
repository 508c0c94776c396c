"""The tables of a run, small enough to commit: `harness rebuild` makes a study's page from them."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tomli_w
from annotated_types import Ge

from harness import AbstractExporter, Run, files, hookimpl
from harness.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

_EXACT = ("density", "z", "value")
"""Columns that stay in double precision: places are found by the first, statements made of the
others."""

_OF_TRAINING = ("levels", "timings", "memory", "training", "diagnostics")
"""The tables that no metric makes."""


@dataclass(frozen=True)
class KeptTables(AbstractExporter):
    """Write every table of a run thinned: no weights, no masks, columns of one value once.

    A study's page, written from these by `harness rebuild`, is checked by `harness study NAME
    --verify`. Only tables of finished trials are there.

    **Parameters:**

    - `layers`: whether rows about single layers are kept where there are rows about the network
    - `levels`: the levels whose measurements are kept; all if empty
    - `tables`: the names of the tables that are kept; all if empty
    - `networks`: how many networks of each trial are kept; all if 0
    """

    name: ClassVar[str] = "kept-tables"
    layers: bool = False
    levels: tuple[Annotated[int, Ge(0)], ...] = ()
    tables: tuple[str, ...] = ()
    networks: Annotated[int, Ge(0)] = 0

    def export(self, run: Run, folder: Path) -> None:
        """Write the tables as Parquet, constant columns as TOML, and where they come from."""
        import pandas as pd

        trials = run.trials()
        versions = list(trials["version"].dropna().unique()) if len(trials) else []
        constants = {"trials": {"version": int(versions[0])}} if len(versions) == 1 else {}
        for name in self._names(run):
            table = run.table(name)
            if self.networks and "network" in table:
                first = table.groupby("trial")["network"].transform("min")
                table = table[table["network"] < first + self.networks]
            whole = table["base_layer"] == -1 if "base_layer" in table else pd.Series(dtype=bool)
            if not self.layers and whole.any():
                table = table[whole]
            if self.levels and name not in _OF_TRAINING:
                table = table[table["level"].isin(self.levels)]
            same = _constant(table)
            constants |= {name: same} if same else {}
            files.write_table(folder / f"{name}.parquet", _thinned(table.drop(columns=list(same))))
        files.write(folder / "constants.toml", tomli_w.dumps(constants).encode())
        if (asked := run.path / "experiment.toml").is_file():
            shutil.copyfile(asked, folder / "experiment.toml")
        earlier = [_placeless(one) for one in run.provenance.get("earlier", [])]
        made = {**_placeless(run.provenance), "earlier": earlier}
        files.write_json(folder / "provenance.json", made)

    def _names(self, run: Run) -> list[str]:
        """Return the names of the tables to keep."""
        for name in self.tables:
            if name not in run.tables():
                raise unknown("table", name, run.tables())
        return list(self.tables or run.tables())


def _placeless(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out where on a machine a run was made: it is nobody's business, and repeats nothing."""
    command = re.sub(r" --out \S+", "", str(provenance.get("command", "")))
    command = re.sub(r"(?<!\S)(/|~/|[A-Za-z]:\\)\S*", "PATH", command)
    return {**provenance, "command": command}


def _constant(table: "pd.DataFrame") -> dict[str, Any]:
    """Return the columns that have one value, by name; `trial` names the rows and stays."""
    rest = [name for name in table if name != "trial" and table[name].notna().all()]
    found = {str(name): table[name].unique().tolist() for name in rest if len(table)}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _thinned(table: "pd.DataFrame") -> "pd.DataFrame":
    kinds: dict[Any, str] = dict.fromkeys(table.select_dtypes(["object", "str"]), "category")
    floats = [name for name in table.select_dtypes("float64") if name not in _EXACT]
    return table.astype(kinds | dict.fromkeys(floats, "float32"))


@hookimpl
def register_exporters() -> list[type[KeptTables]]:
    """Offer the exporter to the harness."""
    return [KeptTables]
