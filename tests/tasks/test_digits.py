"""The digits task."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from harness_plugins.tasks.digits import Digits
from sklearn.datasets import load_digits

from harness import Batch
from harness.sparse.graph import node_counts


@pytest.fixture(scope="module")
def data():
    return Digits().data(seed=0)


def test_splits_and_names(data):
    assert [len(split.inputs) for split in (data.train, data.validation, data.test)] == [
        1150,
        288,
        359,
    ]
    assert data.train.inputs.shape[1] == len(data.inputs) == 64
    assert len(data.outputs) == 10
    assert data.train.targets.ndim == 1
    assert set(data.train.targets) == set(range(10))
    assert np.abs(data.train.inputs).max() <= 0.5


def test_images_are_the_same_digits(data):
    task = Digits(images=True)
    images = task.data(seed=0)
    assert task.shape == ((1, 8, 8), 10)
    assert task.shape.kind == "image"
    rows = images.test.inputs.reshape(-1, 64)
    np.testing.assert_array_equal(rows, data.test.inputs)
    np.testing.assert_array_equal(images.test.targets, data.test.targets)


def test_the_seed_decides_and_nothing_is_lost(data):
    np.testing.assert_array_equal(data.test.inputs, Digits().data(seed=0).test.inputs)
    other = Digits().data(seed=1)
    assert not np.array_equal(data.test.inputs, other.test.inputs)
    sums = [
        sum(split.inputs.astype(float).sum() for split in (one.train, one.validation, one.test))
        for one in (data, other)
    ]
    assert sums[0] == pytest.approx(sums[1])


@pytest.mark.slow
def test_it_can_be_learnt(data, model):
    digits = model("digits")
    network = digits.network(key=jax.random.key(0))
    batch = Batch(jnp.asarray(data.train.inputs), jnp.asarray(data.train.targets))
    optimizer = optax.adam(1e-2)

    @jax.jit
    def train(network):
        def step(carry, _):
            network, state = carry
            updates, state = optimizer.update(jax.grad(digits.loss)(network, batch), state)
            return (optax.apply_updates(network, updates), state), None

        return jax.lax.scan(step, (network, optimizer.init(network)), length=200)[0][0]

    held_out = Batch(*(jnp.asarray(part) for part in data.validation))
    before = digits.evaluate(network, held_out, data)
    after = digits.evaluate(train(network), held_out, data)
    assert set(before) == set(digits.units)
    assert float(before["accuracy"]) < 0.4
    assert float(after["accuracy"]) > 0.9
    assert float(after["cross-entropy"]) < float(before["cross-entropy"])


def test_loss_of_even_odds_is_the_logarithm_of_ten(data):
    loss = Digits().loss(jnp.zeros((len(data.test.targets), 10)), jnp.asarray(data.test.targets))
    assert float(loss) == pytest.approx(np.log(10), rel=1e-4)


def test_its_own_architecture(model):
    digits = model("digits")
    network = digits.network(key=jax.random.key(0))
    assert node_counts(digits.graph(network, digits.prunable(network))) == (64, 32, 16, 10)


def test_the_images_are_those_of_scikit_learn():
    images, labels = Digits().pictures()
    theirs = load_digits()
    np.testing.assert_array_equal(images, theirs.data)
    np.testing.assert_array_equal(labels, theirs.target)


def test_constant_loss_is_that_of_the_best_constant_logits(data):
    def cross_entropy(logits, rows):
        return -jnp.mean(jax.nn.log_softmax(logits)[rows.targets])

    # By gradient descent on ten logits, which knows nothing of frequencies.
    slope = jax.jit(jax.grad(lambda logits: cross_entropy(logits, data.train)))
    logits = jnp.zeros(10)
    for _ in range(2000):
        logits = logits - 5 * slope(logits)
    found = Digits().constant_loss(data.train, data.validation)
    assert found == pytest.approx(float(cross_entropy(logits, data.validation)), rel=1e-5)
    assert found == pytest.approx(2.30, abs=0.02)  # a little from log 10, for classes are equal
    assert np.isinf(Digits().constant_loss(Batch(None, np.zeros(3, int)), data.validation))
