"""The interface of a study: a question, its experiments, their answer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from harness.tables.collection import RunTables
    from harness.tables.parts import Section


class AbstractStudy(ABC):
    """A question, the experiments that it takes, and what their runs answer."""

    name: ClassVar[str]
    question: ClassVar[str]
    """As the title of its report asks it."""

    @abstractmethod
    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """The experiments by the names of their run folders, with the fields of experiment files.

        What a user changes (networks, schedules) replaces these fields in every experiment.
        """

    @abstractmethod
    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """The report on the runs of these experiments: first the answer, in plain words."""
