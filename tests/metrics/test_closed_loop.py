"""The metric `closed-loop`: networks flown against SciPy, stroke by stroke; skipped elsewhere."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.architectures.mlp import Perceptron
from harness_plugins.metrics.closed_loop import ClosedLoop
from harness_plugins.tasks import _moth_paths
from harness_plugins.tasks.moth import Moth
from scipy.integrate import solve_ivp

import harness
from harness import Model, Trajectory, unscaled

TASK = Moth(flights=300, flown=0)
FLIGHT = Path(__file__).parents[1] / "tasks" / "test_moth_flight.py"


class Untrained(Trajectory):
    """Two networks with their initial weights, from no files."""

    def vectorised(self, function):
        keys = jax.random.split(jax.random.key(0), 2)
        networks = jax.vmap(lambda key: self.model.network(key=key))(keys)
        masks = {}
        return lambda level: jax.jit(jax.vmap(lambda one: function(one, masks)))(networks)


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        model, data = Model(TASK, Perceptron(sizes=(6,))), TASK.data(seed=0)
        yield Untrained(model, (0, 1), (1.0,), (), lambda: data)


def by_scipy(model, network, paths, scales):
    """Ends after all strokes of each path, from the equations written out, in double precision."""
    spec = importlib.util.spec_from_file_location("flights", FLIGHT)
    flights = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(flights)
    ends = []
    for path in np.moveaxis(paths.states.astype(float), 1, 0):
        state = path[0]
        for wanted in path[1:]:
            turn = 2 * np.pi * np.floor(state[4] / (2 * np.pi))
            x, vx, y, vy, theta, spin, phi, swing = state
            asked = np.array(
                [phi - turn, theta - turn, wanted[0] - x, wanted[2] - y,
                 wanted[6] - turn, wanted[4] - turn, vx, vy, swing, spin]
            )  # fmt: skip
            given = (asked - scales["input_low"]) / scales["input_range"] - 0.5
            said = model.forward(network, jnp.asarray(given[None], jnp.float32))
            fx, fy, torque = np.asarray(unscaled(said, scales, "target"), float)[0, :3]
            control = np.array([np.hypot(fx, fy), np.arctan2(fy, fx), torque])
            state = solve_ivp(
                lambda t, now, control=control: flights.written_out(now, control),
                (0, 0.02), state, method="LSODA", rtol=1e-9, atol=1e-8,
            ).y[:, -1]  # fmt: skip
        ends.append(state)
    return np.stack(ends)


@pytest.mark.slow
def test_networks_are_flown_as_scipy_says(trajectory):
    table = ClosedLoop(strokes=3, flights=6, seed=2).measure(trajectory)
    found = table.set_index(["network", "flight", "error"])["value"]
    paths = _moth_paths.draw(6, 3, 2)
    keys = jax.random.split(jax.random.key(0), 2)
    for number, key in enumerate(keys):
        network = trajectory.model.network(key=key)
        last = paths._replace(states=paths.states[-2:])
        for flight, flown in (("closed loop", paths), ("one stroke", last)):
            missed = by_scipy(trajectory.model, network, flown, trajectory.data.scales)
            missed = np.abs(missed - paths.states[-1])
            distance = np.median(np.hypot(missed[:, 0], missed[:, 2]))
            assert found[number, flight, "position"] == pytest.approx(distance, rel=1e-2)
            for name, column in (("θ", 4), ("φ", 6)):
                angle = np.median(np.degrees(missed[:, column]))
                assert found[number, flight, name] == pytest.approx(angle, rel=2e-2)
            assert found[number, flight, "not solved"] == 0
    units = table.drop_duplicates("error").set_index("error")["unit"]
    assert units.to_dict() == {"position": "cm", "θ": "degrees", "φ": "degrees", "not solved": "1"}


@pytest.mark.slow
def test_other_tasks_are_skipped_with_the_reason(tmp_path):
    run = harness.run(
        "digits", "random", schedule="oneshot[density=0.4, steps=20]", networks=1,
        metric="closed-loop", out=tmp_path / "run",
    )  # fmt: skip
    (row,) = run.measurements().to_dict("records")
    assert (row["status"], row["reason"]) == (
        "skipped", "metric 'closed-loop': flies task 'moth', and 'digits' has no flights",
    )  # fmt: skip
    assert (run.trials()["status"] == "done").all()
