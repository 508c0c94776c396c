"""Pruners compared under one protocol, and what the literature expects of them put to the test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

from ._pruners_expectations import CHOSEN, SPARSE

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

DENSITIES = (0.6, 0.36, 0.216, 0.1296, 0.07776, 0.046656, 0.027994, 0.02)
"""Those of the schedule `geometric` with 40 % of the weights going at each level."""

REWIND_STEP = 1000
"""The step that `lottery` goes back to: after the schedule's early weight decay, which ends at a
third of the dense level and brings the initial weights out of saturation."""

PRUNERS: tuple[str | Mapping[str, object], ...] = (
    "magnitude",
    {"name": "magnitude", "scope": "global"},
    "random",
    *("gmp", "lamp", "sensitivity", "obd", "fisher", "woodfisher", "movement", "wanda"),
    {"name": "lottery", "rewind_step": REWIND_STEP},
    *("snip", "grasp", "synflow", "set", "rigl"),
)

SMALL_STARTS: Mapping[str, Mapping[str, object]] = {
    "published-like": {"initial_scale": 0.5},
    "glorot": {"initial": "glorot"},
}
"""Starts of the small networks: sd times the root of the width is 4 at width 64, as 0.2 has at
width 400, or Glorot's."""

CONTROLS: tuple[str | Mapping[str, object], ...] = (
    *("shuffled", "reinitialised", "inverted", "matched-random"),
    {"name": "shuffled", "of": "snip"},
)


@dataclass(frozen=True)
class Pruners(AbstractStudy):
    """Do other pruners leave other motifs and lower losses, and do they meet expectations?

    All pruners on the moth at full size, with controls of magnitude's masks and of snip's, from the
    same initial weights, data and batches, with the same number of steps up to each
    density; beside them magnitude in one shot to each density with the same steps. The same in
    small, without weight decay, from two starts, each network with its own data: hypothesis, margin
    and rule of that part are in reports/pruners/DESIGN.md, of before its run.

    **Parameters:**

    - `flights`: simulated, of which 64 % are trained on
    - `networks`: of each data seed
    - `data_seeds`: how many, each with its own flights and order of batches
    - `dense_steps`: of training before the first pruning
    - `level_steps`: of training at each of the eight densities
    - `block_width`: networks trained at once; two fit a processor's cache, a GPU takes hundreds
    - `small_data_seeds`: of the small networks, one network each under each start
    - `small_flights`: simulated for each of them
    - `small_steps`: of training in all, half of them before the first pruning
    - `width`: nodes in each of three hidden layers of the small networks; a fourth has 16
    """

    name: ClassVar[str] = "pruners"
    question: ClassVar[str] = (
        "How do other ways of pruning change the motifs and the loss, and is it as expected?"
    )
    flights: Annotated[int, Ge(1)] = 200_000
    networks: Annotated[int, Ge(1)] = 5
    data_seeds: Annotated[int, Ge(1)] = 2
    dense_steps: Annotated[int, Ge(3)] = 2500
    level_steps: Annotated[int, Ge(1)] = 300
    block_width: Annotated[int, Ge(1)] = 2
    small_data_seeds: Annotated[int, Ge(1)] = 12
    small_flights: Annotated[int, Ge(1)] = 10_000
    small_steps: Annotated[int, Ge(32)] = 8000
    width: Annotated[int, Ge(1)] = 64

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return all pruners level by level, and magnitude in one shot to each density.

        First at full size, then in small, from each start.
        """
        common = {
            "tasks": [{"name": "moth", "flights": self.flights}],
            "networks": self.networks,
            "data_seeds": list(range(self.data_seeds)),
            "block_width": self.block_width,
            "metrics": ["performance", "motifs"],
        }
        steps = [self.dense_steps + self.level_steps * (n + 1) for n in range(len(DENSITIES))]
        gradual = {"share": 0.4, **self._budget(DENSITIES[-1], steps[-1])}
        return {
            "pruners": {
                **common,
                "pruners": [*PRUNERS, *CONTROLS],
                "schedules": [{"name": "geometric", **gradual}],
            },
            "one-shot": {
                **common,
                "pruners": ["magnitude"],
                "schedules": [
                    {"name": "oneshot", **self._budget(*pair)}
                    for pair in zip(DENSITIES, steps, strict=True)
                ],
            },
            **self._in_small(),
        }

    def _in_small(self) -> dict[str, dict[str, Any]]:
        """Return the two experiments from each small start."""
        rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3, "early_weight_decay": 0.0}
        dense = self.small_steps // 2
        level = (self.small_steps - dense) // len(DENSITIES)
        steps = [dense + level * (n + 1) for n in range(len(DENSITIES))]
        budgets = [
            {"density": density, "steps": number, "dense_share": dense / number, **rates}
            for density, number in zip(DENSITIES, steps, strict=True)
        ]
        found = {}
        for start, initial in SMALL_STARTS.items():
            mlp = {"name": "mlp", "sizes": [*[self.width] * 3, 16], **initial}
            common = {
                "tasks": [{"name": "moth", "flights": self.small_flights}],
                "architectures": [mlp],
                "networks": 1,
                "data_seeds": list(range(1, self.small_data_seeds + 1)),
                "block_width": 1,
                "metrics": [
                    "performance",
                    {
                        "name": "motifs",
                        "supports": ["all", "unequal-degrees"],
                        "control_densities": [CHOSEN],
                    },
                    {"name": "sampled", "null": "degree", "densities": [CHOSEN], "draws": 100},
                ],
            }
            gradual = {"name": "geometric", "share": 0.4, **budgets[-1]}
            found[f"small-{start}"] = {
                **common,
                "pruners": [*PRUNERS, *CONTROLS],
                "schedules": [gradual],
            }
            found[f"small-{start}-one-shot"] = {
                **common,
                "pruners": ["magnitude"],
                "schedules": [
                    {"name": "oneshot", **one} for one in budgets if one["density"] in SPARSE
                ],
            }
        return found

    def _budget(self, density: float, steps: int) -> dict[str, Any]:
        return {"density": density, "steps": steps, "dense_share": self.dense_steps / steps}

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, what is shown of losses, and all pruners ranked in one chart."""
        from . import _pruners_report

        return _pruners_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the expectations judged, the motifs by pruner, and the comparison."""
        from . import _pruners_report

        return _pruners_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Pruners]]:
    """Offer the study to the harness."""
    return [Pruners]
