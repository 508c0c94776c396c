"""The outcome of a run: counts, failures and notes."""

import logging
from dataclasses import dataclass, field

from harness.plugin.executor import TrialReport

_log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """The outcome of a run: how many trials and measurements were done, already done, or failed.

    `untrained` counts trials without a trajectory to measure; `notes` are warnings for people.
    """

    trained: int = 0
    already_trained: int = 0
    measured: int = 0
    already_measured: int = 0
    skipped: int = 0
    untrained: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def nothing_to_do(self) -> bool:
        """Whether all trials and measurements were there already."""
        return not (self.trained or self.measured or self.failures)

    def add(self, report: TrialReport) -> None:
        """Add what another process has done; each note once."""
        for name, number in report.counts.items():
            setattr(self, name, getattr(self, name) + number)
        self.failures += report.failures
        for text in report.notes:
            if text not in self.notes:
                self.note(text)

    def report(self) -> TrialReport:
        """Return the outcome as another process reports it."""
        counts = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return TrialReport(counts, tuple(self.failures), tuple(self.notes))

    def note(self, text: str) -> None:
        """Add a note, and log it."""
        _log.warning(text)
        self.notes.append(text)
