"""A planar quadrotor, backwards: from where it starts and ends to its two thrusts."""

from dataclasses import dataclass
from typing import ClassVar

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np

from harness import Quantity, RegressionTask, TaskData, cache, hookimpl, scaled, split, unscaled

MASS, INERTIA, ARM, GRAVITY, STEP = 0.5, 0.004, 0.17, 9.81, 0.2
STATE = {"x": "m", "y": "m", "angle": "rad", "vx": "m/s", "vy": "m/s", "spin": "rad/s"}
START, END = ([Quantity(f"{k} {when}", STATE[k]) for k in STATE] for when in ("start", "end"))


def slope(t, state, thrust):
    """The rates of position, angle and velocities."""
    _, _, angle, vx, vy, spin = state
    lift, turn = thrust.sum() / MASS, ARM * (thrust[1] - thrust[0]) / INERTIA
    return jnp.stack([vx, vy, spin, -lift * jnp.sin(angle), lift * jnp.cos(angle) - GRAVITY, turn])


def fly(moving, thrust):
    """The state a step later, under constant thrusts, of what starts at the origin so moving."""
    start = jnp.pad(moving, (2, 0))
    return dfx.diffeqsolve(dfx.ODETerm(slope), dfx.Tsit5(), 0, STEP, 0.01, start, thrust).ys[-1]


@dataclass(frozen=True)
class Quadrotor(RegressionTask):
    """Planar quadrotor, backwards: from start and end of a step to the thrusts that it needs.

    In the form of the moth of Zahn, Daniel and Kutz (2024). **Parameters:** `flights` in all three
    splits; `flown`: those that are flown with predicted thrusts.
    """

    name: ClassVar[str] = "own-quadrotor"
    architecture: ClassVar[str] = "mlp[sizes=[64, 64, 16]]"
    inputs: ClassVar = (*START[2:], *END[:3])
    outputs: ClassVar = (Quantity("left thrust", "N"), Quantity("right thrust", "N"), *END[3:])
    flights: int = 20_000
    flown: int = 256

    def simulated(self, seed):
        """Flights drawn from the seed, as inputs and targets."""
        draws = np.random.default_rng(seed).random((self.flights, 6), np.float32)
        moving, thrust = (2 * draws[:, 2:] - 1) * np.float32([3, 1, 3, 4]), 6 * draws[:, :2]
        final = np.asarray(jax.jit(jax.vmap(fly))(moving, thrust))
        return {"x": np.c_[moving, final[:, :3]], "y": np.c_[thrust, final[:, 3:]]}, {}

    def data(self, *, seed):
        asked = {"flights": self.flights, "seed": seed, "jax": jax.__version__}
        arrays, _ = cache.load_or_make("quadrotor", asked, lambda: self.simulated(seed))
        splits, scales = scaled(split(arrays["x"], arrays["y"]))
        return TaskData(*splits, self.inputs, self.outputs, scales)

    def evaluate(self, outputs, batch, data):
        told = unscaled(batch.inputs[: self.flown], data.scales, "input")
        thrust = unscaled(outputs[: self.flown], data.scales, "target")[:, :2]
        missed = jnp.hypot(*(jax.vmap(fly)(told[:, :4], thrust)[:, :2] - told[:, 4:6]).T)
        return super().evaluate(outputs, batch, data) | {"position error": jnp.median(missed)}

    @property
    def units(self):
        return {**super().units, "position error": "m"}


@hookimpl
def register_tasks():
    return [Quadrotor]
