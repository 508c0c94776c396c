"""The quadrotor task against a model written out in another way, and SciPy's integrator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks import _quadrotor_flight as flight
from harness_plugins.tasks.quadrotor import Quadrotor
from scipy.integrate import solve_ivp

from harness import Batch, unscaled

SMALL = Quadrotor(flights=300, flown=32)
BODY, LOAD, INERTIA, ARM, ROD, GRAVITY = 0.5, 0.2, 0.01, 0.15, 0.5, 9.81


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def data(own_cache):
    return SMALL.data(seed=0)


def newton(state, thrusts):
    """Two bodies and the force of the rod between them: five unknowns of five equations.

    Returns the time derivative and that force; the harness eliminates the force.
    """
    _, vx, _, vy, theta, spin, phi, swing = state
    left, right = thrusts
    down, across = np.array([np.sin(phi), -np.cos(phi)]), np.array([np.cos(phi), np.sin(phi)])
    # Body: m a = T n - m g + f down. Load: M b = -M g - f down.
    # Rod: b - a = L (φ'' across - φ'² down).
    matrix, known = np.zeros((6, 6)), np.zeros(6)  # a (2), b (2), φ'', f
    for axis in range(2):
        matrix[axis, axis], matrix[axis, 5] = BODY, -down[axis]
        matrix[2 + axis, 2 + axis], matrix[2 + axis, 5] = LOAD, down[axis]
        matrix[4 + axis, 2 + axis], matrix[4 + axis, axis] = 1, -1
        matrix[4 + axis, 4] = -ROD * across[axis]
        known[4 + axis] = -ROD * swing**2 * down[axis]
    known[:2] = (left + right) * np.array([-np.sin(theta), np.cos(theta)])
    known[1] -= BODY * GRAVITY
    known[3] = -LOAD * GRAVITY
    ax, ay, _, _, rate, force = np.linalg.solve(matrix, known)
    turn = ARM * (right - left) / INERTIA
    return np.array([vx, ax, vy, ay, spin, turn, swing, rate]), force


def test_flights_are_those_of_scipy(data):
    inputs = unscaled(data.test.inputs, data.scales, "input").astype(float)
    targets = unscaled(data.test.targets, data.scales, "target").astype(float)
    for row, target in zip(inputs[:20], targets[:20], strict=True):
        phi, theta, x, y, phi_end, theta_end, vx, vy, swing, spin = row
        thrusts, start = target[:2], [0, vx, 0, vy, theta, spin, phi, swing]
        end = solve_ivp(
            lambda t, state, thrusts=thrusts: newton(state, thrusts)[0],
            (0, 0.2), start, rtol=1e-10, atol=1e-10,
        ).y[:, -1]  # fmt: skip
        found = [x, target[3], y, target[4], theta_end, target[6], phi_end, target[5]]
        np.testing.assert_allclose(found, end, atol=2e-5, rtol=2e-5)
        np.testing.assert_allclose(target[2], newton(end, thrusts)[1], atol=2e-4, rtol=2e-5)


def test_energy_changes_by_the_work_of_the_thrusts():
    def energy(state):
        _, vx, y, vy, _, spin, phi, swing = state
        ux, uy = vx + ROD * jnp.cos(phi) * swing, vy + ROD * jnp.sin(phi) * swing
        moving = BODY * (vx**2 + vy**2) + LOAD * (ux**2 + uy**2) + INERTIA * spin**2
        return moving / 2 + GRAVITY * (BODY * y + LOAD * (y - ROD * jnp.cos(phi)))

    with jax.enable_x64(True):
        state = jnp.asarray([0.3, 1.2, -0.4, 0.7, 0.5, -2.0, 1.1, 3.0])
        left, right = 2.0, 5.0
        slope = flight.slope(0.0, state, jnp.asarray([left, right]))
        rate = jax.jvp(energy, (state,), (slope,))[1]
    _, vx, _, vy, theta, spin, _, _ = np.asarray(state)
    lift = (left + right) * (vy * np.cos(theta) - vx * np.sin(theta))
    assert float(rate) == pytest.approx(lift + ARM * (right - left) * spin, rel=1e-12)


@pytest.mark.slow
def test_true_thrusts_fly_to_the_wanted_end(data):
    batch = Batch(*map(jnp.asarray, data.test))
    found = jax.jit(lambda outputs: SMALL.evaluate(outputs, batch, data))(batch.targets)
    assert set(found) == set(SMALL.units)
    assert float(found["flight error position"]) < 1e-5
    assert float(found["flight error φ"]) < 1e-4
    wrong = SMALL.evaluate(batch.targets.at[:, 0].add(0.25), batch, data)
    assert float(wrong["rmse left thrust"]) == pytest.approx(2, rel=0.02)
    assert float(wrong["flight error θ"]) == pytest.approx(2 * ARM / INERTIA * 0.2**2 / 2, rel=0.02)
    assert "flight error θ" not in Quadrotor(flown=0).units


def test_shape_and_scales(data):
    assert SMALL.shape == ((10,), 7)
    assert [len(one.inputs) for one in (data.train, data.validation, data.test)] == [192, 48, 60]
    for part in data.train:
        assert part.dtype == np.float32
        np.testing.assert_allclose(part.min(0), -0.5, atol=1e-6)
        np.testing.assert_allclose(part.max(0), 0.5, atol=1e-6)


def test_few_flights_are_the_beginning_of_more(data):
    more = Quadrotor(flights=5000).data(seed=0)
    raw = [unscaled(one.train.targets, one.scales, "target") for one in (data, more)]
    np.testing.assert_allclose(raw[0], raw[1][:192], atol=1e-5)
    other = SMALL.data(seed=1)
    assert not np.array_equal(other.train.inputs, data.train.inputs)
