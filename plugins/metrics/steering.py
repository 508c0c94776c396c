"""The paths along which networks steer, to be drawn beside those that they should follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from harness import AbstractMetric, Model, Trajectory, hookimpl, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Report, Schema, Section


@dataclass(frozen=True)
class Steering(AbstractMetric):
    """Where networks bring what they steer, point by point, on tasks where something moves.

    Before each step a network gets the state that its own outputs led to, and where the path is
    after the step. All networks get the same paths (`AbstractTask.steering`).

    **Parameters:**

    - `paths`: paths to follow; a few are left out, where no motion leads on
    - `densities`: the levels nearest to these densities are measured
    """

    name: ClassVar[str] = "steering"
    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    chooses_levels: ClassVar[bool] = True
    example: ClassVar[str] = "moth[flights=200, flown=0, sizes=[6]]"
    paths: Annotated[int, Ge(1)] = 4
    densities: tuple[float, ...] = (1.0, 0.15, 0.07)

    def reason_not_to_measure(self, model: Model) -> str | None:
        """Return a reason for a task in which nothing moves."""
        if model.task.travels:
            return None
        return f"follows what networks steer, and in task '{model.task.name}' nothing moves"

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, path and point."""
        import pandas as pd

        model, data = trajectory.model, trajectory.data
        steer = model.task.steering(self.paths)

        def steered(network: Any, masks: Any) -> Any:
            return steer(lambda inputs: model.forward(network, inputs), data)

        at, parts = trajectory.vectorised(steered), []
        for level in trajectory.nearest(self.densities):
            target, taken = (np.asarray(places, float) for places in at(level))
            network, point, path = (one.ravel() for one in np.indices(taken.shape[:-1]))
            table = {"level": level, "network": network, "path": path, "point": point}
            table |= {"x": taken[..., 0].ravel(), "y": taken[..., 1].ravel()}
            table |= {"target_x": target[..., 0].ravel(), "target_y": target[..., 1].ravel()}
            table |= {"missed": np.linalg.norm(taken - target, axis=-1).ravel()}
            parts.append(pd.DataFrame(table))
        return pd.concat(parts, ignore_index=True).assign(unit=model.task.travels)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "path": "number of the path to follow",
            "point": "number of steps taken; 0 is the start",
            "x": "where the network has come, across; undefined after an unsolved motion",
            "y": "where the network has come, upwards",
            "target_x": "where it should be, across",
            "target_y": "where it should be, upwards",
            "missed": "distance between both",
            "unit": "the unit of places and distances",
        }

    @property
    def schema(self) -> "Schema":
        """Describe places and distances by path and point; none is compared."""
        names = ("x", "y", "target_x", "target_y", "missed")
        values = tuple(report.Value(name, unit_in="unit") for name in names)
        return report.Schema(keys=("path", "point"), values=values)

    def sections(self, report: "Report") -> "Sequence[Section]":
        """Draw the paths that one network steers at each level."""
        from . import _steering_sections

        return _steering_sections.sections(report)


@hookimpl
def register_metrics() -> list[type[Steering]]:
    """Offer the metric to the harness."""
    return [Steering]
