"""The interface of a study: a question, its experiments, their answer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from harness.tables.collection import RunTables
    from harness.tables.parts import Opening, Section


class AbstractStudy(ABC):
    """A question, the experiments that it takes, and what their runs answer."""

    name: ClassVar[str]
    question: ClassVar[str]
    """The title of its report."""
    pages_of_runs: ClassVar[bool] = True
    """Whether each of its runs gets a page of its own, too."""

    @abstractmethod
    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the fields of each experiment file, by the name of its run folder.

        Fields that a user gives (networks, schedules) replace these in every experiment.
        """

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening | None":
        """Return the first screen of the report; by default the question and the first finding."""
        return None

    @abstractmethod
    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the report on the runs of these experiments: first the answer, in plain words."""
