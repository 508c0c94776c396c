"""Networks that draw in training (dropout), and networks that remember batches (normalisation)."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.pruners.magnitude import Magnitude

from harness import AbstractArchitecture, Batch, Model, Stateful, layered
from harness.results.snapshot import named_leaves
from harness.testing import TinySchedule, TinyTask, assert_contract
from harness.training.trainer import Trainer

LEVELS = TinySchedule().levels()


class Dropping(eqx.Module):
    first: eqx.nn.Linear
    dropout: eqx.nn.Dropout
    second: eqx.nn.Linear

    def __call__(self, row, *, key=None):
        return self.second(self.dropout(jnp.tanh(self.first(row)), key=key))


class Normed(eqx.Module):
    first: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    second: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.first = eqx.nn.Linear(5, 12, key=one)
        self.norm = eqx.nn.BatchNorm(12, axis_name="batch", mode="batch")
        self.second = eqx.nn.Linear(12, 3, key=two)

    def __call__(self, row, state):
        hidden, state = self.norm(self.first(row), state)
        return self.second(jnp.tanh(hidden)), state


@dataclass(frozen=True)
class Dropout(AbstractArchitecture):
    """A hidden layer half of which is dropped in training."""

    name: ClassVar[str] = "dropping"
    stochastic: ClassVar[bool] = True

    def network(self, shape, *, key):
        one, two = jax.random.split(key)
        first = eqx.nn.Linear(*shape.inputs, 12, key=one)
        return Dropping(first, eqx.nn.Dropout(0.5), eqx.nn.Linear(12, shape.outputs, key=two))

    def prunable(self, network):
        names = ("first.weight", "second.weight")
        weights = (network.first.weight, network.second.weight)
        return {n: jnp.ones(w.shape, bool) for n, w in zip(names, weights, strict=True)}

    def graph(self, network, masks, view):
        return layered(list(masks.values()))


@dataclass(frozen=True)
class Normalising(AbstractArchitecture):
    """A hidden layer with batch normalisation."""

    name: ClassVar[str] = "normalising"

    def network(self, shape, *, key):
        return Stateful.of(*eqx.nn.make_with_state(Normed)(key))

    def prunable(self, network):
        inner = network.network
        weights = {"network.first.weight": inner.first.weight,
                   "network.second.weight": inner.second.weight}  # fmt: skip
        return {name: jnp.ones(weight.shape, bool) for name, weight in weights.items()}

    def graph(self, network, masks, view):
        return layered(list(masks.values()))


def trainer_of(architecture):
    data = TinyTask().data(seed=0)
    model = Model(TinyTask(), architecture)
    return Trainer(model, Magnitude(), TinySchedule(), data, seed=0, data_seed=0)


def trained(trainer, networks, steps, level=1, state=None, step=0):
    keys = trainer.keys(networks)
    if state is None:
        state = trainer.prune(trainer.start(keys), keys, 1, 0.6)
    state, losses, _ = trainer.chunk(
        state, keys, level, step, steps, previous=LEVELS[0], current=LEVELS[1], first_batch=0
    )
    return state, losses


def leaves(state, number=0):
    return {name: leaf[number] for name, leaf in named_leaves(state.network).items()}


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [Dropout, Normalising])
def test_they_keep_the_contract(architecture):
    assert_contract(architecture)


@pytest.mark.slow
def test_dropout_draws_anew_at_each_step_for_each_network():
    model = Model(TinyTask(), Dropout())
    network = model.network(key=jax.random.key(0))
    batch = Batch(*(jnp.asarray(part[:16]) for part in TinyTask().data(seed=0).train))
    losses = {float(model.training_loss(network, batch, key=jax.random.key(n))[0]) for n in (1, 2)}
    assert len({*losses, float(model.loss(network, batch))}) == 3
    trainer = trainer_of(Dropout())
    alone, beside = trained(trainer, [4], 10), trained(trainer, [4, 7], 10)
    np.testing.assert_allclose(alone[1][:, 0], beside[1][:, 0], rtol=1e-5)
    whole, _ = trained(trainer, [4], 10)
    half, _ = trained(trainer, [4], 5)
    again, _ = trained(trainer, [4], 5, state=half, step=5)
    for name, leaf in leaves(whole).items():
        np.testing.assert_array_equal(leaves(again)[name], leaf)
    other, _ = trained(trainer, [4], 10, level=2)
    same = [np.array_equal(leaves(whole)[name], leaves(other)[name]) for name in leaves(other)]
    assert not all(same), "another level draws otherwise"


def test_evaluation_drops_nothing():
    model = Model(TinyTask(), Dropout())
    network = model.network(key=jax.random.key(0))
    inputs = jax.random.normal(jax.random.key(1), (6, 5))
    by_hand = jnp.tanh(inputs @ network.first.weight.T + network.first.bias[None])
    by_hand = by_hand @ network.second.weight.T + network.second.bias[None]
    np.testing.assert_allclose(model.forward(network, inputs), by_hand, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_running_means_are_those_of_the_batches_whatever_the_optimiser_does():
    trainer = trainer_of(Normalising())
    keys = trainer.keys([0, 1])
    state = trainer.start(keys)
    started = leaves(state)
    after, _ = trained(trainer, [0, 1], 1, state=state)
    batch = np.asarray(trainer.rows.inputs[:16])
    hidden = batch @ started["network.first.weight"].T + started["network.first.bias"]
    momentum = 0.99
    found = leaves(after)
    count, mean, variance = (found[f"memory.{place}"] for place in range(3))
    assert count == 1
    # Equinox corrects its running mean for the start from zero when it is read.
    np.testing.assert_allclose(mean, (1 - momentum) * hidden.mean(axis=0), rtol=1e-4, atol=1e-6)
    assert (variance > 0).all()
    assert not np.allclose(leaves(after, 1)["memory.1"], mean), "each network has its own"


@pytest.mark.slow
def test_evaluation_takes_the_running_means():
    trainer = trainer_of(Normalising())
    state, _ = trained(trainer, [0], 20)
    inputs = jnp.asarray(trainer.rows.inputs[:8])
    network = jax.tree.map(lambda leaf: leaf[0], trainer.masked(state))
    whole = trainer.rules.whole(network)
    model = trainer.rules.model
    one, all_rows = model.forward(whole, inputs[:1]), model.forward(whole, inputs)
    np.testing.assert_allclose(one, all_rows[:1], rtol=1e-5, atol=1e-6)
    in_training, _ = model.architecture.train_forward(whole, inputs, key=jax.random.key(0))
    assert not np.allclose(in_training, all_rows, atol=1e-3)
