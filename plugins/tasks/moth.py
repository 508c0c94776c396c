"""The moth task: which force and torque bring a hawkmoth where it wants to be?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import jax.numpy as jnp
import numpy as np
from annotated_types import Ge
from jaxtyping import Array, Bool, Float

from harness import Batch, Quantity, RegressionTask, TaskData, hookimpl, scaled, split, unscaled

if TYPE_CHECKING:
    from harness.plugin.task import Steering

    from ._moth_paths import Paths

INPUTS = (
    Quantity("φ start", "rad"),
    Quantity("θ start", "rad"),
    Quantity("x end", "cm"),
    Quantity("y end", "cm"),
    Quantity("φ end", "rad"),
    Quantity("θ end", "rad"),
    Quantity("ẋ start", "cm/s"),
    Quantity("ẏ start", "cm/s"),
    Quantity("φ̇ start", "rad/s"),
    Quantity("θ̇ start", "rad/s"),
)
OUTPUTS = (
    Quantity("Fx", "g·cm/s²"),
    Quantity("Fy", "g·cm/s²"),
    Quantity("τ", "g·cm²/s²"),
    Quantity("ẋ end", "cm/s"),
    Quantity("ẏ end", "cm/s"),
    Quantity("φ̇ end", "rad/s"),
    Quantity("θ̇ end", "rad/s"),
)
_X, _VX, _Y, _VY, _THETA, _SPIN, _PHI, _SWING = range(8)
_START_COLUMNS = (_PHI, _THETA, _VX, _VY, _SWING, _SPIN)
_START_INPUTS = (0, 1, 6, 7, 8, 9)
_END_COLUMNS = (_X, _Y, _PHI, _THETA)
_END_INPUTS = (2, 3, 4, 5)
_RATE_COLUMNS = (_VX, _VY, _SWING, _SPIN)
_TAIL = 0.9


@dataclass(frozen=True)
class Moth(RegressionTask):
    """Hawkmoth flight inverted: predict the force that leads from a start to a wanted end.

    Zahn, Daniel and Kutz (2024), arXiv 2403.00974. Ten inputs (start, and wanted end, of one wing
    stroke), seven outputs (force, torque, end velocities), both scaled to [-1/2, 1/2] on the
    training set. The flights are simulated at first use and kept (see `harness cache`).

    **Parameters:**

    - `flights`: flights in all three splits together.
    - `flown`: how many held-out flights are flown with the force and torque that a network
      predicts, to see where the moth ends; 0: none.
    """

    name: ClassVar[str] = "moth"
    architecture: ClassVar[str] = "mlp[sizes=[400, 400, 400, 16]]"
    inputs: ClassVar[tuple[Quantity, ...]] = INPUTS
    outputs: ClassVar[tuple[Quantity, ...]] = OUTPUTS
    travels: ClassVar[str] = "cm"
    flights: Annotated[int, Ge(100)] = 200_000
    flown: Annotated[int, Ge(0)] = 256

    def data(self, *, seed: int) -> TaskData:
        """Return flights drawn from the seed, float32, split 64/16/20 % in the order of drawing."""
        from . import _moth_data

        arrays, notes = _moth_data.flights(self.flights, seed)
        inputs, targets = columns(arrays["initial"], arrays["controls"], arrays["final"])
        (train, validation, test), scales = scaled(split(inputs, targets))
        figures = {"flights": self.flights, "flights that failed": notes["failed"]}
        return TaskData(train, validation, test, INPUTS, OUTPUTS, scales, figures)

    def evaluate(
        self, outputs: Float[Array, "rows 7"], batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Return loss, errors in units, explained variance, and errors of flights as predicted.

        The error of a position is a distance, that of an angle a difference, not wrapped. Each is
        given as median and 90th percentile (`p90`) over the flights flown. Flights that cannot be
        solved are left out, and their share is given.
        """
        squares = jnp.mean((outputs - batch.targets) ** 2, axis=0)
        errors = jnp.sqrt(squares) * data.scales["target_range"]
        figures = {"loss": jnp.mean((outputs - batch.targets) ** 2)}
        figures |= {f"rmse {out.name}": errors[i] for i, out in enumerate(OUTPUTS)}
        figures["r²"] = jnp.mean(1 - squares / jnp.var(batch.targets, axis=0))
        if self.flown:
            rows = jnp.asarray(batch.inputs)[: self.flown]
            figures |= _flight_errors(rows, outputs[: self.flown], data.scales)
        return figures

    def paths(self, *, seed: int, strokes: int = 3, flights: int = 256) -> "Paths":
        """Return at most so many flights of several strokes, to be followed in a closed loop."""
        from . import _moth_paths

        return _moth_paths.draw(flights, strokes, seed)

    def closed_loop(
        self, forward: Callable[[Array], Array], paths: "Paths", data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Return how far from a path's end a moth comes that a network steers stroke by stroke.

        `forward` returns a network's outputs for scaled inputs, rows first; it is told where the
        moth is now and where the path is after the stroke. Figures named `one stroke` start from
        the path itself before its last stroke, so that what is more in those named `closed loop` is
        what errors of earlier strokes add. Medians over flights that could be solved: position in
        cm, angles in degrees. Traceable.
        """
        states = jnp.asarray(paths.states)
        at, all_solved = states[0], jnp.ones(states.shape[1], bool)
        for wanted in states[1:]:
            at, solved = _steered(forward, at, wanted, data.scales)
            all_solved &= solved
        ends = {
            "closed loop": (at, all_solved),
            "one stroke": _steered(forward, states[-2], states[-1], data.scales),
        }
        figures = {}
        for name, (end, solved) in ends.items():
            missed = jnp.abs(end - states[-1])
            missed = jnp.where(solved[:, None], missed, jnp.nan)
            figures[f"{name} position"] = jnp.nanmedian(jnp.hypot(missed[:, _X], missed[:, _Y]))
            figures[f"{name} θ"] = jnp.nanmedian(jnp.degrees(missed[:, _THETA]))
            figures[f"{name} φ"] = jnp.nanmedian(jnp.degrees(missed[:, _PHI]))
            figures[f"{name} not solved"] = 1 - jnp.mean(solved.astype(end.dtype))
        return figures

    def steering(self, number: int) -> "Steering":
        """Return how a network steers a moth in a closed loop, along the first paths of seed 0."""
        states = self.paths(seed=0, flights=number).states

        def steer(forward: Callable[[Array], Array], data: TaskData) -> tuple[Array, Array]:
            at, solved = jnp.asarray(states[0]), jnp.ones(states.shape[1], bool)
            flown = [at]
            for wanted in states[1:]:
                at, good = _steered(forward, at, jnp.asarray(wanted), data.scales)
                solved &= good
                flown.append(jnp.where(solved[:, None], at, jnp.nan))
            place = (..., [_X, _Y])
            return jnp.asarray(states)[place], jnp.stack(flown)[place]

        return steer

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the figures of `evaluate`."""
        units = {"loss": "1"} | {f"rmse {out.name}": out.unit for out in OUTPUTS} | {"r²": "1"}
        if self.flown:
            for name, unit in (("position", "cm"), ("θ", "rad"), ("φ", "rad")):
                units |= {f"flight error {name}": unit, f"flight error {name} p90": unit}
            units["flights not solved"] = "1"
        return units


def columns(
    initial: Float[np.ndarray, "flights 8"],
    controls: Float[np.ndarray, "flights 3"],
    final: Float[np.ndarray, "flights 8"],
) -> tuple[Float[np.ndarray, "flights 10"], Float[np.ndarray, "flights 7"]]:
    """Return unscaled inputs and targets, in the order of `INPUTS` and `OUTPUTS`."""
    inputs = np.empty((len(initial), len(INPUTS)), initial.dtype)
    inputs[:, _START_INPUTS] = initial[:, _START_COLUMNS]
    inputs[:, _END_INPUTS] = final[:, _END_COLUMNS]
    force, angle, torque = controls.T
    pushes = np.stack([force * np.cos(angle), force * np.sin(angle), torque], axis=1)
    return inputs, np.concatenate([pushes, final[:, _RATE_COLUMNS]], axis=1)


def _flight_errors(
    inputs: Float[Array, "flights 10"],
    predicted: Float[Array, "flights 7"],
    scales: Mapping[str, np.ndarray],
) -> dict[str, Float[Array, ""]]:
    """Return how far from the wanted end the predicted force and torque bring the moth."""
    from . import _moth_solver

    flown = jnp.asarray(unscaled(inputs, scales, "input"))
    controls = _controls(predicted, scales)
    initial = jnp.zeros((len(flown), 8), flown.dtype)
    initial = initial.at[:, _START_COLUMNS].set(flown[:, _START_INPUTS])
    final, solved = _moth_solver.fly(initial, controls)
    missed = jnp.abs(final[:, _END_COLUMNS] - flown[:, _END_INPUTS])
    missed = jnp.where(solved[:, None], missed, jnp.nan)
    x, y, phi, theta = missed.T
    figures = {"flights not solved": 1 - jnp.mean(solved.astype(flown.dtype))}
    for name, errors in (("position", jnp.hypot(x, y)), ("θ", theta), ("φ", phi)):
        figures[f"flight error {name}"] = jnp.nanmedian(errors)
        figures[f"flight error {name} p90"] = jnp.nanquantile(errors, _TAIL)
    return figures


def _steered(
    forward: Callable[[Array], Array],
    state: Float[Array, "flights 8"],
    wanted: Float[Array, "flights 8"],
    scales: Mapping[str, np.ndarray],
) -> tuple[Float[Array, "flights 8"], Bool[Array, " flights"]]:
    """States after one stroke of a network that is asked to come to `wanted`, and which solved."""
    from . import _moth_paths, _moth_solver

    # Seen from where the moth is, with the head within its first turn, as in training.
    turn = _moth_paths.turns(state)
    origin = jnp.zeros_like(state).at[:, _X].set(state[:, _X]).at[:, _Y].set(state[:, _Y])
    origin = origin.at[:, _THETA].set(turn).at[:, _PHI].set(turn)
    begin, end = state - origin, wanted - origin
    inputs = jnp.zeros((len(state), len(INPUTS)), state.dtype)
    inputs = inputs.at[:, _START_INPUTS].set(begin[:, _START_COLUMNS])
    inputs = inputs.at[:, _END_INPUTS].set(end[:, _END_COLUMNS])
    inputs = (inputs - scales["input_low"][None]) / scales["input_range"][None] - 0.5
    final, solved = _moth_solver.fly(begin, _controls(forward(inputs), scales))
    return final + origin, solved


def _controls(
    predicted: Float[Array, "flights 7"], scales: Mapping[str, np.ndarray]
) -> Float[Array, "flights 3"]:
    """Force, its angle and torque of what a network predicts."""
    pushes = unscaled(predicted, scales, "target")
    fx, fy, torque = pushes[:, 0], pushes[:, 1], pushes[:, 2]
    return jnp.stack([jnp.hypot(fx, fy), jnp.arctan2(fy, fx), torque], axis=1)


@hookimpl
def register_tasks() -> list[type[Moth]]:
    """Offer the task to the harness."""
    return [Moth]
