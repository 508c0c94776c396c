"""The metric `motifs`: its supports, and the null draws beside the networks."""

import jax
import numpy as np
import pytest
from harness_plugins.architectures.cnn import Convolutional

from harness import Trajectory, motifs
from harness.results import snapshot
from harness.testing import TinyTask, tiny_model

MODEL = tiny_model()
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
    return Trajectory(MODEL, (4, 5, 6), (0.4,), [path], lambda: MODEL.task.data(seed=0))


def measured(registry, trajectory, **parameters):
    return registry.find("metric", "motifs").factory(**parameters).measure(trajectory)


def test_draws_are_measured_beside_the_networks(registry, trajectory):
    table = measured(registry, trajectory)
    assert set(table["support"]) == {"all", "live", "drawn", "degree-drawn", "unequal-degrees"}
    whole = table[table["base_layer"] == -1]
    drawn = whole[whole["support"] == "drawn"].set_index(PLACE)
    every = whole[whole["support"] == "all"].set_index(PLACE)
    # The same null on the same nodes, but another graph.
    np.testing.assert_allclose(drawn["expected"], every.loc[drawn.index, "expected"])
    assert not np.allclose(drawn["count"], every.loc[drawn.index, "count"])
    assert (table.loc[table["support"].isin(motifs.CONTROLS), "base_layer"] == -1).all()


def test_draws_can_be_left_out_and_change_nothing_else(registry, trajectory):
    table = measured(registry, trajectory)
    without = measured(registry, trajectory, supports=("all", "live"))
    kept = table[~table["support"].isin(motifs.CONTROLS)].reset_index(drop=True)
    assert without.equals(kept)
    only = measured(registry, trajectory, supports=("drawn",))
    assert set(only["support"]) == {"drawn"}


def test_controls_of_degrees_are_measured_at_chosen_levels(registry, trajectory):
    metric = registry.find("metric", "motifs").factory
    densities = (1.0, 0.8, 0.24, 0.11, 0.07, 0.02)
    over = Trajectory(tiny_model(), (0,), densities, (), lambda: TinyTask().data(seed=0))
    chosen = [set(metric()._controls(over, level)) for level in range(6)]
    assert [len(controls) for controls in chosen] == [1, 1, 3, 3, 3, 3]
    every = metric(control_densities=())
    assert all(set(every._controls(over, level)) == set(motifs.CONTROLS) for level in range(6))
    # Of two levels of one density the report reads the last.
    plateau = Trajectory(tiny_model(), (0,), (1.0, 0.25, 0.25, 0.02), (), over.make_data)
    few = metric(control_densities=(0.25,))
    assert [len(few._controls(plateau, level)) for level in range(4)] == [1, 1, 3, 3]


def test_draws_with_the_degrees_keep_what_degrees_determine(registry, trajectory):
    """Two edges from or to one node are counted by degrees alone."""
    table = measured(registry, trajectory)
    whole = (
        table[table["base_layer"] == -1]
        .set_index(["support", "motif", "network"])["count"]
        .sort_index()
    )
    for motif in ("diverge2", "converge2", "chain2"):
        assert whole["degree-drawn", motif].equals(whole["all", motif])


@pytest.mark.slow
def test_order_4_of_a_view_with_shared_weights_is_counted_without_p(registry, random_trajectory):
    cnn = random_trajectory(Convolutional(channels=(2,)), (4, 4, 1))
    how = {"supports": ("all",), "orders": (4,)}
    default, units = (measured(registry, cnn, view=view, **how) for view in ("", "units"))
    graph = cnn.graph(0, "units")
    assert (graph.places.shared, "units" in cnn.model.views[1:]) == (True, True)
    expected = motifs.counts(graph, (4,))
    whole = units[units["base_layer"] == -1].set_index(["motif", "network"])["count"]
    assert set(units["motif"]) == {motif.name for motif in motifs.classes(4)}
    for name, copies in expected.items():
        assert whole[name].tolist() == copies.sum(-1).tolist()
    assert set(units["uncalibrated"]) == {"edges share weights"}
    assert units["p_normal"].isna().all()
    assert not default["count"].equals(units["count"])


def test_the_headline_leaves_order_4_out_where_smaller_ones_are(registry, trajectory):
    metric = registry.find("metric", "motifs").factory
    how = {"supports": ("all", "live")}
    for orders, classes in (((2, 4), 3), ((4,), 42)):
        table = metric(orders=orders, **how).measure(trajectory).assign(density=0.4)
        assert len(metric().headline(table).rows) == classes
