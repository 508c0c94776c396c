"""The report of the study `pruners`."""

from collections.abc import Mapping

from harness import Run
from harness.report import Section


def sections(runs: Mapping[str, Run]) -> list[Section]:
    """The sections in order."""
    return []
