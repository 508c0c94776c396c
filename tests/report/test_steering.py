"""The metric `steering`: paths against true controls and the closed loop; its part of the page."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from harness_plugins.architectures.mlp import Perceptron
from harness_plugins.metrics import _steering_sections as drawn
from harness_plugins.metrics.closed_loop import ClosedLoop
from harness_plugins.metrics.steering import Steering
from harness_plugins.tasks.moth import Moth

from harness import Model, Trajectory
from harness.report import Report, collect
from harness.tables.parts import number
from harness.testing import TinyTask

TASK = Moth(flights=300, flown=0)
PATHS = 6


class Untrained(Trajectory):
    """Three networks with their initial weights at three levels, each level's others."""

    def vectorised(self, function):
        def at(level):
            keys = jax.random.split(jax.random.key(level), 3)
            networks = jax.vmap(lambda key: self.model.network(key=key))(keys)
            return jax.jit(jax.vmap(lambda one: function(one, {})))(networks)

        return at


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        model, data = Model(TASK, Perceptron(sizes=(6,))), TASK.data(seed=0)
        yield Untrained(model, (0, 1, 2), (1.0, 0.5, 0.15, 0.07), (), lambda: data)


@pytest.fixture(scope="module")
def table(trajectory):
    return Steering(paths=PATHS).measure(trajectory)


@pytest.mark.slow
def test_true_controls_stay_on_the_path_to_a_hundredth_of_a_centimetre(trajectory):
    data, paths, asked = trajectory.data, TASK.paths(seed=0, flights=PATHS), []

    def oracle(inputs):
        force, alpha, torque = paths.controls[len(asked)].T
        asked.append(inputs)
        pushes = np.zeros((len(force), 7), np.float32)
        pushes[:, :3] = np.stack([force * np.cos(alpha), force * np.sin(alpha), torque], axis=1)
        return jnp.asarray((pushes - data.scales["target_low"]) / data.scales["target_range"] - 0.5)

    target, taken = TASK.steering(PATHS)(oracle, data)
    assert TASK.travels == "cm"
    np.testing.assert_array_equal(target, paths.states[..., [0, 2]])
    np.testing.assert_allclose(taken, target, atol=1e-2)
    assert np.ptp(target, axis=0).max() > 5, "the moth flies some way"


@pytest.mark.slow
def test_ends_are_those_of_the_closed_loop(trajectory, table):
    loop = ClosedLoop(strokes=3, flights=PATHS, seed=0).measure(trajectory)
    loop = loop[(loop["flight"] == "closed loop") & (loop["error"] == "position")]
    loop = loop.set_index(["level", "network"])["value"]
    ends = table[table["point"] == 3].groupby(["level", "network"])["missed"].median()
    assert set(table["level"]) == {0, 2, 3}, "dense, 85 and 93 % pruned"
    np.testing.assert_allclose(ends, loop[ends.index], rtol=1e-4)


def test_all_start_on_the_path_and_targets_are_the_same(table):
    assert (table.loc[table["point"] == 0, "missed"] == 0).all()
    targets = table.groupby(["path", "point"])[["target_x", "target_y"]].nunique()
    assert (targets == 1).all().all()
    far = np.hypot(table["x"] - table["target_x"], table["y"] - table["target_y"])
    np.testing.assert_allclose(table["missed"], far)


@dataclass
class Steered:
    """A run that was measured by it, too."""

    run: object
    rows: pd.DataFrame

    def __getattr__(self, name):
        return getattr(self.run, name)

    def measurements(self):
        own = self.run.measurements()
        return pd.concat([own, own.assign(metric="steering")], ignore_index=True)

    def table(self, name):
        return self.rows if name == "steering" else self.run.table(name)


@pytest.fixture
def run(table, fake_run):
    own = fake_run(networks=3, densities=(1.0, 0.5, 0.15, 0.07))
    levels = own.table("levels")[["level", "network", "density", "trial"]]
    return Steered(own, table.merge(levels, on=["level", "network"]))


def test_the_page_draws_one_network_at_three_levels(run, table):
    (section,) = drawn.sections(Report(collect([run])))
    (figure,) = section.parts
    ends = table[(table["point"] == 3) & (table["level"] == 3)]
    means = ends.groupby("network")["missed"].mean()
    middle = int((means - means.median()).abs().idxmin())
    assert f"network {middle} of data seed 0 under magnitude" in figure.caption
    lines = figure.data
    names = ["path to follow", "0\u00a0% pruned", "85\u00a0% pruned", "93\u00a0% pruned"]
    assert list(dict.fromkeys(lines["line"])) == names
    assert set(lines["unit"]) == {"cm"}
    for name, level in zip(names[1:], (0, 2, 3), strict=True):
        own = table[(table["network"] == middle) & (table["level"] == level)]
        keys = ["path", "point"]
        shown = lines[lines["line"] == name].set_index(keys)[["x", "y"]].sort_index()
        assert shown.equals(own.set_index(keys)[["x", "y"]].sort_index())
    end = lines[(lines["line"] == names[0]) & (lines["point"] == 3)].set_index("path")
    own = table[(table["level"] == 0) & (table["network"] == 0) & (table["point"] == 3)]
    assert end["x"].equals(own.set_index("path")["target_x"].rename("x"))
    median = ends["missed"].median()
    assert number(median) in section.lead[0]


def test_tasks_in_which_nothing_moves_are_skipped():
    model = Model(TinyTask(), Perceptron(sizes=(6,)))
    assert "nothing moves" in Steering().reason_not_to_measure(model)
    assert Steering().reason_not_to_measure(Model(TASK, Perceptron(sizes=(6,)))) is None
    with pytest.raises(NotImplementedError, match="nothing that moves"):
        model.task.steering(3)


@pytest.mark.slow
def test_after_a_motion_that_cannot_be_solved_there_are_no_places(trajectory):
    def broken(inputs):
        return jnp.full((len(inputs), 7), jnp.nan)

    target, taken = TASK.steering(PATHS)(broken, trajectory.data)
    np.testing.assert_array_equal(taken[0], target[0])
    assert np.isnan(taken[1:]).all()


def test_both_axes_of_a_panel_span_the_same_length(table):
    lines = drawn.lines(table[table["network"] == 0].assign(density=0.07))
    framed = drawn._framed(lines.assign(panel=lines["path"]))
    across, upwards = framed["right"] - framed["left"], framed["high"] - framed["low"]
    np.testing.assert_allclose(across, upwards)
    inside = framed["x"].between(framed["left"] - 1e-4, framed["right"] + 1e-4)
    inside &= framed["y"].between(framed["low"] - 1e-4, framed["high"] + 1e-4)
    assert inside.all()
