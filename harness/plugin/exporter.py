"""The interface of an exporter: it writes a run into a folder in the words of another tool."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from harness.results.run_folder import Run


class AbstractExporter(ABC):
    """Writes what a run holds in another format, for people without the harness."""

    name: ClassVar[str]

    @abstractmethod
    def export(self, run: Run, folder: Path) -> None:
        """Write into an empty folder. The run is read, never changed."""
