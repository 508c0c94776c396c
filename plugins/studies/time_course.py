"""Is a profile's change smooth or abrupt, and when does it happen?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

DENSITY = 0.07
"""The density of would-be masks: 93 % pruned."""


@dataclass(frozen=True)
class TimeCourse(AbstractStudy):
    """Is the change of the motif profile smooth or abrupt, and when does it happen?

    Small networks on the moth under the published levels, pruned by magnitude and as
    the published code did, from a start like the published one and from Glorot's: motifs of the
    masks that are there, and of those that pruning to 93 % would give, at steps within levels. The
    published masks also with twice as many levels, on the same path with as many steps. Hypothesis,
    margin and rule are in reports/time-course/DESIGN.md, of before the run.

    **Parameters:**

    - `flights`: simulated for each data seed, of which 64 % are trained on
    - `data_seeds`: how many, each with one network, its own data and order of batches
    - `steps`: of training, half of them before the first pruning
    - `width`: nodes in each of three hidden layers; a fourth has 16
    """

    name: ClassVar[str] = "time-course"
    question: ClassVar[str] = (
        "Does pruning change the motif profile smoothly or abruptly, and when?"
    )
    flights: Annotated[int, Ge(1)] = 10_000
    data_seeds: Annotated[int, Ge(1)] = 12
    steps: Annotated[int, Ge(20)] = 12_000
    width: Annotated[int, Ge(1)] = 64

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the published levels with snapshots within them, and finer levels."""
        rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3, "early_weight_decay": 0.0}
        budget = {"density": DENSITY, "steps": self.steps, "dense_share": 0.5}
        path = {"name": "published-path", **budget, **rates}
        mlp = {"name": "mlp", "sizes": [*[self.width] * 3, 16]}
        at_levels: list[dict[str, Any]] = [
            {"name": "motifs", "supports": ["all", "degree-drawn", "unequal-degrees"],
             "control_densities": [0.1, DENSITY]},
            {"name": "sampled", "null": "degree", "densities": [0.1, DENSITY], "draws": 100},
        ]  # fmt: skip
        common = {
            "tasks": [{"name": "moth", "flights": self.flights}],
            "architectures": [{**mlp, "initial_scale": 0.5}, {**mlp, "initial": "glorot"}],
            "networks": 1,
            "data_seeds": list(range(1, self.data_seeds + 1)),
            "block_width": 1,
        }
        kept = {"name": "snapshots", "of": path, "number": 3, "spacing": "log"}
        return {
            "levels": {
                **common,
                "pruners": ["magnitude", "zahn2022"],
                "schedules": [kept],
                "metrics": [*at_levels, {"name": "would-be-motifs", "density": DENSITY}],
            },
            "finer": {
                **common,
                "pruners": ["zahn2022"],
                "schedules": [{"name": "finer", "of": path, "parts": 2}],
                "metrics": at_levels,
            },
        }

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the curves."""
        from . import _time_course_report

        return _time_course_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the curves, the jump of similarity and the rules kept."""
        from . import _time_course_report

        return _time_course_report.sections(runs)


@hookimpl
def register_studies() -> list[type[TimeCourse]]:
    """Offer the study to the harness."""
    return [TimeCourse]
