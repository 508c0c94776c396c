"""Motifs and function: do networks with other motifs, but the same degrees, do their task worse?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

DENSITY = 0.3
"""The density of all pruned networks."""

MOTIF = "bifan"
"""The class that networks are rewired towards."""

TARGETS = (-8.0, 15.0)
"""Of its z under `degree`."""

ARMS = ("start", "new")
"""What rewired networks are trained from: their initial weights, or new ones."""

LESIONED = ("chain3", "bifan", "biparallel")
"""The classes whose edges are cut."""


@dataclass(frozen=True)
class Function(AbstractStudy):
    """Do motifs matter for function, once degrees are the same?

    Small networks on the moth, pruned by magnitude: does loss go with z under `degree` over many
    networks; does it follow z when edges are swapped; does it rise more where edges of many motifs
    are cut? Hypotheses, margin and rules are in reports/function/DESIGN.md,
    of before the run.

    **Parameters:**

    - `flights`: simulated for each data seed, of which 64 % are trained on
    - `networks`: for the correlation, each with its own data seed
    - `changed`: data seeds whose networks are rewired and lesioned
    - `steps`: of training in all, three fifths of them before the pruning
    - `width`: nodes in each of three hidden layers; a fourth has 16
    """

    name: ClassVar[str] = "function"
    question: ClassVar[str] = "Do motifs matter for function, once degrees are the same?"
    flights: Annotated[int, Ge(1)] = 5000
    networks: Annotated[int, Ge(1)] = 100
    changed: Annotated[int, Ge(1)] = 12
    steps: Annotated[int, Ge(20)] = 8000
    width: Annotated[int, Ge(1)] = 32

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the networks of the correlation, and those that are rewired and lesioned."""
        mlp = {"name": "mlp", "sizes": [*[self.width] * 3, 16]}
        glorot = {**mlp, "initial": "glorot"}
        # As saturated as the published start: sd times the root of the width is 4.
        published_like = {**mlp, "initial_scale": round(4 / self.width**0.5, 3)}
        rates = {"dense_learning_rate": 0.01, "learning_rate": 0.004, "early_weight_decay": 0.0}
        budget = {"density": DENSITY, "steps": self.steps, "dense_share": 0.6}
        common = {
            "tasks": [{"name": "moth", "flights": self.flights}],
            "pruners": ["magnitude"],
            "schedules": [{"name": "oneshot", **budget, **rates}],
            "networks": 1,
            "block_width": 1,
        }
        degree = {"name": "sampled", "null": "degree", "densities": [DENSITY]}
        layered = {"name": "motifs", "supports": ["all"], "control_densities": []}
        rewired = {
            arm: [
                {"name": "rewire", "motif": MOTIF, "tries": 10, "on": arm}
                | {"target": target, "sham": sham}
                for target in TARGETS
                for sham in (False, True)
            ]
            for arm in ARMS
        }
        lesions = [
            {"name": "lesion", "motif": motif, "edges": edges, "share": 0.01}
            for motif in LESIONED
            for edges in ("most", "matched")
        ]
        changed = {
            **common,
            "architectures": [published_like, glorot],
            "data_seeds": list(range(1, self.changed + 1)),
            "metrics": [{**degree, "orders": [3], "draws": 50}],
        }
        return {
            "changed": {**changed, "interventions": [*rewired["start"], *lesions]},
            "networks": {
                **common,
                "architectures": [glorot],
                "data_seeds": list(range(1, self.networks + 1)),
                # Of the metric `performance` only the effective density is used.
                "metrics": [degree, layered, {"name": "performance", "rows": 0}],
            },
            "anew": {**changed, "interventions": rewired["new"]},
        }

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of losses by dose."""
        from . import _function_report

        return _function_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the rewired networks, the lesions and the correlation."""
        from . import _function_report

        return _function_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Function]]:
    """Offer the study to the harness."""
    return [Function]
