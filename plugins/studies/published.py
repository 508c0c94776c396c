"""The published result, repeated: what holds, and what comes from the published code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge

from harness import AbstractStudy, hookimpl

from ._published_counting import LEVELS, PUBLISHED, settings

if TYPE_CHECKING:
    from harness.report import Opening, RunTables, Section

_CLOSE = (0.15, 0.1, 0.07)
"""Densities at which the published z-scores are compared one by one."""
_OTHERS = (0.85, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25, 0.09, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02)
_FACTORS = tuple(round(1 - percent / 100, 2) for percent in LEVELS)


@dataclass(frozen=True)
class Published(AbstractStudy):
    """Zahn, Daniel and Kutz (2024), repeated: what holds, and what comes from their code.

    Four ensembles from the same seeds and data: pruned as published, with pruned weights kept
    pruned, with biases cut by their own magnitudes, and with both, which is plain magnitude.
    The first is counted as published, and in every combination of the quirks of counting. The first
    and the last again on other data sets, and the last from Glorot weights: margins and rules of
    that part are in reports/published/DESIGN.md, of before its run.

    **Parameters:**

    - `flights`: simulated, of which 64 % are trained on
    - `draws`: from the published null, for each network at 85, 90 and 93 % pruned
    - `fewer_draws`: at other levels, and for each quirk
    - `networks`: of the ensemble as published
    - `fewer_networks`: of the other three, and of the first for each quirk of counting
    - `more_data_seeds`: how many data sets beside the first
    - `networks_each`: of each of these, as published
    - `fewer_networks_each`: of each of these, pruned in the last way, from either start
    - `block_width`: networks trained at once; two fit a processor's cache, a GPU takes hundreds
    """

    name: ClassVar[str] = "published"
    question: ClassVar[str] = (
        "We repeated Zahn et al. (2024): what holds, and what comes from their code?"
    )
    flights: Annotated[int, Ge(1)] = 3_200_000
    draws: Annotated[int, Ge(2)] = 1000
    fewer_draws: Annotated[int, Ge(2)] = 100
    networks: Annotated[int, Ge(1)] = 30
    fewer_networks: Annotated[int, Ge(1)] = 8
    more_data_seeds: Annotated[int, Ge(1)] = 3
    networks_each: Annotated[int, Ge(1)] = 4
    fewer_networks_each: Annotated[int, Ge(1)] = 2
    block_width: Annotated[int, Ge(1)] = 2

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the ensembles, each with what is counted of it: four, then those beside them."""
        common = {
            "tasks": [{"name": "moth", "flights": self.flights}],
            "architectures": ["mlp[prune_biases=true]"],
            "schedules": ["published"],
            "block_width": self.block_width,
        }
        exact = ["performance", "motifs"]
        as_published = self._sampled(PUBLISHED, self.fewer_draws, _FACTORS)
        degree = self._sampled({"null": "degree"}, self.fewer_draws, _FACTORS)
        few = {
            **common,
            "networks": self.fewer_networks,
            "metrics": [*exact, as_published],
        }
        mended = {**few, "pruners": ["magnitude"], "metrics": [*exact, as_published, degree]}
        more = {"data_seeds": list(range(1, self.more_data_seeds + 1))}
        again = {**mended, "networks": self.fewer_networks_each, **more}
        return {
            "published": {
                **common,
                "networks": self.networks,
                "pruners": ["zahn2022"],
                "metrics": [*exact, *self._counted()],
            },
            "mended": mended,
            "no-regrowth": {**few, "pruners": [{"name": "zahn2022", "regrowth": False}]},
            "own-cutoff": {**few, "pruners": [{"name": "zahn2022", "bias_cutoff": "own"}]},
            "glorot": {**again, "architectures": ["mlp[prune_biases=true, initial=glorot]"]},
            "seeds": {**few, "pruners": ["zahn2022"], "networks": self.networks_each, **more},
            "seeds-mended": again,
        }

    def _counted(self) -> list[dict[str, Any]]:
        """Return measurements of the published masks: at every level, and without each quirk."""
        return [
            self._sampled(PUBLISHED, self.draws, _CLOSE),
            self._sampled(PUBLISHED, self.fewer_draws, _OTHERS),
            *(
                {
                    **self._sampled(how, self.fewer_draws, _FACTORS),
                    "networks": self.fewer_networks,
                }
                for how in settings()[1:]
            ),
        ]

    @staticmethod
    def _sampled(
        how: Mapping[str, object], draws: int, densities: Sequence[float]
    ) -> dict[str, Any]:
        return {"name": "sampled", **how, "draws": draws, "densities": list(densities)}

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, what repeats, three findings, and the z-scores side by side."""
        from . import _published_report

        return _published_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, then each analysis with its table and chart."""
        from . import _published_report

        return _published_report.sections(runs)


@hookimpl
def register_studies() -> list[type[Published]]:
    """Offer the study to the harness."""
    return [Published]
