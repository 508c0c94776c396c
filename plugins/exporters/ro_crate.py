"""A run as a research object (RO-Crate 1.1): its files, and a description that machines read."""

import json
import mimetypes
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from harness import AbstractExporter, Run, hookimpl

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_OF_WORK = ("dense", "pooled")
"""Folders that only the work on a run needs."""


@dataclass(frozen=True)
class RoCrate(AbstractExporter):
    """Write a run's files with `ro-crate-metadata.json`, for Zenodo and other archives.

    Name a ZIP file to get a packed crate: `--out run.zip`. The run inside can be opened and
    reported again. https://www.researchobject.org/ro-crate/specification/1.1/

    **Parameters:**

    - `license`: of the data, best as an address, such as https://spdx.org/licenses/CC-BY-4.0
    - `author`: who made the run
    """

    name: ClassVar[str] = "ro-crate"
    license: str = "not stated"
    author: str = ""

    def export(self, run: Run, folder: Path) -> None:
        """Copy the files, then write the description."""
        parts = list(_copied(run.path, folder))
        graph = [self._descriptor(), self._root(run, parts), *self._context(run), *parts]
        described = {"@context": f"{_SPECIFICATION}/context", "@graph": graph}
        text = json.dumps(described, indent=2)
        (folder / "ro-crate-metadata.json").write_text(text, "utf-8")

    def _descriptor(self) -> dict[str, Any]:
        return {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": _SPECIFICATION},
            "about": {"@id": "./"},
        }

    def _root(self, run: Run, parts: list[dict[str, Any]]) -> dict[str, Any]:
        linked = self.license.startswith("https://")
        return {
            "@id": "./",
            "@type": "Dataset",
            "name": run.path.resolve().name,
            "description": "Networks that were pruned and measured with motif-harness: its tables, "
            "masks and weights, and what made them.",
            "datePublished": datetime.now(UTC).date().isoformat(),
            "license": {"@id": self.license} if linked else self.license,
            **({"author": {"@id": "#author"}} if self.author else {}),
            "hasPart": [{"@id": part["@id"]} for part in parts],
            "mentions": {"@id": "#run"},
        }

    def _context(self, run: Run) -> Iterator[dict[str, Any]]:
        """Yield the author, the program, and the command as an action that made the files."""
        known = run.provenance
        if self.author:
            yield {"@id": "#author", "@type": "Person", "name": self.author}
        yield {
            "@id": "#harness",
            "@type": "SoftwareApplication",
            "name": "motif-harness",
            "version": str(known.get("commit") or "not recorded"),
            "softwareRequirements": json.dumps(known.get("versions", {})),
        }
        yield {
            "@id": "#run",
            "@type": "CreateAction",
            "name": str(known.get("command", "not recorded")),
            "endTime": str(known.get("time", "")),
            "instrument": {"@id": "#harness"},
            "result": {"@id": "./"},
        }


def _copied(source: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Copy the regular files of a run, and yield the description of each."""
    for path in sorted(source.rglob("*")):
        place = path.relative_to(source)
        hidden = any(part.startswith(".") for part in place.parts)
        left_out = hidden or place.parts[0] in _OF_WORK or path.name == "checkpoint.safetensors"
        if left_out or path.is_symlink() or not path.is_file():
            continue
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / place)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        yield {
            "@id": quote(place.as_posix()),
            "@type": "File",
            "name": path.name,
            "contentSize": str(path.stat().st_size),
            "encodingFormat": kind,
        }


@hookimpl
def register_exporters() -> list[type[RoCrate]]:
    """Offer the exporter to the harness."""
    return [RoCrate]
