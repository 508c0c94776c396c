"""The rival of our simulation: scipy's `odeint` with a right-hand side that numba compiles.

One flight after another, as the published code has it (Zahn, Daniel and Kutz, 2024).
"""

import math
from typing import Any

import numpy as np
from harness_plugins.tasks._moth_flight import (
    ABDOMEN,
    ABDOMEN_ARM,
    AIR_DENSITY,
    AIR_VISCOSITY,
    DAMPER,
    FORCE_ARM,
    GRAVITY,
    HEAD,
    HEAD_ARM,
    REST_ANGLE,
    SPRING,
    STROKE,
)
from numba import njit
from scipy.integrate import odeint

ODEINT_TOLERANCE = 1.49012e-8
"""What `odeint` takes, relative and absolute, when it is told nothing."""

_MAX_STEPS = 10_000
"""odeint's own 500 are too few at that tolerance: it then returns flights that it gave up."""

# numba compiles module constants in, but not the properties of a named tuple.
_HEAD_MASS, _ABDOMEN_MASS = HEAD.mass, ABDOMEN.mass
_MASS = _HEAD_MASS + _ABDOMEN_MASS
_HEAD_MOMENT, _ABDOMEN_MOMENT = HEAD_ARM * _HEAD_MASS, ABDOMEN_ARM * _ABDOMEN_MASS
_HEAD_PIVOT = HEAD.inertia + HEAD_ARM * _HEAD_MOMENT - _HEAD_MOMENT**2 / _MASS
_ABDOMEN_PIVOT = ABDOMEN.inertia + ABDOMEN_ARM * _ABDOMEN_MOMENT - _ABDOMEN_MOMENT**2 / _MASS
_COUPLING = _HEAD_MOMENT * _ABDOMEN_MOMENT / _MASS
_HEAD_REYNOLDS = AIR_DENSITY * 2 * HEAD.short / AIR_VISCOSITY
_ABDOMEN_REYNOLDS = AIR_DENSITY * 2 * ABDOMEN.short / AIR_VISCOSITY
_HEAD_DRAG = 0.5 * AIR_DENSITY * HEAD.area
_ABDOMEN_DRAG = 0.5 * AIR_DENSITY * ABDOMEN.area
_AT_REST = 1e-6


@njit
def _drag(vx: float, vy: float) -> float:
    speed = max(math.sqrt(vx * vx + vy * vy), _AT_REST)
    head, abdomen = _HEAD_REYNOLDS * speed, _ABDOMEN_REYNOLDS * speed
    return _HEAD_DRAG * (24 / head + 6 / (1 + math.sqrt(head)) + 0.4) + _ABDOMEN_DRAG * (
        24 / abdomen + 6 / (1 + math.sqrt(abdomen)) + 0.4
    )


@njit
def _derivative(
    state: np.ndarray, t: float, force: float, alpha: float, torque: float
) -> np.ndarray:
    vx, vy, theta, spin = state[1], state[3], state[4], state[5]
    phi, swing = state[6], state[7]
    a, b = -_HEAD_MOMENT * math.sin(theta), -_ABDOMEN_MOMENT * math.sin(phi)
    c, d = _HEAD_MOMENT * math.cos(theta), _ABDOMEN_MOMENT * math.cos(phi)
    drag = _drag(vx, vy)  # type: ignore[call-arg]
    elastic = SPRING * (phi - theta - math.pi - REST_ANGLE) + DAMPER * (swing - spin)
    push_x = force * math.cos(alpha + theta) - drag * abs(vx) * vx + c * spin**2 + d * swing**2
    push_y = force * math.sin(alpha + theta) - drag * abs(vy) * vy - a * spin**2 - b * swing**2
    push_y -= _MASS * GRAVITY
    head = torque - GRAVITY * c + elastic + force * FORCE_ARM * math.sin(alpha)
    abdomen = -torque - GRAVITY * d - elastic
    # The mass matrix [[M, 0, a, b], [0, M, c, d], [a, c, P, 0], [b, d, 0, Q]], x and y eliminated:
    # cheaper than a general solver, so that the rival is not slowed by what it need not do.
    head -= (a * push_x + c * push_y) / _MASS
    abdomen -= (b * push_x + d * push_y) / _MASS
    coupling = -_COUPLING * math.cos(theta - phi)
    determinant = _HEAD_PIVOT * _ABDOMEN_PIVOT - coupling * coupling
    spin_rate = (_ABDOMEN_PIVOT * head - coupling * abdomen) / determinant
    swing_rate = (_HEAD_PIVOT * abdomen - coupling * head) / determinant
    rates = np.empty(8)
    rates[0], rates[1] = vx, (push_x - a * spin_rate - b * swing_rate) / _MASS
    rates[2], rates[3] = vy, (push_y - c * spin_rate - d * swing_rate) / _MASS
    rates[4], rates[5], rates[6], rates[7] = spin, spin_rate, swing, swing_rate
    return rates


def flights(
    initial: np.ndarray[Any, Any],
    controls: np.ndarray[Any, Any],
    tolerance: float = ODEINT_TOLERANCE,
    max_steps: int = _MAX_STEPS,
) -> np.ndarray[Any, Any]:
    """States (flights, 8), float64, after one wing stroke from `initial` under `controls`.

    Arrays as `_moth_data.simulate` takes them: (flights, 8) and (flights, 3). A flight that takes
    more than `max_steps` keeps whatever odeint returns, with its warning.
    """
    times = np.array([0.0, STROKE])
    ends = np.empty((len(initial), 8))
    starts, pushes = initial.astype(np.float64), controls.astype(np.float64)
    for row, (start, push) in enumerate(zip(starts, pushes, strict=True)):
        path = odeint(
            _derivative,
            start,
            times,
            args=tuple(push.tolist()),
            rtol=tolerance,
            atol=tolerance,
            mxstep=max_steps,
        )
        ends[row] = path[-1]
    return ends
