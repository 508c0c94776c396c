"""The answer that a report opens with, kept as `report/answer.json` beside its page.

The terminal and `Run._repr_html_` repeat it without making the report again.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from harness import files
from harness.results import pooled

FILE = "answer.json"


class Answer(BaseModel):
    """A page's title, its verdict in one sentence, and its findings: each a claim and a detail.

    `inputs` is the state that a run's own report was made from (`inputs_of`), else empty.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    verdict: str
    findings: Sequence[tuple[str, str]] = ()
    inputs: str = ""

    def write(self, page: Path) -> None:
        """Write the answer beside its page."""
        files.write_json(page.parent / FILE, self.model_dump())


def read(page: Path) -> Answer | None:
    """Return the answer of a page; None if the page or its answer is missing or damaged."""
    try:
        return Answer.model_validate(files.read_json(page.parent / FILE)) if page.exists() else None
    except (files.DamagedFileError, ValidationError):
        return None


def page_of(run: Path) -> Path:
    """Return the path of a run's own report."""
    return run / "report" / "index.html"


def inputs_of(run: Path, code: Iterable[Path], metrics: Sequence[str]) -> str:
    """Return a hash of what a run's report depends on.

    It covers the index, the `metrics` shown, each trial's record and tables, and the files of
    `code`, these by size and time.
    """
    trials = sorted(path for name in ("trials", "cells") for path in (run / name).glob("*"))
    source = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(code)]
    index = files.read_json(run / "run.json")
    return files.fingerprint([index, metrics, [pooled.stamp(one) for one in trials], source])
