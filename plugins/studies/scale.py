"""What does a network cost as there are more of them: from one to ten thousand?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

SIZES = (16, 16)
"""Nodes of the hidden layers, between 64 inputs and 10 outputs."""

BATCH = 128
"""Rows of a batch."""

FEW, MANY = 1_000, 10_000
"""The numbers of networks whose costs the primary outcome compares; the first runs twice."""

BLOCKS = 256
"""The number that is also trained in blocks of the default width."""

AT_ONCE, AGAIN, IN_BLOCKS, END = "at once", "again", "in blocks", "end"
"""What an experiment is for; `END` only marks when the one before it ended."""


@dataclass(frozen=True)
class Scale(AbstractStudy):
    """Does the cost of a network stay the same from a thousand networks on?

    Small networks on the digits, pruned once by magnitude and measured, all trained at once: from
    one to ten thousand. A first repetition compiles and is not counted. Each later one has every
    number once, in an order of its own. Only an idle machine gives the answer. Hypothesis, margin
    and rule are in reports/scale/DESIGN.md, of before the run.

    **Parameters:**

    - `numbers`: of networks
    - `repetitions`: that are counted
    - `steps`: of training, half of them before the pruning
    """

    name: ClassVar[str] = "scale"
    question: ClassVar[str] = "What does a network cost, from one to ten thousand?"
    pages_of_runs: ClassVar[bool] = False
    numbers: tuple[Annotated[int, Ge(1)], ...] = (1, 4, 16, 64, 256, 1_000, 4_000, 10_000)
    repetitions: Annotated[int, Ge(1)] = 6
    steps: Annotated[int, Ge(20)] = 100

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return an experiment for each repetition and number, in the order in which they run.

        Each has a seed of its own, so that no two train the same networks.
        """
        kinds = [(AT_ONCE, number) for number in self.numbers]
        kinds += [(AGAIN, FEW)] if FEW in self.numbers else []
        kinds += [(IN_BLOCKS, BLOCKS)] if BLOCKS in self.numbers else []
        made: dict[str, dict[str, Any]] = {}
        for repetition in range(self.repetitions + 1):
            order = np.random.default_rng(repetition).permutation(len(kinds))
            for kind, number in (kinds[at] for at in order):
                name = f"{repetition}-{number:05d}-{kind.replace(' ', '-')}"
                steps = self.steps if repetition else 20
                width = None if kind == IN_BLOCKS else number
                made[name] = _experiment(number, steps, len(made), width)
        return {**made, f"{self.repetitions}-00001-{END}": _experiment(1, 20, len(made), 1)}

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of costs by number."""
        from . import _scale_report

        return _scale_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, costs by number and activity, comparisons and every experiment."""
        from . import _scale_report

        return _scale_report.sections(runs)


def _experiment(networks: int, steps: int, seed: int, width: int | None) -> dict[str, Any]:
    rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3, "early_weight_decay": 0.0}
    budget = {"density": 0.25, "steps": steps, "dense_share": 0.5, "batch_size": BATCH}
    return {
        "tasks": ["digits"],
        "architectures": [{"name": "mlp", "sizes": list(SIZES)}],
        "pruners": ["magnitude"],
        "schedules": [{"name": "oneshot", **budget, **rates}],
        "metrics": [{"name": "motifs", "supports": ["all"], "control_densities": []}],
        "networks": networks,
        "block_width": width,
        "seed": seed,
        "keep_weights": False,
    }


@hookimpl
def register_studies() -> list[type[Scale]]:
    """Offer the study to the harness."""
    return [Scale]
