"""The quadrotor task: which thrusts bring a quadrotor and its load where they are wanted?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge
from jaxtyping import Array, Float

from harness import Batch, Quantity, RegressionTask, TaskData, hookimpl, scaled, split, unscaled

_X, _VX, _Y, _VY, _THETA, _SPIN, _PHI, _SWING = range(8)
_START = (_PHI, _THETA, _VX, _VY, _SWING, _SPIN)
_START_INPUTS = (0, 1, 6, 7, 8, 9)
_END = (_X, _Y, _PHI, _THETA)
_END_INPUTS = (2, 3, 4, 5)
_RATES = (_VX, _VY, _SWING, _SPIN)

DRAWS = {
    "vx": (-5.0, 5.0),
    "vy": (-5.0, 5.0),
    "theta": (-np.pi, np.pi),
    "spin": (-8.0, 8.0),
    "phi": (-np.pi, np.pi),
    "swing": (-8.0, 8.0),
    "left": (0.0, 8.0),
    "right": (0.0, 8.0),
}
"""Bounds of the uniform draws: the state's columns but x and y (both 0), then the thrusts."""
_DRAWN = (_VX, _VY, _THETA, _SPIN, _PHI, _SWING)


@dataclass(frozen=True)
class Quadrotor(RegressionTask):
    """A planar quadrotor with a hanging load, backwards: from start and wanted end to its thrusts.

    The form of task `moth`, ten inputs and seven outputs of the same kinds, with other mechanics
    (see `_quadrotor_flight`), so that what a task does to networks can be separated from what its
    shape does. Inputs are start and wanted end of a step of 0.2 s; outputs are both thrusts, the
    pull of the rod on which the load hangs and the velocities at the end. Both are scaled to
    [-1/2, 1/2] on the training set. Angles are not wrapped.

    **Parameters:**

    - `flights`: flights in all three splits together
    - `flown`: how many held-out flights are flown with the thrusts that a network predicts, to see
      where they end; 0: none
    """

    name: ClassVar[str] = "quadrotor"
    architecture: ClassVar[str] = "mlp[sizes=[400, 400, 400, 16]]"
    inputs: ClassVar[tuple[Quantity, ...]] = (
        Quantity("φ start", "rad"),
        Quantity("θ start", "rad"),
        Quantity("x end", "m"),
        Quantity("y end", "m"),
        Quantity("φ end", "rad"),
        Quantity("θ end", "rad"),
        Quantity("ẋ start", "m/s"),
        Quantity("ẏ start", "m/s"),
        Quantity("φ̇ start", "rad/s"),
        Quantity("θ̇ start", "rad/s"),
    )
    outputs: ClassVar[tuple[Quantity, ...]] = (
        Quantity("left thrust", "N"),
        Quantity("right thrust", "N"),
        Quantity("pull end", "N"),
        Quantity("ẋ end", "m/s"),
        Quantity("ẏ end", "m/s"),
        Quantity("φ̇ end", "rad/s"),
        Quantity("θ̇ end", "rad/s"),
    )
    flights: Annotated[int, Ge(100)] = 200_000
    flown: Annotated[int, Ge(0)] = 256

    def data(self, *, seed: int) -> TaskData:
        """Return flights drawn from the seed, split 64/16/20 % in the order of drawing."""
        from . import _simulation

        arrays = _simulation.kept(self, seed, {"flights": self.flights}, self._simulated)
        splits, scales = scaled(split(arrays["inputs"], arrays["targets"]))
        return TaskData(*splits, self.inputs, self.outputs, scales, {"flights": self.flights})

    def _simulated(self, draws: np.random.Generator) -> dict[str, np.ndarray]:
        from . import _quadrotor_flight, _simulation

        drawn = _simulation.uniform(draws, self.flights, DRAWS)
        thrusts = drawn[:, len(_DRAWN) :]
        initial = np.zeros((self.flights, 8), np.float32)
        initial[:, _DRAWN] = drawn[:, : len(_DRAWN)]
        final = _simulation.in_blocks(_quadrotor_flight.fly, initial, thrusts)
        pull = _simulation.in_blocks(_quadrotor_flight.pull, final, thrusts)
        inputs = np.empty((self.flights, len(self.inputs)), np.float32)
        inputs[:, _START_INPUTS] = initial[:, _START]
        inputs[:, _END_INPUTS] = final[:, _END]
        return {"inputs": inputs, "targets": np.c_[thrusts, pull, final[:, _RATES]]}

    def evaluate(
        self, outputs: Float[Array, "rows 7"], batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Return errors in units, and where flights end with the predicted thrusts.

        The latter are medians over the flights flown: a distance, and differences of angles.
        """
        figures = super().evaluate(outputs, batch, data)
        if not self.flown:
            return figures
        from . import _quadrotor_flight

        wanted = jnp.asarray(unscaled(batch.inputs[: self.flown], data.scales, "input"))
        thrusts = jnp.asarray(unscaled(outputs[: self.flown], data.scales, "target"))[:, :2]
        initial = jnp.zeros((len(wanted), 8)).at[:, _START].set(wanted[:, _START_INPUTS])
        final = jax.vmap(_quadrotor_flight.fly)(initial, thrusts)
        x, y, phi, theta = jnp.abs(final[:, _END] - wanted[:, _END_INPUTS]).T
        missed = {"position": jnp.hypot(x, y), "φ": phi, "θ": theta}
        return figures | {f"flight error {name}": jnp.median(one) for name, one in missed.items()}

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the figures of `evaluate`."""
        flown = {"position": "m", "φ": "rad", "θ": "rad"} if self.flown else {}
        return {**super().units, **{f"flight error {name}": unit for name, unit in flown.items()}}


@hookimpl
def register_tasks() -> list[type[Quadrotor]]:
    """Offer the task to the harness."""
    return [Quadrotor]
