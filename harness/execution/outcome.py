"""What became of a run, as counts, failures and notes."""

import logging
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What became of a run: how many trials and measurements were done, found done, or failed.

    `untrained` are trials that were to be measured and have no trajectory; `notes` are what a
    person should know although nothing failed.
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
        """Whether all that was asked for had been there already."""
        return not (self.trained or self.measured or self.failures)

    def note(self, text: str) -> None:
        """Something to know, for the log too."""
        _log.warning(text)
        self.notes.append(text)
