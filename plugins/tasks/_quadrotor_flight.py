"""How a planar quadrotor flies with a load that hangs on a rod.

Rigid body (x, y, θ), point load at angle φ from the downward vertical on a massless rod that is
hinged at the body's centre of mass: Pizetta, Brandão and Sarcinelli-Filho (CBA 2012, "Modelagem e
controle de um quadrimotor PVTOL transportando uma carga suspensa"), without friction. With the
thrust T = left + right along (-sin θ, cos θ), d'Alembert's principle gives

    (m + M) a = T (-sin θ, cos θ) - (m + M) (0, g) - M (load's acceleration against the body)
    φ'' = -T sin(φ - θ) / (m L),  θ'' = arm (right - left) / J

where m and M are the masses of body and load. Units are SI. State (8): x, x', y, y', θ, θ', φ, φ'.
Controls (2), constant over the step: left and right thrust.
"""

from typing import Any

import diffrax
import jax.numpy as jnp
from jaxtyping import Array, Float

STEP = 0.2
"""Duration of a step, s."""
BODY = 0.5
"""Mass of the quadrotor, kg."""
LOAD = 0.2
"""Mass of the load, kg."""
INERTIA = 0.01
"""Of the body about its centre of mass, kg m²."""
ARM = 0.15
"""From the centre of mass to each pair of rotors, m."""
ROD = 0.5
"""Length of the rod, m."""
GRAVITY = 9.81

_WIDTH = 0.01  # s; a step of Tsit5: its error is below float32's


def slope(t: Any, state: Float[Array, " 8"], thrusts: Float[Array, " 2"]) -> Float[Array, " 8"]:
    """Return the time derivative of the state. Nothing depends on `t`, which solvers pass."""
    del t
    _, vx, _, vy, theta, spin, phi, swing = state
    thrust = thrusts[0] + thrusts[1]
    rate = -thrust * jnp.sin(phi - theta) / (BODY * ROD)
    # The rod is L (sin φ, -cos φ): what it adds to the mean acceleration of body and load.
    share = LOAD / (BODY + LOAD) * ROD
    lift = thrust / (BODY + LOAD)
    ax = -lift * jnp.sin(theta) - share * (rate * jnp.cos(phi) - swing**2 * jnp.sin(phi))
    ay = lift * jnp.cos(theta) - share * (rate * jnp.sin(phi) + swing**2 * jnp.cos(phi)) - GRAVITY
    turn = ARM * (thrusts[1] - thrusts[0]) / INERTIA
    return jnp.stack([vx, ax, vy, ay, spin, turn, swing, rate])


def pull(state: Float[Array, " 8"], thrusts: Float[Array, " 2"]) -> Float[Array, ""]:
    """Return the force with which the rod pulls the load towards the body, N.

    M (acceleration of the body + g) along the rod, and M L φ'². Negative where a cable would be
    slack.
    """
    _, ax, _, ay, _, _, _, _ = slope(0.0, state, thrusts)
    phi, swing = state[6], state[7]
    along = -jnp.sin(phi) * ax + jnp.cos(phi) * (ay + GRAVITY)
    return LOAD * (along + ROD * swing**2)


def fly(initial: Float[Array, " 8"], thrusts: Float[Array, " 2"]) -> Float[Array, " 8"]:
    """Return the state after one step. Traceable."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        diffrax.Tsit5(),
        t0=0.0,
        t1=STEP,
        dt0=_WIDTH,
        y0=initial,
        args=thrusts,
        saveat=diffrax.SaveAt(t1=True),
        stepsize_controller=diffrax.ConstantStepSize(),
        max_steps=64,
    )
    return solution.ys[-1]
