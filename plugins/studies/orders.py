"""Motifs of order 4: do they say anything that degrees, and motifs of order 3, do not?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Lt

from harness import AbstractStudy, hookimpl

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section
_Share = Annotated[float, Gt(0), Lt(1)]


@dataclass(frozen=True)
class Orders(AbstractStudy):
    """Do motifs of order 4 add anything to degrees, and to motifs of order 3?

    Small networks on the moth, pruned by magnitude, from two starts. Controls are draws of each
    network's own null `degree`, and such draws with an excess of one class of order 3 planted.
    Hypothesis, margin and rule are in reports/orders/DESIGN.md.

    **Parameters:**

    - `flights`: simulated for each data seed, of which 64 % are trained on
    - `data_seeds`: how many, each with one network, its own data and order of batches
    - `steps`: of training in all, half of them before the first pruning
    - `width`: nodes in each of three hidden layers; a fourth has 16
    - `densities`: shares of weights kept, where everything is measured, one experiment each
    - `draws`: of the null, for each network
    """

    name: ClassVar[str] = "orders"
    question: ClassVar[str] = "Do motifs above order 3 add anything?"
    flights: Annotated[int, Ge(1)] = 10_000
    data_seeds: Annotated[int, Ge(1)] = 12
    steps: Annotated[int, Ge(20)] = 10_000
    width: Annotated[int, Ge(1)] = 32
    densities: tuple[_Share, _Share] = (0.1296, 0.216)
    draws: Annotated[int, Ge(20)] = 500

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return one experiment a density, with both starts."""
        names = ("starts", "denser")
        return {name: self._at(one) for name, one in zip(names, self.densities, strict=True)}

    def _at(self, density: float) -> dict[str, Any]:
        sizes = {"name": "mlp", "sizes": [*[self.width] * 3, 16]}
        rates = {"dense_learning_rate": 2e-3, "learning_rate": 2e-3, "early_weight_decay": 0.0}
        budget = {"density": density, "share": 0.4, "steps": self.steps, "dense_share": 0.5}
        return {
            "tasks": [{"name": "moth", "flights": self.flights, "flown": 0}],
            "architectures": [
                {**sizes, "initial": "glorot"},
                {**sizes, "initial_scale": round(4 / self.width**0.5, 3)},
            ],
            "pruners": ["magnitude"],
            "schedules": [{"name": "geometric", **budget, **rates}],
            "metrics": [{"name": "higher-orders", "densities": [density], "draws": self.draws}],
            "networks": 1,
            "data_seeds": list(range(1, self.data_seeds + 1)),
            "block_width": 1,
            "keep_weights": False,
        }

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of strengths."""
        from . import _orders_report

        return _orders_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the strengths, and the classes one by one."""
        from . import _orders_report

        return _orders_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Orders]]:
    """Offer the study to the harness."""
    return [Orders]
