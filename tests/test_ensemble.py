"""One step and one pruning of a network, against NumPy."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from harness import AbstractPruner, Batch, ScorePruner, Update, leaf_map
from harness.sparse import masks as mask_algebra
from harness.testing import TinyTask, tiny_model
from harness.training.seeds import stream
from harness.training.state import Keys, Rules

RATE, BATCH = 1e-2, 16
PLUGINS = Path(__file__).parent / "plugins"


@dataclass(frozen=True)
class Gathering(ScorePruner):
    """Sums the gradients, and says in its state what it was shown."""

    name: ClassVar[str] = "gathering"
    when: ClassVar[str] = "level"

    def init(self, evidence, *, key):
        return {"rows": evidence.batches(2).inputs, "key": key}

    def gather(self, weights, gradients, masks):
        return {"gradient": gradients, "raw": weights}

    def score(self, evidence, *, key):
        return leaf_map(jnp.abs, evidence.gathered["gradient"])


@dataclass(frozen=True)
class Free(AbstractPruner):
    """Does nothing by itself: the tests carry out updates of their own."""

    name: ClassVar[str] = "free"
    when: ClassVar[str] = "during"
    regrows: ClassVar[bool] = True
    every: int = 5

    def step(self, evidence, target, state, *, key):
        return Update(evidence.mask), state


def made(pruner, model=None, optimizer=None):
    model = model or tiny_model()
    static = eqx.filter(
        model.network(key=stream(0, "weights", 0)), eqx.is_inexact_array, inverse=True
    )
    return Rules(model, pruner, optimizer or optax.adam(RATE), BATCH, static)


def keys(number=0):
    weights, pruning = stream(0, "weights", number), stream(0, "pruning", number)
    return Keys(weights, pruning, jnp.int32(number))


def batches(number):
    train = TinyTask().data(seed=0).train
    rows = np.random.default_rng(1).integers(0, len(train.inputs), (number, BATCH))
    return Batch(jnp.asarray(train.inputs[rows]), jnp.asarray(train.targets[rows]))


def on_device(masks):
    return {name: jnp.asarray(mask) for name, mask in masks.items()}


def row(many, number):
    return Batch(many.inputs[number], many.targets[number])


@pytest.fixture(scope="module")
def rules():
    return made(Gathering())


def stepping(rules, *, drifts=False):
    """A jitted training step of a network, from its own masked weights."""

    def step(state, batch):
        state, _, loss = rules.train(state, rules.effective(state), batch, jnp.asarray(drifts))
        return state, loss

    return jax.jit(step)


@pytest.fixture(scope="module")
def step(rules):
    return stepping(rules)


@pytest.fixture(scope="module")
def start(rules):
    train = TinyTask().data(seed=0).train
    return jax.jit(rules.start)(keys(), Batch(*map(jnp.asarray, train)), jax.random.key(9))


@pytest.fixture(scope="module")
def dense(step, start):
    """A network trained dense for thirty steps, so that Adam has momentum everywhere."""
    state, many = start, batches(30)
    for number in range(30):
        state, _ = step(state, row(many, number))
    return state


@pytest.fixture(scope="module")
def masks():
    draws = np.random.default_rng(2)
    return {"first": draws.random((12, 5)) < 0.4, "second": draws.random((3, 12)) < 0.4}


@pytest.fixture(scope="module")
def pruned(dense, masks):
    return dense._replace(masks=on_device(masks))


class NumpyTiny:
    """The tiny network with masked Adam, written out by hand in float64."""

    def __init__(self, network):
        self.raw = {n: np.asarray(getattr(network, n), float) for n in ("first", "second", "bias")}
        self.mask = {name: np.ones(leaf.shape, bool) for name, leaf in self.raw.items()}
        self.mean = {name: np.zeros(leaf.shape) for name, leaf in self.raw.items()}
        self.square = {name: np.zeros(leaf.shape) for name, leaf in self.raw.items()}
        self.steps = 0

    def masked(self):
        return {name: np.where(self.mask[name], leaf, 0) for name, leaf in self.raw.items()}

    @staticmethod
    def loss(acting, batch):
        hidden = np.tanh(np.asarray(batch.inputs, float) @ acting["first"].T + acting["bias"])
        return np.mean((hidden @ acting["second"].T - np.asarray(batch.targets, float)) ** 2)

    def gradient(self, batch):
        acting, x = self.masked(), np.asarray(batch.inputs, float)
        hidden = np.tanh(x @ acting["first"].T + acting["bias"])
        error = hidden @ acting["second"].T - np.asarray(batch.targets, float)
        outer = 2 * error / error.size
        inner = (outer @ acting["second"]) * (1 - hidden**2)
        return {"first": inner.T @ x, "second": outer.T @ hidden, "bias": inner.sum(0)}

    def train(self, batch):
        self.steps += 1
        gradient = self.gradient(batch)
        for name, mask in self.mask.items():
            g = np.where(mask, gradient[name], 0)
            self.mean[name] = 0.9 * self.mean[name] + 0.1 * g
            self.square[name] = 0.999 * self.square[name] + 0.001 * g**2
            mean = self.mean[name] / (1 - 0.9**self.steps)
            square = self.square[name] / (1 - 0.999**self.steps)
            self.raw[name] -= np.where(mask, RATE * mean / (np.sqrt(square) + 1e-8), 0)


def assert_bitwise(one, other):
    for here, there in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        if jnp.issubdtype(here.dtype, jax.dtypes.prng_key):
            here, there = jax.random.key_data(here), jax.random.key_data(there)
        np.testing.assert_array_equal(here, there, strict=True)


def test_training_is_masked_adam(step, start, masks):
    state, by_hand, many = start, NumpyTiny(start.network), batches(24)
    for number in range(24):
        if number == 12:
            state = state._replace(masks=on_device(masks))
            by_hand.mask |= masks
        batch = row(many, number)
        expected = by_hand.loss(by_hand.masked(), batch)
        state, loss = step(state, batch)
        by_hand.train(batch)
        assert float(loss) == pytest.approx(expected, rel=1e-4)
        for name, leaf in by_hand.raw.items():
            np.testing.assert_allclose(getattr(state.network, name), leaf, atol=2e-5)
    moments = state.optimizer[0]
    for name, leaf in by_hand.mean.items():
        np.testing.assert_allclose(getattr(moments.mu, name), leaf, atol=2e-5)
        np.testing.assert_allclose(getattr(moments.nu, name), by_hand.square[name], atol=2e-5)


def test_pruned_weights_stay_though_adam_has_momentum(rules, step, pruned, masks):
    moments = pruned.optimizer[0].mu
    for name, mask in masks.items():
        assert (np.asarray(getattr(moments, name))[~mask] != 0).all(), "no momentum to resist"
    state, many = pruned, batches(20)
    for number in range(20):
        state, _ = step(state, row(many, number))
    acting = rules.masked(state)
    for name, mask in masks.items():
        before, after = (np.asarray(getattr(one.network, name)) for one in (pruned, state))
        np.testing.assert_array_equal(after[~mask], before[~mask], strict=True)
        assert (after[mask] != before[mask]).all()
        assert (before[~mask] != 0).any(), "raw weights keep their value under the mask"
        assert (np.asarray(getattr(acting, name))[~mask] == 0).all()


@dataclass(frozen=True)
class Drifting(Free):
    """Lets pruned weights move on, as published code does."""

    name: ClassVar[str] = "drifting"
    drifts: ClassVar[bool] = True


def test_pruned_weights_drift_on_adams_momentum_where_the_pruner_lets_them(pruned, masks):
    state, many = pruned, batches(20)
    state = state._replace(gathered=(), pruner=())
    step = stepping(made(Drifting()), drifts=True)
    count = int(pruned.optimizer[0].count)
    for number in range(20):
        state, _ = step(state, row(many, number))
    for name, mask in masks.items():
        mean, square = (
            np.asarray(getattr(moment, name), np.float64)[~mask]
            for moment in (pruned.optimizer[0].mu, pruned.optimizer[0].nu)
        )
        expected = np.asarray(getattr(pruned.network, name), np.float64)[~mask]
        for past in range(1, 21):
            size = np.sqrt(square * 0.999**past / (1 - 0.999 ** (count + past)))
            unbiased = mean * 0.9**past / (1 - 0.9 ** (count + past))
            expected = expected - RATE * unbiased / (size + 1e-8)
        found = np.asarray(getattr(state.network, name))[~mask]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert (found != np.asarray(getattr(pruned.network, name))[~mask]).all()


def test_gradients_are_gathered_where_the_mask_is_false_too(step, pruned, masks):
    nothing = pruned._replace(
        gathered=jax.tree.map(jnp.zeros_like, pruned.gathered),
        gathered_steps=jnp.zeros((), jnp.int32),
    )
    batch = row(batches(1), 0)
    once, _ = step(nothing, batch)
    assert once.gathered_steps == 1
    by_hand = NumpyTiny(pruned.network)
    by_hand.mask |= masks
    for name, mask in masks.items():
        gathered = np.asarray(once.gathered["gradient"][name])
        assert np.mean(gathered[~mask] != 0) > 0.5
        for place in [*np.argwhere(~mask)[:3], *np.argwhere(mask)[:3]]:
            losses = []
            for change in (1e-5, -1e-5):
                acting = by_hand.masked()
                acting[name][tuple(place)] += change
                losses.append(by_hand.loss(acting, batch))
            slope = (losses[0] - losses[1]) / 2e-5
            assert gathered[tuple(place)] == pytest.approx(slope, rel=1e-3, abs=1e-6)
        raw = np.asarray(once.gathered["raw"][name])
        np.testing.assert_array_equal(raw, getattr(pruned.network, name))


def test_what_is_gathered_is_summed_over_steps(step, pruned):
    many = batches(3)
    state, total = pruned, jax.tree.map(np.asarray, pruned.gathered["raw"])
    steps = int(pruned.gathered_steps)
    for number in range(3):
        total = {name: total[name] + getattr(state.network, name) for name in total}
        state, _ = step(state, row(many, number))
    assert state.gathered_steps == steps + 3
    for name, expected in total.items():
        np.testing.assert_allclose(state.gathered["raw"][name], expected, rtol=1e-5, atol=1e-5)


def test_a_pruned_nan_has_no_effect(rules, step, pruned, masks):
    def poisoned(state):
        network = state.network
        for name, mask in masks.items():
            place = tuple(np.argwhere(~mask)[0])
            leaf = getattr(network, name).at[place].set(jnp.nan)
            network = eqx.tree_at(lambda n, name=name: getattr(n, name), network, leaf)
        return state._replace(network=network)

    clean, ill, many = pruned, poisoned(pruned), batches(5)
    for number in range(5):
        clean, loss = step(clean, row(many, number))
        ill, same = step(ill, row(many, number))
        assert loss == same
    assert_bitwise(rules.masked(clean), rules.masked(ill))
    assert_bitwise(clean.optimizer, ill.optimizer)
    assert_bitwise(clean.gathered["gradient"], ill.gathered["gradient"])


def test_a_network_that_is_not_active_is_held_where_it_was(rules, step, pruned):
    ahead, _ = step(pruned, row(batches(1), 0))
    stopped = pruned._replace(active=jnp.asarray(False))
    assert_bitwise(rules.held(ahead, stopped)._replace(active=pruned.active), pruned)
    assert_bitwise(rules.held(ahead, pruned), ahead)


def test_a_network_starts_dense_from_its_own_key(rules, start):
    assert_bitwise(start.network, tiny_model().network(key=stream(0, "weights", 0)))
    assert all(mask.all() for mask in start.masks.values())
    assert start.gathered_steps == 0
    assert not any(leaf.any() for leaf in jax.tree.leaves(start.gathered))
    np.testing.assert_array_equal(
        jax.random.key_data(start.pruner["key"]), jax.random.key_data(stream(0, "pruning", 0))
    )


def test_batches_shown_to_a_pruner_are_the_same_for_all_networks(rules):
    train = Batch(*map(jnp.asarray, TinyTask().data(seed=0).train))
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), keys(0), keys(1))
    begin = jax.jit(jax.vmap(rules.start, (0, None, None)))
    rows = np.asarray(begin(both, train, jax.random.key(9)).pruner["rows"])
    assert rows.shape == (2, 2, BATCH, 5)
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0, 0], rows[0, 1])
    known = {one.tobytes() for one in np.asarray(train.inputs)}
    assert all(one.tobytes() in known for one in rows[0].reshape(-1, 5))
    other = np.asarray(begin(both, train, jax.random.key(10)).pruner["rows"])
    assert not np.array_equal(rows, other)


def test_evidence_shows_the_network_its_past_and_its_loss(rules, pruned, masks):
    train = Batch(*map(jnp.asarray, TinyTask().data(seed=0).train))
    evidence = rules.evidence(pruned, keys(), train, jax.random.key(0), jnp.float32(0.5))
    initial = tiny_model().network(key=stream(0, "weights", 0))
    batch, by_hand = row(batches(1), 0), NumpyTiny(pruned.network)
    by_hand.mask |= masks
    assert float(evidence.loss(evidence.effective, batch)) == pytest.approx(
        by_hand.loss(by_hand.masked(), batch), rel=1e-5
    )
    for name, mask in masks.items():
        raw = np.asarray(getattr(pruned.network, name))
        np.testing.assert_array_equal(evidence.weights[name], raw)
        np.testing.assert_array_equal(evidence.effective[name], np.where(mask, raw, 0))
        np.testing.assert_array_equal(evidence.initial_weights[name], getattr(initial, name))
    hidden = evidence.activations(evidence.effective, batch.inputs)["second"]
    acting = by_hand.masked()
    entering = np.asarray(batch.inputs) @ acting["first"].T + acting["bias"]
    np.testing.assert_allclose(hidden, np.tanh(entering), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        evidence.forward(evidence.effective, batch.inputs),
        np.tanh(entering) @ acting["second"].T,
        rtol=1e-4,
        atol=1e-5,
    )
    np.testing.assert_allclose(
        evidence.linear_forward(evidence.effective, batch.inputs),
        entering @ acting["second"].T,
        rtol=1e-4,
        atol=1e-5,
    )


def test_params_of_an_update_replace_the_prunable_leaves_alone(rules, pruned):
    params = {"first": jnp.full((12, 5), 3.0), "second": jnp.full((3, 12), 4.0)}
    after = rules.carry_out(pruned, Update(pruned.masks, params=params))
    np.testing.assert_array_equal(after.network.first, params["first"])
    np.testing.assert_array_equal(after.network.second, params["second"])
    np.testing.assert_array_equal(after.network.bias, pruned.network.bias)
    assert_bitwise(after.optimizer, pruned.optimizer)
    assert_bitwise(after.masks, pruned.masks)


def test_a_reset_zeroes_exactly_these_moments(rules, pruned):
    draws = np.random.default_rng(5)
    reset = {"first": draws.random((12, 5)) < 0.3, "second": draws.random((3, 12)) < 0.3}
    update = Update(pruned.masks, reset_optimizer=on_device(reset))
    after = rules.carry_out(pruned, update)
    assert_bitwise(after.network, pruned.network)
    assert after.optimizer[0].count == pruned.optimizer[0].count == 30
    for moment in ("mu", "nu"):
        was, now = (getattr(one.optimizer[0], moment) for one in (pruned, after))
        np.testing.assert_array_equal(now.bias, was.bias)
        for name, which in reset.items():
            old, new = np.asarray(getattr(was, name)), np.asarray(getattr(now, name))
            assert (new[which] == 0).all()
            assert (old[which] != 0).all()
            np.testing.assert_array_equal(new[~which], old[~which])


def test_a_reset_reaches_the_moments_within_a_chain_of_optimisers(dense):
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(RATE))
    rules = made(Free(), optimizer=optimizer)
    moments = jax.tree.map(jnp.ones_like, optimizer.init(dense.network))
    state = dense._replace(optimizer=moments, gathered=(), pruner=())
    reset = {"first": jnp.ones((12, 5), bool), "second": jnp.zeros((3, 12), bool)}
    after = rules.carry_out(state, Update(state.masks, reset_optimizer=reset)).optimizer[1][0]
    assert not after.mu.first.any()
    assert not after.nu.first.any()
    assert after.mu.second.all()
    assert after.mu.bias.all()


def test_rewinding_to_the_start_restores_the_whole_network_with_a_fresh_optimiser(
    rules, start, pruned
):
    assert not np.array_equal(start.network.bias, pruned.network.bias)
    after = rules.carry_out(pruned, Update(pruned.masks, rewind_to=rules.whole(start.network)))
    assert_bitwise(after.network, start.network)
    assert_bitwise(after.optimizer, optax.adam(RATE).init(start.network))
    assert_bitwise(after.masks, pruned.masks)
    params = {"first": jnp.full((12, 5), 3.0), "second": start.network.second}
    update = Update(pruned.masks, rewind_to=rules.whole(start.network), params=params)
    both = rules.carry_out(pruned, update)
    np.testing.assert_array_equal(both.network.first, params["first"])
    np.testing.assert_array_equal(both.network.bias, start.network.bias)


@dataclass(frozen=True)
class Rewinding(Free):
    """Goes back to the fourth step."""

    name: ClassVar[str] = "rewinding"
    rewind_step: int = 4


def trained(rules, state, many, numbers):
    step = stepping(rules)
    for number in numbers:
        state, _ = step(state, row(many, number))
    return state


def rewound(optimizer):
    """A network at step 4, at step 10, and taken back to step 4, with its rules and batches."""
    rules, many = made(Rewinding(), optimizer=optimizer), batches(16)
    train = Batch(*map(jnp.asarray, TinyTask().data(seed=0).train))
    start = jax.jit(rules.start)(keys(), train, jax.random.key(9))
    early = trained(rules, start, many, range(4))
    late = trained(rules, rules.remembered(early), many, range(4, 10))
    update = Update(late.masks, rewind_to=rules.whole(late.rewind_point))
    return rules, many, early, late, rules.carry_out(late, update)


def test_after_a_rewind_the_schedule_goes_on_from_the_rewind_step():
    """Without moments, the same batches then give the same weights to the last bit."""
    rate = optax.piecewise_constant_schedule(0.3, {2: 0.5, 7: 0.1})
    decay = optax.add_decayed_weights(optax.piecewise_constant_schedule(1.0, {5: 0.0}))
    rules, many, _, late, again = rewound(optax.chain(decay, optax.sgd(rate)))
    assert_bitwise(trained(rules, again, many, range(4, 10)).network, late.network)


def test_a_rewind_keeps_every_count_and_forgets_every_moment():
    optimizer = optax.MultiSteps(
        optax.inject_hyperparams(optax.nadamw)(
            learning_rate=optax.linear_schedule(1e-2, 1e-3, 20), b2=0.99
        ),
        every_k_schedule=3,
    ).gradient_transformation()
    _, _, early, late, again = rewound(optimizer)
    fresh = optimizer.init(early.network)
    fields = ("mini_step", "gradient_step")
    counts = [[int(getattr(one.optimizer, name)) for name in fields] for one in (early, late)]
    assert counts == [[1, 1], [1, 3]]
    assert [int(getattr(again.optimizer, name)) for name in fields] == [1, 1]
    inner, known = again.optimizer.inner_opt_state, early.optimizer.inner_opt_state
    assert inner.count == known.count == 1
    assert_bitwise(inner.hyperparams, known.hyperparams)
    assert inner.inner_state[0].count == 1
    assert_bitwise(inner.inner_state[0].mu, fresh.inner_opt_state.inner_state[0].mu)
    assert_bitwise(inner.inner_state[0].nu, fresh.inner_opt_state.inner_state[0].nu)
    assert_bitwise(again.optimizer.acc_grads, fresh.acc_grads)
    assert any(leaf.any() for leaf in jax.tree.leaves(late.optimizer.acc_grads))


def test_masks_shrink_unless_the_pruner_declares_that_it_regrows(rules, pruned, masks):
    asked = {"first": jnp.ones((12, 5), bool).at[3].set(False), "second": jnp.ones((3, 12), bool)}
    shrunk = rules.carry_out(pruned, Update(asked)).masks
    for name, mask in masks.items():
        np.testing.assert_array_equal(shrunk[name], mask & np.asarray(asked[name]))
    grown = made(Free()).carry_out(pruned, Update(asked)).masks
    assert_bitwise(grown, asked)


def test_entries_that_are_not_prunable_always_act(model):
    small = model("small-convolution")
    rules = made(Free(), small)
    train = Batch(*map(jnp.asarray, small.task.data(seed=0).train))
    state = rules.start(keys(), train, jax.random.key(0))
    nothing = jax.tree.map(jnp.zeros_like, state.masks)
    after = rules.carry_out(state, Update(nothing)).masks
    fixed = np.zeros((4, 2, 3), bool)
    fixed[0, :, 1] = True
    np.testing.assert_array_equal(after["convolution.weight"], fixed)
    assert not after["head.weight"].any()


def test_pruning_carries_the_update_out_and_forgets_what_was_gathered(rules, dense):
    train = Batch(*map(jnp.asarray, TinyTask().data(seed=0).train))
    target = mask_algebra.target({"first": 60, "second": 36}, 0.5)
    after = jax.jit(rules.prune)(dense, keys(), train, jax.random.key(0), target, jnp.float32(0))
    for name, keep in (("first", 30), ("second", 18)):
        score = np.abs(np.asarray(dense.gathered["gradient"][name]))
        largest = score >= np.sort(score, axis=None)[-keep]
        np.testing.assert_array_equal(after.masks[name], largest)
    assert after.gathered_steps == 0
    assert not any(leaf.any() for leaf in jax.tree.leaves(after.gathered))
    assert_bitwise(after.network, dense.network)
    assert_bitwise(after.optimizer, dense.optimizer)
    assert_bitwise(after.pruner, dense.pruner)
