"""The scores of the built-in pruners against independent calculations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Batch, Evidence
from harness.testing import tiny_model

MODEL = tiny_model()
KEY = jax.random.key(3)


@pytest.fixture(scope="module")
def evidence():
    network = MODEL.network(key=jax.random.key(1))
    mask = {
        "first": jax.random.bernoulli(jax.random.key(4), 0.6, (12, 5)),
        "second": jax.random.bernoulli(jax.random.key(5), 0.6, (3, 12)),
    }
    return Evidence(
        MODEL,
        network,
        mask=mask,
        initial=network,
        rewind_point=network,
        train=MODEL.task.data(seed=0).train,
        batch_size=16,
        batch_key=jax.random.key(2),
    )


def made(registry, name, **parameters):
    return registry.find("pruner", name).factory(**parameters)


def numpy_loss(network, weights, batch):
    """The loss of the tiny network in float64, written out."""
    first, second = (np.asarray(weights[name], np.float64) for name in ("first", "second"))
    hidden = np.tanh(np.asarray(batch.inputs, np.float64) @ first.T + np.asarray(network.bias))
    return np.mean((hidden @ second.T - np.asarray(batch.targets)) ** 2)


def test_sensitivity_is_the_mean_of_weight_times_finite_difference(registry, evidence):
    scores = made(registry, "sensitivity", batches=3).score(evidence, key=KEY)
    batches = evidence.batches(3)
    acting = {name: np.asarray(leaf, np.float64) for name, leaf in evidence.effective.items()}
    for name, place in (
        ("first", (2, 3)),
        ("first", (7, 0)),
        ("second", (1, 4)),
        ("second", (0, 0)),
    ):
        slopes = []
        for number in range(3):
            batch = Batch(batches.inputs[number], batches.targets[number])
            losses = []
            for shift in (1e-5, -1e-5):
                moved = {key: leaf.copy() for key, leaf in acting.items()}
                moved[name][place] += shift
                losses.append(numpy_loss(evidence.network, moved, batch))
            slopes.append((losses[0] - losses[1]) / 2e-5)
        expected = np.mean(np.abs(acting[name][place] * np.asarray(slopes)))
        assert scores[name][place] == pytest.approx(expected, rel=1e-3, abs=1e-8)


def test_sensitivity_of_pruned_weights_is_zero(registry, evidence):
    scores = made(registry, "sensitivity").score(evidence, key=KEY)
    for name, mask in evidence.mask.items():
        assert not np.any(np.asarray(scores[name])[~np.asarray(mask)])


def test_magnitude_is_the_size_of_the_raw_weight(registry, evidence):
    scores = made(registry, "magnitude").score(evidence, key=KEY)
    assert np.array_equal(scores["first"], np.abs(np.asarray(evidence.network.first)))


def test_random_scores_are_uniform_and_know_nothing_of_the_weights(registry, evidence):
    pruner = made(registry, "random")
    keys = jax.random.split(KEY, 200)
    scores = jax.vmap(lambda key: pruner.score(evidence, key=key)["first"])(keys)
    assert np.mean(scores) == pytest.approx(0.5, abs=0.01)
    assert np.var(scores) == pytest.approx(1 / 12, abs=0.003)
    mean = np.asarray(jnp.mean(scores, axis=0))
    assert abs(np.corrcoef(mean.ravel(), np.abs(evidence.network.first).ravel())[0, 1]) < 0.4
