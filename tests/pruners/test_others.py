"""Pruners of sizes, signals and paths, against calculations of their own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Model, UserError
from harness.experiment.factors import pairs
from harness.sparse.masks import target

KEY = jax.random.key(3)
SIZES = {"first": 60, "second": 36}


def test_lamp_divides_by_the_squares_that_are_not_smaller(made, evidence):
    scores = made("lamp").score(evidence, key=KEY)
    for name, weights in evidence.effective.items():
        squares = np.asarray(weights, np.float64).ravel() ** 2
        expected = [
            square / squares[squares >= square].sum() if square else 0 for square in squares
        ]
        assert np.asarray(scores[name]).ravel() == pytest.approx(expected, rel=1e-5)
        assert np.max(scores[name]) == 1


def test_wanda_is_size_times_norm_of_what_enters(made, evidence):
    scores = made("wanda", batches=2).score(evidence, key=KEY)
    inputs = np.asarray(evidence.batches(2).inputs, np.float64).reshape(-1, 5)
    one = np.asarray(evidence.effective["first"], np.float64)
    hidden = np.tanh(inputs @ one.T + np.asarray(evidence.network.bias))
    for name, entering in (("first", inputs), ("second", hidden)):
        norm = np.linalg.norm(entering, axis=0) / np.sqrt(len(inputs))
        expected = np.abs(np.asarray(evidence.weights[name])) * norm
        assert np.asarray(scores[name]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["rnn[width=5]", "cnn[channels=[3]]"])
def test_wanda_sums_over_the_places_at_which_a_weight_is_used(made, seen, registry, architecture):
    ((task, chosen),) = pairs(registry, ["digits"], [architecture])
    model = Model(task.instance, chosen.instance)
    network = model.network(key=jax.random.key(1))
    mask, train = model.prunable(network), task.instance.data(seed=0).train
    here = seen(network=network, model=model, mask=mask, initial=network, rewind_point=network,
                train=train)  # fmt: skip
    scores = made("wanda", batches=1).score(here, key=KEY)
    entering = model.activations(network, jnp.asarray(here.batches(1).inputs[0]))
    for name, weights in here.weights.items():
        signal = np.asarray(entering[name], np.float64)
        squares = (signal**2).reshape(*signal.shape[:2], -1).sum((0, 2)) / len(signal)
        for source, square in enumerate(squares):
            expected = np.abs(np.asarray(weights[:, source])) * np.sqrt(square)
            assert np.asarray(scores[name][:, source]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_wanda_prunes_layer_after_layer_on_pruned_signals(made, evidence):
    """The second layer is ranked by what the pruned first layer gives, as NumPy has it."""
    goal = target(SIZES, 0.2)
    inputs = np.asarray(evidence.batches(2).inputs, np.float64).reshape(-1, 5)
    masks = {}
    for signals in ("pruned", "before"):
        pruner = made("wanda", batches=2, scope="layer", signals=signals)
        update, _ = pruner.step(evidence, goal, (), key=KEY)
        masks[signals] = {name: np.asarray(mask) for name, mask in update.mask.items()}
        first = np.asarray(evidence.effective["first"], np.float64)
        if signals == "pruned":
            first = first * masks[signals]["first"]
        hidden = np.tanh(inputs @ first.T + np.asarray(evidence.network.bias))
        second = np.abs(np.asarray(evidence.weights["second"])) * np.linalg.norm(hidden, axis=0)
        score = np.where(evidence.mask["second"], second, -1).ravel()
        number = int(goal.by_leaf["second"])
        assert set(np.flatnonzero(masks[signals]["second"])) == set(np.argsort(-score)[:number])
    assert np.array_equal(masks["pruned"]["first"], masks["before"]["first"])
    assert not np.array_equal(masks["pruned"]["second"], masks["before"]["second"])


def test_wanda_cannot_rank_all_layers_at_once_on_pruned_signals(made):
    with pytest.raises(ValueError, match="signals=before"):
        made("wanda", scope="global")
    assert made("wanda", scope="global", signals="before").scope == "global"


@pytest.mark.slow
def test_wanda_fixes_in_degrees(made, seen):
    full = {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}
    update, _ = made("wanda").step(seen(mask=full), target(SIZES, 0.4), (), key=KEY)
    assert set(np.asarray(update.mask["first"]).sum(axis=1)) == {2}
    degrees = np.asarray(update.mask["second"]).sum(axis=1)
    assert degrees.sum() == 14
    assert set(degrees) == {4, 5}


def test_movement_sums_minus_weight_times_gradient_over_levels_and_may_revive(made, seen):
    pruner = made("movement")
    weights = seen().weights
    gradients = {name: -2 * w for name, w in weights.items()}
    masks = seen().mask
    one = pruner.gather(weights, gradients, masks)
    assert np.allclose(one["first"], 2 * np.asarray(weights["first"]) ** 2)
    evidence = seen(gathered=one)
    state = pruner.init(evidence, key=KEY)
    update, state = pruner.step(evidence, target(SIZES, 0.5), state, key=KEY)
    _, state = pruner.step(evidence, target(SIZES, 0.4), state, key=KEY)
    assert np.allclose(state["first"], 2 * np.asarray(one["first"]))
    revived = np.asarray(update.mask["first"]) & ~np.asarray(masks["first"])
    assert revived.any()
    size = np.abs(np.asarray(weights["first"]))
    assert (
        size[np.asarray(update.mask["first"])].min()
        >= size[~np.asarray(update.mask["first"])].max()
    )


def test_lottery_keeps_the_trained_largest_and_goes_back(made, seen):
    early = seen().network
    trained = jax.tree.map(lambda leaf: leaf[::-1] * 2, early)
    full = {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}
    evidence = seen(network=trained, initial=early, rewind_point=trained, mask=full)
    update, _ = made("lottery").step(evidence, target(SIZES, 0.3), (), key=KEY)
    assert update.rewind_to is evidence.initial
    size = np.abs(np.asarray(trained.first))
    mask = np.asarray(update.mask["first"])
    assert size[mask].min() >= size[~mask].max()
    update, _ = made("lottery", rewind_step=5).step(evidence, target(SIZES, 0.3), (), key=KEY)
    assert update.rewind_to is evidence.rewind_point


def test_the_path_of_gmp_is_the_cubic_of_zhu_and_gupta(made):
    pruner = made("gmp", until=0.5)
    for progress in (0.0, 0.1, 0.25, 0.4):
        begun, ended = 1 - 0.9, 1 - 0.2  # sparsities
        expected = ended + (begun - ended) * (1 - progress / 0.5) ** 3
        assert 1 - pruner.ramp(0.9, 0.2, progress) == pytest.approx(expected)
    assert pruner.ramp(0.9, 0.2, 0.5) == pruner.ramp(0.9, 0.2, 1.0) == 0.2


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("uniform", {"first": 24, "second": 14}),
        ("erk", {"first": 20, "second": 18}),
        ((0.1, 0.9), {"first": 6, "second": 32}),
        ((0.01, 0.9), {"first": 2, "second": 36}),  # a full layer passes the rest on
    ],
)
def test_random_divides_weights_between_layers(made, seen, counted, layers, expected):
    full = {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}
    update, _ = made("random", layers=layers).step(seen(mask=full), target(SIZES, 0.4), (), key=KEY)
    assert counted(update.mask) == expected


def test_random_says_how_many_densities_are_right(made, evidence):
    with pytest.raises(UserError, match=r"3 densities.*2 layers to prune: first, second"):
        made("random", layers=(0.1, 0.2, 0.3)).step(evidence, target(SIZES, 0.2), (), key=KEY)
    with pytest.raises(ValueError, match="scope=global cannot"):
        made("random", layers="erk", scope="global")
