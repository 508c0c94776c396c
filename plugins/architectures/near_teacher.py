"""A perceptron that starts near the teacher of task `teacher`: a positive control."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from annotated_types import Ge, Gt
from pydantic import InstanceOf

from harness import Shape, TracedArchitecture, hookimpl
from harness.types import Key

from ..tasks.teacher import Teacher


@dataclass(frozen=True)
class NearTeacher(TracedArchitecture):
    """A tanh perceptron that starts with a teacher's weights plus noise: a positive control.

    Whatever says how much of a teacher a student recovers must find much in these networks. Name
    the teacher as the task is named, with `seed` the run's data seed.

    **Parameters:**

    - `of`: the task whose teacher it is
    - `seed`: data seed of the teacher
    - `noise`: standard deviation of what is added to every weight; a teacher's edges weigh 1 on
      average where `fan_in` is 4
    """

    name: ClassVar[str] = "near-teacher"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    of: InstanceOf[Teacher] = field(default_factory=Teacher)
    seed: Annotated[int, Ge(0)] = 0
    noise: Annotated[float, Gt(0)] = 0.1

    def module(self, shape: Shape, *, key: Key) -> Any:
        """Return dense layers without biases."""
        parts: list[Any] = []
        with jax.ensure_compile_time_eval():  # the teacher is drawn on the host
            teacher = self.of.weights(seed=self.seed, shape=shape)
        for weight in teacher.values():
            key, own = jax.random.split(key)
            start = weight + self.noise * jax.random.normal(own, weight.shape)
            targets, sources = weight.shape
            layer = eqx.nn.Linear(sources, targets, use_bias=False, key=own)
            parts += [eqx.tree_at(lambda one: one.weight, layer, start), eqx.nn.Lambda(jnp.tanh)]
        return eqx.nn.Sequential(parts[:-1])


@hookimpl
def register_architectures() -> list[type[NearTeacher]]:
    """Offer the architecture to the harness."""
    return [NearTeacher]
