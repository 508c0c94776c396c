"""Initialisation and training regime as factors: what do they decide of the motif profile?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

DENSITY = 0.07776
"""The density after five rounds of 40 %, at which everything is compared."""

SCALES = (0.05, 0.125, 0.25, 0.5)
DECAYS = (0.0, 1.0)


@dataclass(frozen=True)
class Training(AbstractStudy):
    """Does the start of training decide the motif profile, its loss, and the training regime?

    Small networks on the moth, pruned by magnitude, from normal weights of four scales and from
    Glorot's, each with and without early weight decay. Hypothesis, margin and rule are in
    reports/training/DESIGN.md, of before the run.

    **Parameters:**

    - `flights`: simulated for each data seed, of which 64 % are trained on
    - `data_seeds`: how many, each with one network, its own data and order of batches
    - `steps`: of training in all, half of them before the first pruning
    - `width`: nodes in each of three hidden layers; a fourth has 16
    """

    name: ClassVar[str] = "training"
    question: ClassVar[str] = "How much of the motif profile do initialisation and training decide?"
    flights: Annotated[int, Ge(1)] = 10_000
    data_seeds: Annotated[int, Ge(1)] = 12
    steps: Annotated[int, Ge(20)] = 10_000
    width: Annotated[int, Ge(1)] = 64

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return one experiment: every start under both decays."""
        mlp = {"name": "mlp", "sizes": [*[self.width] * 3, 16]}
        rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3}
        budget = {"density": DENSITY, "share": 0.4, "steps": self.steps, "dense_share": 0.5}
        geometric = {"name": "geometric", **budget, **rates}
        return {
            "starts": {
                "tasks": [{"name": "moth", "flights": self.flights}],
                "architectures": [
                    *({**mlp, "initial_scale": scale} for scale in SCALES),
                    {**mlp, "initial": "glorot"},
                ],
                "pruners": ["magnitude"],
                "schedules": [
                    {"name": "snapshots", "of": {**geometric, "early_weight_decay": decay},
                     "number": 1}
                    for decay in DECAYS
                ],
                "metrics": [
                    {"name": "motifs", "supports": ["all"], "control_densities": []},
                    {"name": "sampled", "null": "degree", "densities": [DENSITY], "draws": 100},
                    "regime",
                ],
                "networks": 1,
                "data_seeds": list(range(1, self.data_seeds + 1)),
                "block_width": 1,
            }
        }  # fmt: skip

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of all outcomes."""
        from . import _training_report

        return _training_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the outcomes by condition, and the comparisons."""
        from . import _training_report

        return _training_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Training]]:
    """Offer the study to the harness."""
    return [Training]
