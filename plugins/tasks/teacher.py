"""The teacher task: imitate a sparse network whose wiring is known."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import jax
import numpy as np
from annotated_types import Ge
from jaxtyping import Bool, Float

from harness import Quantity, RegressionTask, Shape, TaskData, hookimpl, split, stream

from . import _wiring

_RANDOM_TRIES, _PLANTING_TRIES = 20, 60
"""Attempts to swap an edge, for each edge of a layer."""
_GAIN = 2.0


@dataclass(frozen=True)
class Teacher(RegressionTask):
    """Imitate a sparse random network with planted motifs: a task whose right wiring is known.

    The teacher is an MLP with tanh units, no biases and the layer sizes of the default student, so
    that a pruned student can be compared with it edge by edge. Every node of a layer has the same
    number of incoming edges, and numbers of outgoing ones that differ by at most one: there are no
    hubs. Edges are first made random by swaps that keep every degree (Maslov and Sneppen, 2002,
    doi:10.1126/science.1065103). For `planted="bifan"`, swaps go on that do not lower the number of
    bi-fans of a layer: there are more of them than the degrees explain. For `planted="nothing"`, as
    many go on at random: the control, with the same degrees. An edge's weight has a random sign and
    a size uniform in 1/2 to 3/2 times 2/√fan_in. Inputs are standard normal, targets are the
    teacher's outputs, without noise. Ten inputs and seven outputs, as tasks `moth` and `quadrotor`.

    `wiring` and `weights` return what the teacher of a data seed has.

    **Parameters:**

    - `sizes`: nodes in the hidden layers of the teacher, and of the default student
    - `fan_in`: incoming edges of every node but inputs, at most as many as there are sources
    - `planted`: the motif that the teacher has too many of, or "nothing"
    - `rows`: of all three splits together
    """

    name: ClassVar[str] = "teacher"
    inputs: ClassVar[tuple[Quantity, ...]] = tuple(Quantity(f"x{one}", "1") for one in range(10))
    outputs: ClassVar[tuple[Quantity, ...]] = tuple(Quantity(f"y{one}", "1") for one in range(7))
    sizes: tuple[Annotated[int, Ge(1)], ...] = (24, 24, 24)
    fan_in: Annotated[int, Ge(1)] = 4
    planted: Literal["bifan", "nothing"] = "bifan"
    rows: Annotated[int, Ge(100)] = 20_000

    def __post_init__(self) -> None:
        fewest = min(len(self.inputs), *self.sizes)
        if self.fan_in > fewest:
            raise ValueError(f"fan_in = {self.fan_in}: a layer has {fewest} nodes to come from")
        object.__setattr__(self, "architecture", f"mlp[sizes={list(self.sizes)}]")

    def wiring(self, *, seed: int) -> dict[str, Bool[np.ndarray, "targets sources"]]:
        """Return the masks of the teacher of a data seed, named and shaped as an MLP's."""
        return {name: weight != 0 for name, weight in self.weights(seed=seed).items()}

    def weights(
        self, *, seed: int, shape: Shape | None = None
    ) -> dict[str, Float[np.ndarray, "targets sources"]]:
        """Return the weights of the teacher of a data seed, zero where there is no edge.

        With `shape`, those of a teacher with other inputs and outputs.
        """
        draws = _draws(seed, "teacher")
        inputs, outputs = shape or self.shape
        nodes = (*inputs, *self.sizes, outputs)
        found = {}
        for layer, (sources, targets) in enumerate(itertools.pairwise(nodes)):
            wired = self._layer(sources, targets, draws).T
            sizes = draws.choice([-1, 1], wired.shape) * draws.uniform(0.5, 1.5, wired.shape)
            weights = np.where(wired, sizes * _GAIN / np.sqrt(self.fan_in), 0)
            found[f"layers.{layer}.weight"] = weights.astype(np.float32)
        return found

    def _layer(
        self, sources: int, targets: int, draws: np.random.Generator
    ) -> Bool[np.ndarray, "sources targets"]:
        wired = _wiring.regular(sources, targets, self.fan_in)
        edges = targets * self.fan_in
        wired = _wiring.swapped(wired, _RANDOM_TRIES * edges, draws)
        plant = self.planted == "bifan"
        return _wiring.swapped(wired, _PLANTING_TRIES * edges, draws, plant=plant)

    def data(self, *, seed: int) -> TaskData:
        """Return random inputs with the teacher's outputs, split 64/16/20 % as drawn."""
        weights = self.weights(seed=seed)
        draws = _draws(seed, "data")
        inputs = draws.standard_normal((self.rows, len(self.inputs)), np.float32)
        targets = _outputs(weights, inputs).astype(np.float32)
        notes = {
            "teacher": f"harness_plugins.tasks.teacher: {self}.wiring(seed={seed})",
            "bi-fans of the teacher": sum(_wiring.bifans(one.T != 0) for one in weights.values()),
        }
        splits = split(inputs, targets)
        return TaskData(*splits, self.inputs, self.outputs, notes=notes)


def _outputs(
    weights: Mapping[str, Float[np.ndarray, "_targets _sources"]],
    inputs: Float[np.ndarray, "rows _inputs"],
) -> Float[np.ndarray, "rows _outputs"]:
    """Return the teacher's outputs, computed in float64."""
    *hidden, last = (weight.T.astype(np.float64) for weight in weights.values())
    signals = inputs.astype(np.float64)
    for weight in hidden:
        signals = np.tanh(signals @ weight)
    return signals @ last


def _draws(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(np.asarray(jax.random.key_data(stream(seed, name))))


@hookimpl
def register_tasks() -> list[type[Teacher]]:
    """Offer the task to the harness."""
    return [Teacher]
