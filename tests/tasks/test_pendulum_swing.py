"""The pendulum task against SciPy's integrator, and against the balance of momentum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks.pendulum_swing import PendulumSwing
from scipy.integrate import solve_ivp

from harness import Batch

SMALL = PendulumSwing(seen=4, swings=300, swung=32)
FASTEST, STRONGEST = 20, 10


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def data(own_cache):
    return SMALL.data(seed=0)


def test_swings_are_those_of_scipy(data):
    for row, target in zip(data.test.inputs[:20], data.test.targets[:20], strict=True):
        sine, cosine, speed = (2 * row * np.array([1, 1, FASTEST])).astype(float).T
        torques = 2 * STRONGEST * target.astype(float)
        state, path = np.array([np.arctan2(sine[0], cosine[0]), speed[0]]), []
        for torque in torques:
            states = solve_ivp(
                lambda t, y, torque=torque: (y[1], torque - 0.1 * y[1] - 9.81 * np.sin(y[0])),
                (0, 0.5), state, t_eval=np.linspace(0, 0.5, 5), rtol=1e-10, atol=1e-10,
            ).y  # fmt: skip
            path.append(states[:, 1:])
            state = states[:, -1]
        angle, rate = np.concatenate(path, axis=1)
        np.testing.assert_allclose(speed[1:], rate, atol=1e-4)
        np.testing.assert_allclose(sine[1:], np.sin(angle), atol=1e-4)
        np.testing.assert_allclose(cosine[1:], np.cos(angle), atol=1e-4)


def test_torques_follow_from_the_path():
    """Each torque times 0.5 s is what momentum gains and what weight and friction take."""
    task = PendulumSwing(seen=100, swings=100)
    rows, targets = task.data(seed=0).train
    states = rows.astype(float) * np.array([2, 2, 2 * FASTEST])
    for place in range(3):
        sine, _, speed = np.moveaxis(states[:, 100 * place : 100 * place + 101], -1, 0)
        taken = np.trapezoid(9.81 * sine + 0.1 * speed, dx=0.005, axis=1)
        torque = (speed[:, -1] - speed[:, 0] + taken) / 0.5
        np.testing.assert_allclose(torque, 2 * STRONGEST * targets[:, place], atol=0.01)


def test_shape_and_scales(data):
    assert SMALL.shape == ((13, 3), 3)
    assert data.train.inputs.shape == (192, 13, 3)
    assert data.train.inputs.dtype == data.train.targets.dtype == np.float32
    assert np.abs(data.train.targets).max() <= 0.5
    assert 0.3 < np.abs(data.train.inputs[..., 2]).max() < 0.6


@pytest.mark.slow
def test_true_torques_repeat_the_swing(data):
    batch = Batch(*map(jnp.asarray, data.test))
    found = jax.jit(lambda outputs: SMALL.evaluate(outputs, batch, data))(batch.targets)
    assert set(found) == set(SMALL.units)
    assert float(found["swing error θ"]) < 1e-4
    wrong = SMALL.evaluate(batch.targets.at[:, 1].add(0.1), batch, data)
    assert float(wrong["rmse second torque"]) == pytest.approx(0.1 * 2 * STRONGEST, rel=1e-3)
    assert float(wrong["swing error θ"]) > 0.1
    assert "swing error θ" not in PendulumSwing(swung=0).units


def test_the_best_constant_has_the_variance_of_uniform_torques():
    task = PendulumSwing(swings=5000)
    data = task.data(seed=0)
    assert task.constant_loss(data.train, data.test) == pytest.approx(1 / 12, rel=0.05)
