"""Pruners that act before training, against calculations of their own."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.sparse.masks import target

KEY = jax.random.key(3)
SIZES = {"first": 60, "second": 36}


@pytest.mark.slow
def test_snip_is_the_size_of_weight_times_the_mean_gradient(made, evidence, written):
    scores = written.flat(made("snip", batches=3).score(evidence, key=KEY))
    acting = written.flat(evidence.effective)
    slopes = [written.gradient(acting, one) for one in written.several(evidence.batches(3))]
    assert scores == pytest.approx(np.abs(acting * np.mean(slopes, axis=0)), rel=2e-3, abs=1e-7)
    each = np.mean(np.abs(acting * np.asarray(slopes)), axis=0)  # what sensitivity takes
    assert not np.allclose(scores, each, rtol=0.05)


@pytest.mark.slow
def test_flow_is_the_sum_over_all_paths_through_a_weight(made, evidence):
    flow = made("synflow").flow(evidence, evidence.mask)
    one, two = (np.abs(np.asarray(evidence.effective[name])) for name in ("first", "second"))
    expected = {"first": np.zeros_like(one), "second": np.zeros_like(two)}
    for i, h, o in itertools.product(range(5), range(12), range(3)):
        path = one[h, i] * two[o, h]
        expected["first"][h, i] += path
        expected["second"][o, h] += path
    scale = float(flow["first"].sum()) / expected["first"].sum()
    for name, flows in expected.items():
        assert np.asarray(flow[name]) == pytest.approx(scale * flows, rel=1e-4, abs=1e-9)


def test_flow_in_equals_flow_out_at_every_hidden_node(made, evidence):
    """Tanaka et al. (2020), theorem 1: synaptic saliency is conserved."""
    flow = made("synflow").flow(evidence, evidence.mask)
    assert np.asarray(flow["first"].sum(axis=1)) == pytest.approx(
        np.asarray(flow["second"].sum(axis=0)), rel=1e-4
    )


def test_synflow_uses_no_data(made, seen):
    pruner, goal = made("synflow", rounds=10), target(SIZES, 0.2)
    train = seen()._train
    other = train._replace(inputs=-7 * train.inputs, targets=train.targets + 1)
    one, _ = pruner.step(seen(), goal, (), key=KEY)
    same, _ = pruner.step(seen(train=other), goal, (), key=KEY)
    assert all(np.array_equal(one.mask[name], same.mask[name]) for name in SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [2, 3, 10, 29])
def test_synflow_keeps_a_path_down_to_the_last_two_weights(made, seen, weights):
    """Tanaka et al. (2020), theorem 3: no layer is emptied as long as any path can be had."""
    full = {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}
    goal = target(SIZES, weights / 96)
    update, _ = made("synflow", rounds=100).step(seen(mask=full), goal, (), key=KEY)
    first, second = (np.asarray(update.mask[name]) for name in ("first", "second"))
    assert first.sum() + second.sum() == weights
    assert (second.astype(int) @ first).sum() > 0
    if weights == 2:  # the heaviest path of all
        one, two = (np.abs(np.asarray(seen().weights[name])) for name in ("first", "second"))
        assert (one[first][0] * two[second][0]) > 0.3 * (two.max(0) * one.max(1)).max()
