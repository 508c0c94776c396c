"""The moth steered by a network for several strokes, against SciPy and against true controls."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks import _moth_data, _moth_paths
from harness_plugins.tasks.moth import Moth
from scipy.integrate import solve_ivp

from harness import unscaled

HERE = Path(__file__).parent
SMALL = Moth(flights=1000, flown=0)
STROKES = 3


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def data(own_cache):
    return SMALL.data(seed=0)


@pytest.fixture(scope="module")
def paths():
    return SMALL.paths(seed=0, strokes=STROKES, flights=24)


@pytest.fixture(scope="module")
def written_out():
    """The equations of motion, term by term, of the test of flights."""
    spec = importlib.util.spec_from_file_location("flights", HERE / "test_moth_flight.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.written_out


def outputs_of(controls, data):
    """What a network would have to say for these controls, scaled."""
    force, alpha, torque = controls.T
    pushes = np.zeros((len(controls), 7), np.float32)
    pushes[:, :3] = np.stack([force * np.cos(alpha), force * np.sin(alpha), torque], axis=1)
    scaled = (pushes - data.scales["target_low"]) / data.scales["target_range"] - 0.5
    return jnp.asarray(scaled, jnp.float32)


def test_every_stroke_ends_where_training_may_start(paths):
    assert paths.states.shape[0] == STROKES + 1
    assert 20 <= paths.states.shape[1] <= 24
    for number in range(STROKES):
        final, solved = _moth_data.simulate(paths.states[number], paths.controls[number])
        assert solved.all()
        np.testing.assert_array_equal(final, paths.states[number + 1])
    for state in paths.states:
        assert (np.abs(state[:, (1, 3)]) <= 1500).all()
        assert (np.abs(state[:, (5, 7)]) <= 25).all()
        turn = state[:, 4] - np.mod(state[:, 4], 2 * np.pi)
        np.testing.assert_allclose(_moth_paths.turns(state), turn, atol=1e-5)
        assert (np.abs(state[:, 6] - turn - np.pi) <= np.pi + 1e-5).all()


@pytest.mark.slow
@pytest.mark.parametrize("whole", [0, -1])
def test_true_controls_stay_on_the_path(paths, data, whole):
    asked = []
    turned = np.zeros(8, np.float32)
    turned[[4, 6]] = whole * 2 * np.pi  # the same moths after a turn of both angles
    paths = paths._replace(states=paths.states + turned)

    def oracle(inputs):
        number = min(len(asked), STROKES - 1)  # the last call is the one stroke apart
        asked.append(unscaled(inputs, data.scales, "input"))
        return outputs_of(paths.controls[number], data)

    found = SMALL.closed_loop(oracle, paths, data)
    assert len(asked) == STROKES + 1
    for name in ("closed loop", "one stroke"):
        assert float(found[f"{name} position"]) < 1e-2
        assert float(found[f"{name} θ"]) < 0.1
        assert float(found[f"{name} φ"]) < 0.1
        assert float(found[f"{name} not solved"]) == 0
    # What it was told is a start and an end of the training data: the true controls join them.
    for inputs, controls in zip(asked, (*paths.controls, paths.controls[-1]), strict=True):
        phi, theta, *ends, vx, vy, swing, spin = np.asarray(inputs, np.float32).T
        assert (theta >= -1e-3).all()
        assert (theta < 2 * np.pi + 1e-3).all()
        none = np.zeros_like(vx)
        initial = np.stack([none, vx, none, vy, theta, spin, phi, swing], axis=1)
        final, _ = _moth_data.simulate(initial, controls)
        np.testing.assert_allclose(np.stack(ends, axis=1), final[:, (0, 2, 6, 4)], atol=0.02)


@pytest.mark.slow
def test_constant_outputs_fly_as_scipy_says(paths, data, written_out):
    one = jax.tree.map(lambda part: part[:, :1], paths)
    control = np.array([20000.0, 1.0, 30000.0])
    steer = outputs_of(control[None], data)
    found = SMALL.closed_loop(lambda inputs: steer, one, data)
    for name, start, seconds in (("closed loop", 0, 0.06), ("one stroke", 2, 0.02)):
        end = solve_ivp(
            lambda t, state: written_out(state, control), (0, seconds),
            one.states[start, 0].astype(float), method="LSODA", rtol=1e-9, atol=1e-8,
        ).y[:, -1]  # fmt: skip
        missed = np.abs(end - one.states[-1, 0])
        assert float(found[f"{name} position"]) == pytest.approx(
            np.hypot(*missed[[0, 2]]), rel=1e-3
        )
        assert float(found[f"{name} θ"]) == pytest.approx(np.degrees(missed[4]), rel=1e-2)
        assert float(found[f"{name} φ"]) == pytest.approx(np.degrees(missed[6]), rel=1e-2)


@pytest.mark.slow
def test_networks_are_flown_together_under_jit(paths, data, model):
    moth = model("moth", flights=1000, flown=0, sizes=(8,))
    networks = jax.vmap(lambda key: moth.network(key=key))(jax.random.split(jax.random.key(0), 2))

    def one(network):
        return SMALL.closed_loop(lambda inputs: moth.forward(network, inputs), paths, data)

    found = jax.jit(jax.vmap(one))(networks)
    assert all(values.shape == (2,) and np.isfinite(values).all() for values in found.values())
