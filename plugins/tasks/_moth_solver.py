"""Solves flights by a Rosenbrock-W method that treats the hinge's damper implicitly.

The damper limits explicit methods to some 400 steps a stroke. As it acts in one direction, the
implicit part of the method is a rank-one system, solved by a division; accuracy then limits the
steps, to about 50.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from . import _moth_flight as flight

# ROS34PW2: four stages, order three with any approximate Jacobian, stiffly accurate.
_GAMMA = 0.43586652150845900
_STAGES = (
    (),
    (0.87173304301691801,),
    (0.84457060015369423, -0.11299064236484185),
    (0.0, 0.0, 1.0),
)
_IMPLICIT = (
    (),
    (-0.87173304301691801,),
    (-0.90338057013044082, 0.054180672388095326),
    (0.24212380706095346, -1.2232505839045147, 0.54526025533510214),
)
_SOLUTION = (0.24212380706095346, -1.2232505839045147, 1.5452602553351020, _GAMMA)
_EMBEDDED = (0.37810903145819369, -0.096042292212423178, 0.5, 0.21793326075422950)
_ERROR = tuple(best - other for best, other in zip(_SOLUTION, _EMBEDDED, strict=True))

_SPIN, _SWING = 5, 7


def _combined(weights: Sequence[float], stages: Sequence[Array]) -> Array:
    terms = [w * stage for w, stage in zip(weights, stages, strict=True) if w != 0]
    return sum(terms[1:], terms[0])


class DampedHinge(diffrax.AbstractAdaptiveSolver):
    """ROS34PW2 (Rang and Angermann, BIT 45:761, 2005) with the damper's rank-one Jacobian.

    A W-method keeps its order whatever matrix stands for the Jacobian. Here J = w gᵀ, where gᵀy is
    phi' - theta' and w is `hinge_response` at the start of the step, so that (1 - γhJ)k = r has the
    solution k = r + γh w (gᵀr) / (1 - γh gᵀw).
    """

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar = diffrax.LocalLinearInterpolation

    def order(self, terms: diffrax.AbstractTerm) -> int:
        """Return the order of the method."""
        return 3

    def init(self, terms: Any, t0: Any, t1: Any, y0: Array, args: Array) -> None:
        """Return no state: none is carried from step to step."""
        return

    def func(self, terms: diffrax.AbstractTerm, t0: Any, y0: Array, args: Array) -> Array:
        """Return the time derivative, from which diffrax would choose a first step."""
        return terms.vf(t0, y0, args)

    def step(
        self,
        terms: diffrax.AbstractTerm,
        t0: Any,
        t1: Any,
        y0: Array,
        args: Array,
        solver_state: None,
        made_jump: Any,
    ) -> tuple[Array, Array, dict[str, Array], None, Any]:
        """Take a step: return the state at t1, its estimated error, and what diffrax needs."""
        del solver_state, made_jump
        width = t1 - t0
        response = flight.hinge_response(y0)
        solved = _GAMMA * width / (1 - _GAMMA * width * (response[_SWING] - response[_SPIN]))
        stages: list[Array] = []
        for explicit, implicit in zip(_STAGES, _IMPLICIT, strict=True):
            at = y0 + _combined(explicit, stages) if stages else y0
            stage = width * terms.vf(t0, at, args)
            if stages:
                past = _combined(implicit, stages)
                stage = stage + width * (past[_SWING] - past[_SPIN]) * response
            stages.append(stage + solved * (stage[_SWING] - stage[_SPIN]) * response)
        y1 = y0 + _combined(_SOLUTION, stages)
        dense = {"y0": y0, "y1": y1}
        return y1, _combined(_ERROR, stages), dense, None, diffrax.RESULTS.successful


class Accuracy(NamedTuple):
    """How closely to solve: the relative tolerance, a solver that suits it, its most steps."""

    tolerance: float
    solver: diffrax.AbstractSolver
    max_steps: int


DATA = Accuracy(4e-6, DampedHinge(), max_steps=1024)
"""For float32: errors of scaled outputs under 1e-4 in 99.9 % of flights (the tests measure it)."""
REFERENCE = Accuracy(1e-10, diffrax.Tsit5(), max_steps=16384)
"""For float64: an independent, explicit method, many times slower."""

# Absolute tolerances as multiples of the relative one, by the scale of each state.
_SCALES = (1.0, 1000.0, 1.0, 1000.0, 1.0, 100.0, 1.0, 100.0)
_FIRST_STEP = 1e-5


def fly(
    initial: Float[Array, "flights 8"],
    controls: Float[Array, "flights 3"],
    accuracy: Accuracy = DATA,
) -> tuple[Float[Array, "flights 8"], Bool[Array, " flights"]]:
    """Return states after one wing stroke, and which flights were solved. Traceable.

    States and controls are those of `_moth_flight`; their dtype is that of the solution. A flight
    that takes too many steps, or starts or ends with values that are not finite, is False and its
    state is meaningless.
    """
    usable = jnp.isfinite(initial).all(-1) & jnp.isfinite(controls).all(-1)
    controls = jnp.where(usable[:, None], controls, 0)
    initial = jnp.where(usable[:, None], initial, 0)
    absolute = accuracy.tolerance * jnp.asarray(_SCALES, initial.dtype)

    def solve(state: Array, control: Array) -> tuple[Array, Array]:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(flight.vector_field),
            accuracy.solver,
            t0=0.0,
            t1=flight.STROKE,
            dt0=_FIRST_STEP,
            y0=state,
            args=control,
            saveat=diffrax.SaveAt(t1=True),
            stepsize_controller=diffrax.PIDController(rtol=accuracy.tolerance, atol=absolute),
            max_steps=accuracy.max_steps,
            throw=False,
        )
        return solution.ys[-1], solution.result == diffrax.RESULTS.successful

    final, solved = jax.vmap(solve)(initial, controls)
    return final, usable & solved & jnp.isfinite(final).all(-1)
