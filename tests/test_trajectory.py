"""Trajectories as metrics read them: from files alone, no training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Model
from harness.plugin.trajectory import Trajectory
from harness.results import snapshot
from harness.results.snapshot import Snapshot
from harness.sparse import masks as mask_algebra
from harness.sparse.graph import layered
from harness.testing import TinyArchitecture, TinyTask, tiny_model
from harness.types import Batch

DENSITIES = (1.0, 0.5, 0.1)
WIDTH = 4


class Fixed(TinyArchitecture):
    """The tiny architecture where one row of the first layer is never pruned."""

    def prunable(self, network):
        both = super().prunable(network)
        return {**both, "first": both["first"].at[0].set(False)}


def written(folder, *, weights=True):
    """A trajectory of random masks and weights, and what was written of each level."""
    levels, truth = [], []
    for level, density in enumerate(DENSITIES):
        keys = jax.random.split(jax.random.key(level), WIDTH)
        networks = jax.vmap(lambda key: tiny_model().network(key=key))(keys)
        draws = np.random.default_rng(level)
        masks = {
            "first": draws.random((WIDTH, 12, 5)) < density,
            "second": draws.random((WIDTH, 3, 12)) < density,
        }
        masks["first"][:, 0] = True
        acting = mask_algebra.masked(networks, jax.tree.map(jnp.asarray, masks))
        leaves = snapshot.named_leaves(acting) if weights else None
        curve, steps = np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64)
        path = folder / f"level-{level}"
        snapshot.save(path, Snapshot(masks, leaves, {}, curve, steps, {}))
        levels.append(path)
        truth.append((acting, masks))
    made = Trajectory(
        Model(TinyTask(), Fixed()), (4, 5, 6, 7), DENSITIES, levels, lambda: TinyTask().data(seed=0)
    )
    return made, truth


@pytest.mark.slow
def test_vectorised_over_networks_equals_a_loop(tmp_path):
    trajectory, truth = written(tmp_path)
    model = trajectory.model
    rows = Batch(*(jnp.asarray(part) for part in trajectory.data.test))
    traced = []

    def figures(network, masks):
        traced.append(network)
        loss = model.loss(network, rows)
        return {"loss": loss, "edges": masks["first"].sum(), "bias": network.bias}

    at = trajectory.vectorised(figures)
    for level, (networks, masks) in enumerate(truth):
        found = at(level)
        assert found["loss"].shape == (WIDTH,)
        for number in range(WIDTH):
            one = jax.tree.map(lambda leaf, number=number: leaf[number], networks)
            np.testing.assert_allclose(found["loss"][number], model.loss(one, rows), rtol=1e-5)
            assert found["edges"][number] == masks["first"][number].sum()
            np.testing.assert_array_equal(found["bias"][number], networks.bias[number])
    assert len(traced) == 1, "it was traced anew for a level"


def test_kept_is_the_share_of_prunable_weights_that_act(tmp_path):
    trajectory, truth = written(tmp_path)
    for level, (_, masks) in enumerate(truth):
        kept = trajectory.kept(level)
        for number in range(WIDTH):
            # The first row is not prunable: 55 of the 60 entries are.
            edges = masks["first"][number, 1:].sum() + masks["second"][number].sum()
            assert kept[number] == edges / (55 + 36)
    assert (trajectory.kept(0) == 1).all()


def test_masks_graph_and_data_are_those_of_the_level(tmp_path):
    trajectory, truth = written(tmp_path)
    for level, (_, masks) in enumerate(truth):
        found = trajectory.masks(level)
        for name, mask in masks.items():
            np.testing.assert_array_equal(found[name], mask)
        graph, expected = trajectory.graph(level), layered([masks["first"], masks["second"]])
        for wires, right in zip(graph.adjacency, expected.adjacency, strict=True):
            np.testing.assert_array_equal(wires, right)
    np.testing.assert_array_equal(trajectory.data.test.inputs, TinyTask().data(seed=0).test.inputs)


def test_a_metric_that_needs_weights_is_told_where_none_were_kept(tmp_path):
    trajectory, _ = written(tmp_path, weights=False)
    assert trajectory.kept(0).shape == (WIDTH,)
    with pytest.raises(ValueError, match="kept no weights"):
        trajectory.vectorised(lambda network, masks: network.bias.sum())(0)
