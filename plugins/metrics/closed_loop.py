"""Where networks bring the moth that they steer for several strokes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from harness import AbstractMetric, Model, Trajectory, hookimpl, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

_UNITS = {"position": "cm", "θ": "degrees", "φ": "degrees", "not solved": "1"}


@dataclass(frozen=True)
class ClosedLoop(AbstractMetric):
    """How far from a target a moth ends that a network steers for several wing strokes.

    Before each stroke the network gets the state that its own controls led to, and where the path
    is after the stroke. `closed loop` is the error after the last stroke, `one stroke` that of a
    network that starts its last stroke on the path itself: the difference is what errors of earlier
    strokes add. All networks fly the same paths (`Moth.paths`). Medians over paths.

    **Parameters:**

    - `strokes`: wing strokes of a path, 20 ms each
    - `flights`: paths; a few are left out, where no flight leads on
    - `seed`: seed of the paths
    """

    name: ClassVar[str] = "closed-loop"
    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    example: ClassVar[str] = "moth[flights=200, flown=0, sizes=[6]]"
    strokes: Annotated[int, Ge(1)] = 3
    flights: Annotated[int, Ge(1)] = 256
    seed: Annotated[int, Ge(0)] = 0

    def reason_not_to_measure(self, model: Model) -> str | None:
        """Return a reason for every task but `moth`."""
        if model.task.name == "moth":
            return None
        return f"flies task 'moth', and '{model.task.name}' has no flights"

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, way of flying and error."""
        import pandas as pd

        model, data = trajectory.model, trajectory.data
        task: Any = model.task
        paths = task.paths(seed=self.seed, strokes=self.strokes, flights=self.flights)

        def flown(network: Any, masks: Any) -> dict[str, Any]:
            found = task.closed_loop(lambda inputs: model.forward(network, inputs), paths, data)
            return dict(found)

        fly = trajectory.vectorised(flown)
        rows = [
            {"level": level, "network": network, "flight": flight, "error": error, "value": value}
            for level in range(len(trajectory.densities))
            for name, values in fly(level).items()
            for flight, error in [_parts(name)]
            for network, value in enumerate(np.asarray(values, float))
        ]
        table = pd.DataFrame(rows)
        return table.assign(strokes=self.strokes, unit=table["error"].map(_UNITS))

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "flight": "closed loop: all strokes steered; one stroke: only the last, from the path",
            "error": "distance of the end from the target, difference of an angle, or the share of "
            "flights that could not be solved",
            "value": "median over flights that could be solved, or the share",
            "strokes": "wing strokes of a path",
            "unit": "the unit of the value; 1 for a pure number",
        }

    @property
    def schema(self) -> "Schema":
        """Errors of position are compared."""
        compared = [
            report.Quantities(
                "value", {"flight": flight, "error": "position"}, f"error of a {flight}, cm", name
            )
            for flight, name in (("closed loop", "closed_loop"), ("one stroke", "one_stroke"))
        ]
        return report.Schema(
            keys=("flight", "error", "strokes"),
            values=(report.Value("value", unit_in="unit"),),
            compared=tuple(compared),
        )


def _parts(name: str) -> tuple[str, str]:
    """Split the name of a figure into the way of flying and the error."""
    flight = next(one for one in ("closed loop", "one stroke") if name.startswith(one))
    return flight, name.removeprefix(flight).strip()


@hookimpl
def register_metrics() -> list[type[ClosedLoop]]:
    """Offer the metric to the harness."""
    return [ClosedLoop]
