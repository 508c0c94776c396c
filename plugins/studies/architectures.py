"""Architectures, and views of each, compared by the motifs that pruning changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

VIEWS = {
    "mlp[sizes=[32, 16]]": {"layers": "sampled"},
    "residual": {"digraph": "digraph-motifs"},
    "cnn": {"channels": "sampled", "units": "sampled"},
    "rnn": {"recurrent": "digraph-motifs", "unrolled": "digraph-motifs"},
}
"""The metric of each view of each architecture; the first view is the one that is compared."""

FIRST_DATA_SEED = 2
"""Data seeds 0 and 1 were the pilot's."""


@dataclass(frozen=True)
class Architectures(AbstractStudy):
    """Do the motif changes that pruning makes depend on the architecture, and on its view?

    Digits on four architectures, pruned by magnitude and, as control, at random; all views of each
    under null `masks`. The design is reports/architectures/DESIGN.md.

    **Parameters:**

    - `data_seeds`: replicates, each with its own split of the data, weights and order of batches
    - `density`: share of weights kept
    - `steps`: of training, in all
    - `draws`: of the null for each network
    """

    name: ClassVar[str] = "architectures"
    question: ClassVar[str] = (
        "Do the motif changes that pruning makes depend on the architecture, and on its view?"
    )
    data_seeds: Annotated[int, Ge(1)] = 12
    density: Annotated[float, Gt(0), Le(1)] = 0.1
    steps: Annotated[int, Ge(3)] = 3000
    draws: Annotated[int, Ge(2)] = 50

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return one experiment for each architecture, called by its name."""
        schedule = {"name": "geometric", "density": self.density, "steps": self.steps, "share": 0.4}
        measured = {"null": "masks", "draws": self.draws, "densities": [self.density]}
        return {
            name.partition("[")[0]: {
                "tasks": ["digits"],
                "architectures": [name],
                "pruners": ["magnitude", "random"],
                "schedules": [schedule],
                "networks": 1,
                "data_seeds": list(range(FIRST_DATA_SEED, FIRST_DATA_SEED + self.data_seeds)),
                "metrics": [
                    {"name": metric, "view": view, **measured} for view, metric in views.items()
                ],
            }
            for name, views in VIEWS.items()
        }

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer, three findings, and the classes of the first views."""
        from . import _architectures_report

        return _architectures_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the classes that change, and the views compared."""
        from . import _architectures_report

        return _architectures_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Architectures]]:
    """Offer the study to the harness."""
    return [Architectures]
