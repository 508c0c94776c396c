"""Does the motif profile depend on the schedule? Networks beside twins of other schedules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

DENSITY = 0.07
"""The density at which everything is compared: 93 % pruned, which is a level of `quick` too."""

SHARE = 0.4125
"""The share of the remaining weights that each of five prunings takes to get there."""

AMOUNTS = (0.1, 0.3, 0.6)
"""Of jitter."""

QUICK = 39_685
"""The steps of `quick` up to there."""


@dataclass(frozen=True)
class Schedules(AbstractStudy):
    """Does another schedule change a network's profile as much as another start does?

    Small networks on the moth, pruned by magnitude under `geometric`, and their twins: same start,
    data and batches under jittered and other schedules with as many steps; the same schedule with
    another order of batches; another start. From a start like the published one and from
    Glorot's. Hypothesis, margin and rule are in reports/schedules/DESIGN.md, of before the run.

    **Parameters:**

    - `flights`: simulated for each data seed, of which 64 % are trained on
    - `data_seeds`: how many, each with its own start, data, order of batches and jitter
    - `steps`: of training up to 93 % pruned, half of them before the first pruning
    - `width`: nodes in each of three hidden layers; a fourth has 16
    """

    name: ClassVar[str] = "schedules"
    question: ClassVar[str] = "Does the motif profile depend on the pruning schedule?"
    flights: Annotated[int, Ge(1)] = 10_000
    data_seeds: Annotated[int, Ge(1)] = 12
    steps: Annotated[int, Ge(20)] = 10_000
    width: Annotated[int, Ge(1)] = 64

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return two starts, another order of batches, other schedules, and jitter by data seed."""
        rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3, "early_weight_decay": 0.0}
        budget = {"density": DENSITY, "steps": self.steps, "dense_share": 0.5, **rates}
        geometric = {"name": "geometric", "share": SHARE, **budget}
        others = [
            {"name": "oneshot", **budget},
            {"name": "cubic", "rounds": 5, **budget},
            {"name": "quick", "effort": round(self.steps / QUICK, 6)},
        ]
        seeds = range(1, self.data_seeds + 1)
        jittered = {
            f"jitter-{seed:02d}": self._experiment(
                [{"name": "jittered", "of": geometric, "amount": amount, "seed": seed}
                 for amount in AMOUNTS],
                data_seeds=[seed],
            )
            for seed in seeds
        }  # fmt: skip
        return {
            "starts": self._experiment([geometric], data_seeds=list(seeds), networks=2),
            "batches": self._experiment([geometric], data_seeds=list(seeds), batch_seed=1),
            "others": self._experiment(others, data_seeds=list(seeds)),
            **jittered,
        }

    def _experiment(self, schedules: Sequence[Any], **fields: Any) -> dict[str, Any]:
        mlp = {"name": "mlp", "sizes": [*[self.width] * 3, 16]}
        return {
            "tasks": [{"name": "moth", "flights": self.flights}],
            "architectures": [{**mlp, "initial_scale": 0.5}, {**mlp, "initial": "glorot"}],
            "pruners": ["magnitude"],
            "schedules": list(schedules),
            "metrics": [
                {"name": "motifs", "supports": ["all", "degree-drawn", "unequal-degrees"],
                 "control_densities": [DENSITY]},
                {"name": "sampled", "null": "degree", "densities": [DENSITY], "draws": 100},
            ],
            "networks": 1,
            "block_width": 1,
            **fields,
        }  # fmt: skip

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of distances."""
        from . import _schedules_report

        return _schedules_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the distances, other outcomes and the rules kept."""
        from . import _schedules_report

        return _schedules_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Schedules]]:
    """Offer the study to the harness."""
    return [Schedules]
