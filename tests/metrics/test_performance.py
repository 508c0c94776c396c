"""The metric `performance` against hand counts and the task's own loss."""

import jax
import numpy as np
import pandas as pd
import pytest

from harness import Batch, Trajectory
from harness.results import snapshot
from harness.sparse.graph import layered
from harness.testing import tiny_model

MODEL = tiny_model()
DATA = MODEL.task.data(seed=0)


@pytest.fixture(scope="module")
def masks():
    first = np.zeros((2, 12, 5), bool)
    second = np.zeros((2, 3, 12), bool)
    first[0, 0, :2] = first[0, 1, 2] = True  # inputs 0, 1 to node 0; input 2 to node 1
    second[0, :, 0] = second[0, 0, 5] = True  # node 0 to all outputs; node 5, which nothing enters
    first[1], second[1] = True, True
    return {"first": first, "second": second}


@pytest.fixture(scope="module")
def networks():
    return [MODEL.network(key=jax.random.key(number)) for number in range(2)]


@pytest.fixture(scope="module")
def finished(masks, networks, tmp_path_factory):
    stacked = {
        name: np.stack([np.asarray(getattr(network, name)) for network in networks])
        for name in ("first", "second", "bias")
    }
    weights = {name: leaf * masks.get(name, True) for name, leaf in stacked.items()}
    path = tmp_path_factory.mktemp("level") / "level-00.safetensors"
    nothing = np.zeros((0, 2), np.float32)
    snapshot.save(path, snapshot.Snapshot(masks, weights, {}, nothing, np.zeros(0, int), {}))
    return Trajectory(MODEL, (0, 1), (0.1,), [path], lambda: DATA)


@pytest.fixture(scope="module")
def table(registry, finished):
    return registry.find("metric", "performance").factory(rows=20).measure(finished)


def value(table, measure, network, *, split="structure", layer=-1):
    chosen = table[
        (table["measure"] == measure)
        & (table["network"] == network)
        & (table["split"] == split)
        & (table["layer"] == layer)
    ]
    assert len(chosen) == 1
    return chosen["value"].iloc[0]


def test_densities(table):
    assert value(table, "density", 0) == pytest.approx(7 / 96)
    assert value(table, "effective_density", 0) == pytest.approx(5 / 96)
    assert value(table, "density", 1) == value(table, "effective_density", 1) == 1


def test_without_rows_only_the_structure_is_measured(registry, finished, table):
    bare = registry.find("metric", "performance").factory(rows=0).measure(finished)
    structure = table[table["split"] == "structure"].reset_index(drop=True)
    pd.testing.assert_frame_equal(bare, structure)


def test_live_nodes_and_edges_by_layer(table):
    assert [value(table, "live_nodes", 0, layer=layer) for layer in range(3)] == [2, 1, 3]
    assert [value(table, "edges", 0, layer=layer) for layer in range(2)] == [3, 4]
    assert [value(table, "effective_edges", 0, layer=layer) for layer in range(2)] == [2, 3]
    assert [value(table, "live_nodes", 1, layer=layer) for layer in range(3)] == [5, 12, 3]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_losses_are_those_of_the_masked_network_on_held_out_rows(table, networks, masks, split):
    rows = Batch(*(part[:20] for part in getattr(DATA, split)))
    for number, network in enumerate(networks):
        first = np.asarray(network.first) * masks["first"][number]
        second = np.asarray(network.second) * masks["second"][number]
        outputs = np.tanh(rows.inputs @ first.T + np.asarray(network.bias)) @ second.T
        expected = np.mean((outputs - rows.targets) ** 2)
        assert value(table, "loss", number, split=split) == pytest.approx(expected, rel=1e-5)
        assert value(table, "rmse", number, split=split) == pytest.approx(expected**0.5, rel=1e-5)


def test_the_graph_is_the_one_that_the_masks_make(masks):
    graph = layered([masks["first"], masks["second"]])
    assert [wires.shape for wires in graph.adjacency] == [(2, 5, 12), (2, 12, 3)]
