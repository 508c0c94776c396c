"""Input and output layers left alone while hidden layers are pruned: what does it change?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

LEAST, SHARE, ROUNDS = 0.005, 0.4, 11
"""Each of the rounds prunes 40 % of what is left of a hidden layer, down to this density."""

POINTS = (3, 5, 7, 9, 11)
"""The levels compared: 21.6, 7.8, 2.8, 1.0 and 0.5 % of hidden weights are kept."""

MATCHED = (5, 11)
"""The levels at which all layers are pruned to the same total density by an arm of their own."""

INPUTS, LAST, OUTPUTS = 10, 16, 7
"""Nodes of the task's inputs, of the last hidden layer, and of the task's outputs."""


@dataclass(frozen=True)
class FrozenEnds(AbstractStudy):
    """Does pruning of hidden layers need the ends pruned, and how far can it go without that?

    Small networks on the moth, pruned by magnitude, from two starts: first and last layer kept and
    hidden layers pruned to 99.5 %, against all layers pruned alike to the same hidden density and
    to the same total density. Hypothesis, margin and rule are in reports/frozen-ends/DESIGN.md.

    **Parameters:**

    - `flights`: simulated for each data seed, of which 64 % are trained on
    - `data_seeds`: how many, each with one network, its own data and order of batches
    - `dense_steps`: of training before the first pruning
    - `steps`: of training at each level after it
    - `width`: nodes in each of three hidden layers; a fourth has 16
    """

    name: ClassVar[str] = "frozen-ends"
    question: ClassVar[str] = "What changes if the first and the last layer are not pruned?"
    flights: Annotated[int, Ge(1)] = 10_000
    data_seeds: Annotated[int, Ge(1)] = 12
    dense_steps: Annotated[int, Ge(10)] = 5000
    steps: Annotated[int, Ge(1)] = 500
    width: Annotated[int, Ge(4)] = 64

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return one experiment: both starts under each way to prune."""
        mlp = {"name": "mlp", "sizes": [*[self.width] * 3, LAST]}
        to_the_end = self._geometric(LEAST, SHARE, ROUNDS)
        totals = {level: self.total(level) for level in MATCHED}
        return {
            "ends": {
                "tasks": [{"name": "moth", "flights": self.flights}],
                "architectures": [
                    {**mlp, "initial_scale": 4 / self.width**0.5},
                    {**mlp, "initial": "glorot"},
                ],
                "pruners": ["magnitude"],
                "schedules": [
                    {"name": "frozen-ends", "of": to_the_end, "trained": True},
                    _leaf_by_leaf(to_the_end),
                    *(
                        _leaf_by_leaf(self._geometric(total, 1 - total ** (1 / level), level))
                        for level, total in totals.items()
                    ),
                ],
                "metrics": [
                    {"name": "motifs", "supports": ["all"], "control_densities": []},
                    {
                        "name": "sampled",
                        "null": "degree",
                        "densities": sorted(
                            {*map(self.total, POINTS), *map(_hidden, POINTS)}, reverse=True
                        ),
                        "draws": 100,
                    },
                ],
                "networks": 1,
                "data_seeds": list(range(1, self.data_seeds + 1)),
                "block_width": 1,
            }
        }

    def total(self, level: int) -> float:
        """Return the density of all layers together if the ends are kept, at a level."""
        ends = INPUTS * self.width + LAST * OUTPUTS
        hidden = [self.width**2, self.width**2, self.width * LAST]
        kept = sum(round(_hidden(level) * size) for size in hidden)
        return round((ends + kept) / (ends + sum(hidden)), 6)

    def _geometric(self, density: float, share: float, rounds: int) -> dict[str, Any]:
        steps = self.dense_steps + rounds * self.steps
        return {
            "name": "geometric",
            "density": density,
            "share": share,
            "steps": steps,
            "dense_share": self.dense_steps / steps,
            "dense_learning_rate": 2e-3,
            "learning_rate": 2e-3,
            "early_weight_decay": 0.0,
        }

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of losses and strengths."""
        from . import _frozen_ends_report

        return _frozen_ends_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the outcomes by condition, and the comparisons."""
        from . import _frozen_ends_report

        return _frozen_ends_report.sections(runs)


def _leaf_by_leaf(schedule: dict[str, Any]) -> dict[str, Any]:
    """Return a schedule with the same densities, of which each layer keeps exactly its share.

    So hidden layers have as many edges as with kept ends, and none loses its last edges to others.
    """
    return {"name": "by-layer", "of": schedule, "densities": {"@first": schedule["density"]}}


def _hidden(level: int) -> float:
    """Return the density of hidden layers at a level."""
    return LEAST if level == ROUNDS else round((1 - SHARE) ** level, 6)


@hookimpl
def register_studies() -> list[type[FrozenEnds]]:
    """Offer the study to the harness."""
    return [FrozenEnds]
