"""What `harness bench compaction` says can be left out, against networks without it."""

from itertools import pairwise

import numpy as np
import pytest
from harness_benchmarks import compaction, sparse_product

from harness import bench
from harness.sparse.graph import layered
from harness.types import Level

SIZES = (5, 14, 12, 9, 3)
HIDDEN = range(1, len(SIZES) - 1)


def drawn(seed, *, prune_biases):
    """Masks of a network, sparse, and its weights and biases as they act, out x in."""
    rng = np.random.default_rng(seed)
    masks, layers = {}, []
    for place, (a, b) in enumerate(pairwise(SIZES)):
        masks[f"layers.{place}.weight"] = rng.random((b, a)) < 0.15
        weight = rng.normal(size=(b, a)) * masks[f"layers.{place}.weight"]
        bias = rng.normal(size=b)
        if prune_biases:
            masks[f"layers.{place}.bias"] = rng.random(b) < 0.15
            bias = bias * masks[f"layers.{place}.bias"]
        layers.append((weight, bias))
    return masks, layers


def wiring(masks):
    weights = [mask for name, mask in masks.items() if name.endswith("weight")]
    biases = [mask for name, mask in masks.items() if name.endswith("bias")]
    return layered(weights, biases or None)


def products(masks, layers):
    return [(weight * m, bias * b) for (weight, bias), (m, b) in zip(layers, masks, strict=True)]


def without(layers, kept):
    """The network of only these nodes: one boolean array for each layer of nodes."""
    return [
        (weight[np.ix_(targets, sources)], bias[targets])
        for (weight, bias), (sources, targets) in zip(layers, pairwise(kept), strict=True)
    ]


def through(layers, inputs):
    """The signals that enter each layer, and the outputs."""
    signals = [inputs]
    for weight, bias in layers[:-1]:
        signals.append(np.tanh(signals[-1] @ weight.T + bias))
    weight, bias = layers[-1]
    return [*signals, signals[-1] @ weight.T + bias]


def gradients(layers, inputs, targets):
    """Those of half the squared error, dense, by hand."""
    *signals, outputs = through(layers, inputs)
    found, error = [], outputs - targets
    for (weight, _), entering in zip(reversed(layers), reversed(signals), strict=True):
        found.append((error.T @ entering, error.sum(axis=0)))
        error = error @ weight * (1 - entering**2)
    return found[::-1]


@pytest.mark.parametrize("prune_biases", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_acting_nodes_are_those_without_which_a_step_is_another(seed, prune_biases):
    masks, layers = drawn(seed, prune_biases=prune_biases)
    rng = np.random.default_rng(seed)
    inputs, targets = (rng.normal(size=(20, number)) for number in (SIZES[0], SIZES[-1]))
    acting = compaction.acting_nodes(wiring(masks))
    kept = [np.ones(SIZES[0], bool), *acting, np.ones(SIZES[-1], bool)]
    assert 0 < sum(nodes.sum() for nodes in acting) < sum(SIZES[1:-1])
    few = without(layers, kept)
    whole = through(layers, inputs)[-1]
    np.testing.assert_allclose(through(few, inputs)[-1], whole, atol=1e-12)

    free = [np.ones(bias.shape, bool) for _, bias in layers]
    graph = wiring(masks)
    here = [(m.T, b) for m, b in zip(graph.adjacency, graph.bias or free, strict=True)]
    masked = products(here, gradients(layers, inputs, targets))
    small, large = (
        products(without(here, kept), gradients(few, inputs, targets)),
        without(masked, kept),
    )
    for one, other in zip(small, large, strict=True):
        np.testing.assert_allclose(one[0], other[0], atol=1e-12)
        np.testing.assert_allclose(one[1], other[1], atol=1e-12)
    # And what is left out would not have learnt.
    for (weight, bias), (sources, into) in zip(masked, pairwise(kept), strict=True):
        assert not weight[~into].any()
        assert not weight[:, ~sources].any()
        assert not bias[~into].any()

    for layer in HIDDEN:
        for node in np.flatnonzero(kept[layer]):
            fewer = [nodes.copy() for nodes in kept]
            fewer[layer][node] = False
            changed = np.abs(through(without(layers, fewer), inputs)[-1] - whole).max()
            assert changed > 1e-9, (layer, node)


def test_acting_nodes_of_several_networks():
    several = [drawn(seed, prune_biases=True)[0] for seed in range(3)]
    together = {name: np.stack([masks[name] for masks in several]) for name in several[0]}
    singly = [compaction.acting_nodes(wiring(masks)) for masks in several]
    for layer, nodes in enumerate(compaction.acting_nodes(wiring(together))):
        np.testing.assert_array_equal(nodes, [one[layer] for one in singly])


def test_a_block_has_the_size_of_its_largest_network_in_tiles():
    acting = [np.zeros((2, 40), bool), np.ones((2, 20), bool), np.zeros((2, 40), bool)]
    acting[0][0, :3] = acting[0][1, 5:22] = True
    assert compaction.common_size(acting) == (32, 20, 16)


def test_multiplications_and_what_is_saved():
    dense = [(10, 400), (400, 400), (400, 400), (400, 16), (16, 7)]
    by_hand = sum(a * b for a, b in dense) * 3 - 10 * 400
    assert compaction.multiplications(compaction.FULL) == by_hand
    levels = [Level(1.0, 30), Level(0.5, 60), Level(0.1, 10)]
    assert compaction.saved(levels, [1, 0.9, 0.2]) == pytest.approx((6 + 8) / 100)


def test_the_sparse_product_is_the_dense_one():
    calls = sparse_product.products(60, 0.1, 5)
    dense, stored = (np.asarray(calls[name]()) for name in ("dense", "sparse"))
    assert np.abs(dense).max() > 0.1
    np.testing.assert_allclose(stored, dense, rtol=1e-4, atol=1e-5)


def test_the_benchmark_is_installed():
    assert bench.benchmarks()["compaction"].load() is compaction.figures
