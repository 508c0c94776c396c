"""The metric `motifs`: its supports, and the null draws beside the networks."""

import jax
import numpy as np
import pytest

from harness import Trajectory, snapshot
from harness.testing import TinyTask

TASK = TinyTask()
PLACE = ["network", "motif", "base_layer"]


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory):
    keys = jax.random.split(jax.random.key(1), 2)
    masks = {
        name: np.asarray(jax.random.uniform(key, (3, *shape)) < 0.4)
        for key, (name, shape) in zip(
            keys, {"first": (12, 5), "second": (3, 12)}.items(), strict=True
        )
    }
    path = tmp_path_factory.mktemp("level") / "level-00.safetensors"
    nothing = np.zeros((0, 3), np.float32)
    snapshot.save(path, snapshot.Snapshot(masks, {}, {}, nothing, np.zeros(0, int), {}))
    return Trajectory(TASK, (4, 5, 6), (0.4,), [path], lambda: TASK.data(seed=0))


def measured(registry, trajectory, **parameters):
    return registry.find("metric", "motifs").factory(**parameters).measure(trajectory)


def test_draws_are_measured_beside_the_networks(registry, trajectory):
    table = measured(registry, trajectory)
    assert set(table["support"]) == {"all", "live", "drawn"}
    whole = table[table["base_layer"] == -1]
    drawn = whole[whole["support"] == "drawn"].set_index(PLACE)
    every = whole[whole["support"] == "all"].set_index(PLACE)
    # The same null on the same nodes, but another graph.
    np.testing.assert_allclose(drawn["expected"], every.loc[drawn.index, "expected"])
    assert not np.allclose(drawn["count"], every.loc[drawn.index, "count"])
    assert (table.loc[table["support"] == "drawn", "base_layer"] == -1).all()


def test_draws_can_be_left_out_and_change_nothing_else(registry, trajectory):
    table = measured(registry, trajectory)
    without = measured(registry, trajectory, supports=("all", "live"))
    kept = table[table["support"] != "drawn"].reset_index(drop=True)
    assert without.equals(kept)
    only = measured(registry, trajectory, supports=("drawn",))
    assert set(only["support"]) == {"drawn"}
