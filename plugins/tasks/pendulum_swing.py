"""The pendulum task: which torques swung a pendulum along the path that is seen?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge
from jaxtyping import Array, Float

from harness import Batch, Quantity, RegressionTask, Shape, TaskData, hookimpl, split, unscaled

STRETCH = 0.5
"""For how long each of the three torques acts, s."""
GRAVITY, MASS, LENGTH, FRICTION = 9.81, 1.0, 1.0, 0.1
"""SI units; the pendulum is a point mass on a massless rod, friction is in N m s."""
DRAWS = {"θ": (-np.pi, np.pi), "θ̇": (-4.0, 4.0)} | dict.fromkeys("123", (-10.0, 10.0))
"""Bounds of the uniform draws: the start (rad, rad/s), then the torques (N m)."""
_FASTEST = 20.0  # rad/s; the scale of the velocities
_WIDTH = 0.0125  # s; the longest step of Tsit5: its error is below float32's


@dataclass(frozen=True)
class PendulumSwing(RegressionTask):
    """A driven pendulum, backwards: from the path of its swing to the torques that drove it.

    The pendulum that control theory swings up (Åström and Furuta, 2000, Automatica 36:287), here
    with friction and a torque at the pivot: one acts for 0.5 s, then another, then a third. The
    input is a sequence of states, and only its first third shows the first torque, so that a
    recurrent network has to remember it. Angles are from hanging down. Inputs and targets are
    scaled to about [-1/2, 1/2] by fixed bounds.

    **Parameters:**

    - `seen`: states that are seen for each torque; the start comes before them
    - `swings`: in all three splits together
    - `swung`: how many held-out swings are repeated with the torques that a network predicts, to
      see where they end; 0: none
    """

    name: ClassVar[str] = "pendulum-swing"
    architecture: ClassVar[str] = "rnn"
    inputs: ClassVar[tuple[Quantity, ...]] = (
        Quantity("sin θ", "1"),
        Quantity("cos θ", "1"),
        Quantity("θ̇", "rad/s"),
    )
    outputs: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(f"{place} torque", "N·m") for place in ("first", "second", "third")
    )
    seen: Annotated[int, Ge(1)] = 5
    swings: Annotated[int, Ge(100)] = 20_000
    swung: Annotated[int, Ge(0)] = 256

    @property
    def shape(self) -> Shape:
        """A sequence of states: the start, and those that are seen for each torque."""
        return Shape((1 + len(self.outputs) * self.seen, len(self.inputs)), len(self.outputs))

    def data(self, *, seed: int) -> TaskData:
        """Return swings drawn from the seed, split 64/16/20 % in the order of drawing."""
        from . import _simulation

        def swings(draws: np.random.Generator) -> dict[str, np.ndarray]:
            drawn = _simulation.uniform(draws, self.swings, DRAWS)
            path = _simulation.in_blocks(self._swing, drawn[:, :2], drawn[:, 2:])
            return {"path": path, "torques": drawn[:, 2:]}

        parameters = {"seen": self.seen, "swings": self.swings}
        arrays = _simulation.kept(self, seed, parameters, swings)
        angle, speed = np.moveaxis(arrays["path"], -1, 0)
        states = np.stack([np.sin(angle), np.cos(angle), speed], axis=-1)
        half = {
            "input": np.array([1, 1, _FASTEST], np.float32),
            "target": np.array([DRAWS[one][1] for one in "123"], np.float32),
        }
        scales = {f"{name}_low": -bound for name, bound in half.items()}
        scales |= {f"{name}_range": 2 * bound for name, bound in half.items()}
        splits = split(states / scales["input_range"], arrays["torques"] / scales["target_range"])
        return TaskData(*splits, self.inputs, self.outputs, scales)

    def evaluate(
        self, outputs: Float[Array, "rows 3"], batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Return errors of torques, and the median error of the end angle with all of them."""
        figures = super().evaluate(outputs, batch, data)
        if not self.swung:
            return figures
        ends = [jnp.asarray(batch.inputs)[: self.swung, place] for place in (0, -1)]
        (sine, cosine, speed), wanted = (unscaled(end, data.scales, "input").T for end in ends)
        start = jnp.stack([jnp.arctan2(sine, cosine), speed], axis=1)
        torques = jnp.asarray(unscaled(outputs[: self.swung], data.scales, "target"))
        angle = jax.vmap(self._swing)(start, torques)[:, -1, 0]
        missed = angle - jnp.arctan2(wanted[0], wanted[1])
        missed = jnp.abs(jnp.arctan2(jnp.sin(missed), jnp.cos(missed)))
        return figures | {"swing error θ": jnp.median(missed)}

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the figures of `evaluate`."""
        return {**super().units, **({"swing error θ": "rad"} if self.swung else {})}

    def _swing(
        self, start: Float[Array, " 2"], torques: Float[Array, " 3"]
    ) -> Float[Array, "states 2"]:
        """Return angle and velocity at the start and at each time that is seen. Traceable."""
        import diffrax

        def stretch(
            state: Float[Array, " 2"], torque: Float[Array, ""]
        ) -> tuple[Float[Array, " 2"], Float[Array, "seen 2"]]:
            solution = diffrax.diffeqsolve(
                diffrax.ODETerm(_slope),
                diffrax.Tsit5(),
                t0=0.0,
                t1=STRETCH,
                dt0=STRETCH / self.seen / np.ceil(STRETCH / self.seen / _WIDTH),
                y0=state,
                args=torque,
                saveat=diffrax.SaveAt(ts=STRETCH * jnp.arange(1, self.seen + 1) / self.seen),
                stepsize_controller=diffrax.ConstantStepSize(),
                max_steps=None,
            )
            return solution.ys[-1], solution.ys

        _, states = jax.lax.scan(stretch, start, torques)
        return jnp.concatenate([start[None], states.reshape(-1, 2)])


def _slope(t: Any, state: Float[Array, " 2"], torque: Float[Array, ""]) -> Float[Array, " 2"]:
    del t
    angle, speed = state
    pull = torque - FRICTION * speed - MASS * GRAVITY * LENGTH * jnp.sin(angle)
    return jnp.stack([speed, pull / (MASS * LENGTH**2)])


@hookimpl
def register_tasks() -> list[type[PendulumSwing]]:
    """Offer the task to the harness."""
    return [PendulumSwing]
