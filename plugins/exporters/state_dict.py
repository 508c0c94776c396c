"""Masks and weights as PyTorch state dicts."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness import AbstractExporter, Run, hookimpl
from harness.tables import spreadsheets

from ._state_dicts import Levels, write


@dataclass(frozen=True)
class StateDict(AbstractExporter):
    """Write each network as a safetensors file that `load_state_dict` takes, with its masks beside.

    Names end in `.weight`, axes are out x in. `networks.csv` says which file is which.
    `harness.network_files.read` and `harness import` read the files back.

    **Parameters:**

    - `levels`: "all" of them, or the "last" of each trial
    """

    name: ClassVar[str] = "state-dict"
    levels: Levels = "all"

    def export(self, run: Run, folder: Path) -> None:
        """Write the networks and their list."""
        table = write(run, folder, self.levels)
        (folder / "networks.csv").write_text(spreadsheets.csv(table), "utf-8")


@hookimpl
def register_exporters() -> list[type[StateDict]]:
    """Offer the exporter to the harness."""
    return [StateDict]
