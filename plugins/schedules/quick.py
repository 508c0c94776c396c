"""The default schedule: a faithful miniature of the published protocol."""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Gt

from harness import AbstractSchedule, Level, hookimpl

if TYPE_CHECKING:
    import optax

STEPS = {
    0: 16_000, 15: 480, 25: 480, 35: 500, 45: 525, 55: 1_075, 65: 1_075, 75: 1_150,
    85: 6_500, 90: 5_500, 91: 2_500, 92: 2_500, 93: 1_400, 94: 200, 95: 200, 96: 200, 97: 200,
    98: 200,
}  # fmt: skip
"""Training steps by percent pruned: about a third of the published ones when dense, a quarter up to
75 %, two thirds from 85 to 93 %, where the published conclusions lie, and few after it."""

NOT_PUBLISHED = "The schedule `quick` is a shortened form of `published`."

DIFFERENCES = (
    "How they differ was measured for magnitude pruning of `moth` at 85, 90 and 93 % pruned (8 "
    "networks given one data set, z under `layered`, all nodes). Every class whose z is clearly "
    "not zero under `published` has the same sign. The mean z differs by more than one standard "
    "deviation over networks for fork_tail (+1.1) and biparallel (+1.0) at 90 %, and for "
    "fork_tail (+1.4), chain3 (+1.1), converge2 (-1.1) and chain2 (+1.0) at 93 %; the mean z of "
    "all other classes differs by less. The median loss is 1.8, 1.8 and 1.4 times that of "
    "`published`. On other tasks and pruners the difference is not known."
)
"""What reports/fidelity found; tests/test_fidelity.py compares the two."""

_LEAST_EFFORT = 0.25
"""With less effort learning rates are not raised further: training would diverge."""

_WARM_UP = (1 / 16, 1 / 10)
"""Shares of the dense level and of each later one in which the learning rate rises. Without
it, a large rate saturates the tanh of the published initial weights and harms kept weights."""

_LEAST = (0.2, 0.1)
"""Shares of its largest rate that the dense level and each later one end with."""


@dataclass(frozen=True)
class Quick(AbstractSchedule):
    """The 18 published levels in 40,685 steps instead of 107,800.

    How far a weight wanders under Adam grows with the learning rate times the root of the number of
    steps. A miniature with fewer steps therefore needs larger rates to leave the same weights in
    place; each level's rate falls along a cosine, so that its loss still settles. Warm-up keeps the
    larger rate from saturating the published initial weights. No weight decays.

    reports/fidelity compares its losses and motif z-scores with those of `published`.

    **Parameters:**

    - `effort`: multiplies the steps of every level; learning rates are divided by its root, at
      most doubled
    - `batch_size`: rows of a step
    - `dense_rate`: largest learning rate of the first level
    - `early_rate`: that of the levels up to 80 % pruned
    - `late_rate`: that of the levels after them
    - `eps`: of Adam; half that of `published`
    """

    name: ClassVar[str] = "quick"
    effort: Annotated[float, Gt(0)] = 1.0
    batch_size: Annotated[int, Ge(1)] = 128
    dense_rate: Annotated[float, Gt(0)] = 1.25e-3
    early_rate: Annotated[float, Gt(0)] = 1.2e-3
    late_rate: Annotated[float, Gt(0)] = 1.05e-3
    eps: Annotated[float, Gt(0)] = 2e-6

    def levels(self) -> tuple[Level, ...]:
        """Return densities from 1 to 0.02, those of Zahn, Daniel and Kutz (2024)."""
        return tuple(
            Level((100 - pruned) / 100, max(1, round(self.effort * steps)))
            for pruned, steps in STEPS.items()
        )

    def optimizer(self) -> "optax.GradientTransformation":
        """Return Adam, its state carried through all levels, with a cosine of the rate for each."""
        import optax

        return optax.adam(self.rates(), eps=self.eps)

    def rates(self) -> "optax.Schedule":
        """Return the learning rate by step."""
        import optax

        dense, *later = self.levels()
        parts = [_rise_and_fall(self._scaled(self.dense_rate), dense.steps, _WARM_UP[0], _LEAST[0])]
        for level in later:
            rate = self.early_rate if level.density > 0.2 else self.late_rate
            parts.append(_rise_and_fall(self._scaled(rate), level.steps, _WARM_UP[1], _LEAST[1]))
        ends = itertools.accumulate(level.steps for level in (dense, *later[:-1]))
        return optax.join_schedules(parts, list(ends))

    def cautions(self) -> tuple[str, ...]:
        """Return how results differ from those of `published`: see reports/fidelity."""
        if self != Quick():
            return (
                f"{NOT_PUBLISHED} How much its results differ at these parameters is not known.",
            )
        return (f"{NOT_PUBLISHED} {DIFFERENCES}",)

    def _scaled(self, rate: float) -> float:
        return rate * float(max(self.effort, _LEAST_EFFORT) ** -0.5)


def _rise_and_fall(rate: float, steps: int, warm_up: float, least: float) -> "optax.Schedule":
    """Return a learning rate that rises from 0 to `rate`, then falls along half a cosine."""
    import optax

    return optax.warmup_cosine_decay_schedule(
        0.0, rate, round(warm_up * steps), max(steps, 2), least * rate
    )


@hookimpl
def register_schedules() -> list[type[Quick]]:
    """Offer the schedule to the harness."""
    return [Quick]
