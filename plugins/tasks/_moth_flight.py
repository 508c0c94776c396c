"""How a hawkmoth flies: two hinged spheroids, pushed by a force and a torque for one stroke.

The model of Bustamante, Ahmed, Deora, Fabien and Daniel (Integr. Org. Biol. 4, obac039, 2022) as
Zahn, Daniel and Kutz (arXiv 2403.00974, 2024) simulate it. Units are CGS throughout: cm, g, s, rad.

State (8): x, x', y, y', theta, theta', phi, phi'. (x, y) is the joint between head-thorax and
abdomen, theta the angle of head-thorax, phi that of the abdomen; angles are not wrapped.
Controls (3), constant over the stroke: force F (g cm/s²), its angle alpha to the body axis, and
torque tau at the joint (g cm²/s²).
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

STROKE = 0.02
"""Duration of a wing stroke, s."""

GRAVITY = 980.0
AIR_DENSITY = 1.18e-3
AIR_VISCOSITY = 1.86e-4
SPRING = 23000.0
DAMPER = 14075.8
REST_ANGLE = 0.0

HEAD_ARM = 0.9
"""L1: from the joint to the centre of mass of head-thorax, cm."""
ABDOMEN_ARM = 1.9
"""L2: from the joint to the centre of mass of the abdomen, cm."""
FORCE_ARM = 0.75
"""L3: from the joint to where the force acts, cm."""


class Body(NamedTuple):
    """A segment: a spheroid of half axes `short` and `long` (cm) and of `density` (g/cm³)."""

    short: float
    long: float
    density: float

    @property
    def mass(self) -> float:
        """Mass, g."""
        return self.density * 4 / 3 * math.pi * self.short**2 * self.long

    @property
    def inertia(self) -> float:
        """Moment of inertia about the centre of mass, across the long axis, g cm²."""
        return self.mass * self.short**2 * (1 + (self.long / self.short) ** 2) / 5

    @property
    def area(self) -> float:
        """Cross-section that meets the air, cm²."""
        return math.pi * self.short**2


HEAD = Body(0.5, 0.9, 0.9)
ABDOMEN = Body(0.75, 1.9, 0.4)

_MASS = HEAD.mass + ABDOMEN.mass
_HEAD_MOMENT = HEAD_ARM * HEAD.mass
_ABDOMEN_MOMENT = ABDOMEN_ARM * ABDOMEN.mass
# The angular block of the mass matrix after elimination of x'' and y''.
_HEAD_PIVOT = HEAD.inertia + HEAD_ARM**2 * HEAD.mass - _HEAD_MOMENT**2 / _MASS
_ABDOMEN_PIVOT = ABDOMEN.inertia + ABDOMEN_ARM**2 * ABDOMEN.mass - _ABDOMEN_MOMENT**2 / _MASS
_COUPLING = _HEAD_MOMENT * _ABDOMEN_MOMENT / _MASS

_AT_REST = 1e-6  # cm/s; below it the Reynolds number is held, so that 24/Re stays finite.


def drag_factor(vx: Float[Array, "*shape"], vy: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return D of the drag forces D|x'|x' and D|y'|y' (g/cm), of both segments.

    C_d = 24/Re + 6/(1 + sqrt(Re)) + 0.4 depends on the Reynolds number and grows without bound as
    the speed falls, but the forces do not: below 1e-6 cm/s the speed in Re is held, so that values
    and gradients are finite at rest.
    """
    square = vx * vx + vy * vy
    speed = jnp.sqrt(jnp.where(square > _AT_REST**2, square, _AT_REST**2))
    total = jnp.zeros_like(speed)
    for body in (HEAD, ABDOMEN):
        reynolds = speed * (AIR_DENSITY * 2 * body.short / AIR_VISCOSITY)
        coefficient = 24 / reynolds + 6 / (1 + jnp.sqrt(reynolds)) + 0.4
        total = total + 0.5 * AIR_DENSITY * body.area * coefficient
    return total


class _Pose(NamedTuple):
    """The values that angles determine: a, b, c, d of the mass matrix, and their coupling.

    The mass matrix is [[A, 0, a, b], [0, A, c, d], [a, c, P, 0], [b, d, 0, Q]]. A = m1 + m2 is a
    number, a² + c² and b² + d² do not depend on the angles and ab + cd only on theta - phi, so that
    with x'' and y'' eliminated two equations remain, of which only the coupling varies.
    """

    a: Array
    b: Array
    c: Array
    d: Array
    coupling: Array


def _pose(theta: Array, phi: Array) -> _Pose:
    sin_theta, cos_theta = jnp.sin(theta), jnp.cos(theta)
    sin_phi, cos_phi = jnp.sin(phi), jnp.cos(phi)
    return _Pose(
        a=-_HEAD_MOMENT * sin_theta,
        b=-_ABDOMEN_MOMENT * sin_phi,
        c=_HEAD_MOMENT * cos_theta,
        d=_ABDOMEN_MOMENT * cos_phi,
        coupling=-_COUPLING * (sin_theta * sin_phi + cos_theta * cos_phi),
    )


def _accelerations(
    pose: _Pose, push_x: Array, push_y: Array, turn_head: Array, turn_abdomen: Array
) -> tuple[Array, Array, Array, Array]:
    """Return x'', y'', theta'', phi'' under generalised forces, solved by structure."""
    a, b, c, d, coupling = pose
    head = turn_head - (a * push_x + c * push_y) / _MASS
    abdomen = turn_abdomen - (b * push_x + d * push_y) / _MASS
    determinant = _HEAD_PIVOT * _ABDOMEN_PIVOT - coupling * coupling
    spin_rate = (_ABDOMEN_PIVOT * head - coupling * abdomen) / determinant
    swing_rate = (_HEAD_PIVOT * abdomen - coupling * head) / determinant
    x_rate = (push_x - a * spin_rate - b * swing_rate) / _MASS
    y_rate = (push_y - c * spin_rate - d * swing_rate) / _MASS
    return x_rate, y_rate, spin_rate, swing_rate


def vector_field(
    t: Any, state: Float[Array, "*batch 8"], controls: Float[Array, "*batch 3"]
) -> Float[Array, "*batch 8"]:
    """Return the time derivative of the state. `t`, which solvers pass, has no effect."""
    del t
    _, vx, _, vy, theta, spin, phi, swing = jnp.moveaxis(state, -1, 0)
    force, alpha, torque = jnp.moveaxis(controls, -1, 0)
    pose = _pose(theta, phi)
    drag = drag_factor(vx, vy)
    elastic = SPRING * (phi - theta - math.pi - REST_ANGLE) + DAMPER * (swing - spin)
    x_rate, y_rate, spin_rate, swing_rate = _accelerations(
        pose,
        push_x=force * jnp.cos(alpha + theta)
        - drag * jnp.abs(vx) * vx
        + pose.c * spin**2
        + pose.d * swing**2,
        push_y=force * jnp.sin(alpha + theta)
        - drag * jnp.abs(vy) * vy
        - pose.a * spin**2
        - pose.b * swing**2
        - _MASS * GRAVITY,
        turn_head=torque - GRAVITY * pose.c + elastic + force * FORCE_ARM * jnp.sin(alpha),
        turn_abdomen=-torque - GRAVITY * pose.d - elastic,
    )
    return jnp.stack([vx, x_rate, vy, y_rate, spin, spin_rate, swing, swing_rate], axis=-1)


def hinge_response(state: Float[Array, " 8"]) -> Float[Array, " 8"]:
    """Return what a damper rate phi' - theta' of 1 adds to the state's time derivative.

    The damper makes the flight stiff (time constants of 15 to 46 µs in a stroke of 20 ms), and it
    acts in this one direction only.
    """
    torque = jnp.full_like(state[0], DAMPER)
    none = jnp.zeros_like(torque)
    x_rate, y_rate, spin_rate, swing_rate = _accelerations(
        _pose(state[4], state[6]), none, none, torque, -torque
    )
    return jnp.stack([none, x_rate, none, y_rate, none, spin_rate, none, swing_rate])
