"""Pruners that look at curvature, against finite differences and dense algebra in float64."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Batch, Model
from harness.sparse.masks import target
from harness.testing import TinyArchitecture, TinySchedule, TinyTask
from harness.training.trainer import Trainer

KEY = jax.random.key(3)


def kept(written, evidence):
    return written.flat(evidence.mask) > 0


@pytest.mark.slow
def test_obd_is_half_the_diagonal_of_the_hessian_times_the_square(made, evidence, written):
    scores = made("obd", batches=2, diagonal="exact").score(evidence, key=KEY)
    acting = written.flat(evidence.effective)
    diagonals = [
        np.diag(written.hessian(acting, batch)) for batch in written.several(evidence.batches(2))
    ]
    expected = np.mean(diagonals, axis=0) * acting**2 / 2
    assert written.flat(scores) == pytest.approx(expected, rel=2e-3, abs=2e-6)


@pytest.mark.slow
def test_obd_by_hutchinson_is_that_of_the_exact_diagonal_on_average(made, evidence, written):
    exact = written.flat(made("obd", batches=1, diagonal="exact").score(evidence, key=KEY))
    estimated = made("obd", diagonal="hutchinson", batches=1, probes=4000).score(evidence, key=KEY)
    acting, (batch,) = written.flat(evidence.effective), written.several(evidence.batches(1))
    hessian = written.hessian(acting, batch) * np.outer(kept(written, evidence), acting != 0)
    # The variance of v_i · (Hv)_i is the sum of the squares beside the diagonal.
    beside = np.sum(hessian**2, axis=1) - np.diag(hessian) ** 2
    noise = acting**2 / 2 * np.sqrt(beside / 4000)
    error = written.flat(estimated) - exact
    assert (np.abs(error) <= 5 * noise + 1e-5).all()
    assert 0.7 < np.std(error[noise > 1e-5] / noise[noise > 1e-5]) < 1.4


@pytest.mark.slow
def test_obd_by_gauss_newton_is_the_hessian_without_residuals(made, evidence, written):
    """Where the targets are the outputs themselves, the two matrices of squared errors agree."""
    # The signs of two rows cannot balance those of three outputs: every probe needs its own.
    scores = written.flat(made("obd", probes=4000, rows=2).score(evidence, key=KEY))
    acting, train = written.flat(evidence.effective), evidence._train
    outputs = np.asarray(evidence.forward(evidence.effective, jnp.asarray(train.inputs)))
    diagonal = np.diag(written.hessian(acting, Batch(train.inputs, outputs)))
    expected = diagonal * acting**2 / 2
    assert scores == pytest.approx(expected, rel=0.15, abs=1e-6)
    assert scores.sum() == pytest.approx(expected.sum(), rel=0.02)
    whole = np.diag(written.hessian(acting, train)) * acting**2 / 2
    assert not np.allclose(scores, whole, rtol=0.15, atol=1e-6)


def test_obd_needs_the_loss_of_outputs_for_gauss_newton_alone(made):
    assert made("obd").needs == {"output-loss"}
    assert not made("obd", diagonal="hutchinson").needs
    assert not made("obd", diagonal="exact").needs


@jax.custom_vjp
def one_at_a_time(outputs):
    """The same, by an operation that has no batching rule."""
    return jax.pure_callback(np.asarray, outputs, outputs)


one_at_a_time.defvjp(lambda outputs: (one_at_a_time(outputs), None), lambda _, slope: (slope,))


@dataclass(frozen=True)
class Unbatched(TinyArchitecture):
    """The tiny architecture, with an operation that has no batching rule."""

    def forward(self, network, inputs):
        return one_at_a_time(super().forward(network, inputs))


@pytest.mark.slow
def test_woodfisher_takes_examples_one_at_a_time(made, seen, evidence):
    pruner, goal = made("woodfisher", examples=16), target({"first": 60, "second": 36}, 0.3)
    other = seen()
    other._model = Model(TinyTask(), Unbatched())
    with pytest.raises(NotImplementedError):
        jax.vmap(lambda one: other.gradient(other.effective, one))(other.examples(2))
    update, _ = pruner.step(other, goal, (), key=KEY)
    known, _ = pruner.step(evidence, goal, (), key=KEY)
    for name, mask in known.mask.items():
        assert np.array_equal(update.mask[name], mask)
        assert np.asarray(update.params[name]) == pytest.approx(
            np.asarray(known.params[name]), rel=1e-4, abs=1e-5
        )


@pytest.mark.slow
def test_woodfisher_prunes_convolutions(made, model):
    small = model("small-convolution")
    trainer = Trainer(
        small,
        made("woodfisher", examples=16),
        TinySchedule(),
        small.task.data(seed=0),
        seed=0,
        data_seed=0,
    )
    keys = trainer.keys((0, 1))
    state = trainer.prune(trainer.start(keys), keys, 1, 0.5)
    kept = sum(np.asarray(mask).reshape(2, -1).sum(axis=1) for mask in state.masks.values())
    always = sum(
        int(np.sum(~np.asarray(may))) for may in small.prunable(small.network(key=KEY)).values()
    )
    assert (kept - always == int(target(trainer.sizes, 0.5).total)).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state.network))


def test_fisher_is_the_square_of_each_examples_gradient(made, evidence, written):
    scores = made("fisher", examples=6).score(evidence, key=KEY)
    acting = written.flat(evidence.effective)
    examples = written.several(evidence.examples(6))
    assert examples[0].inputs.shape == (1, 5)
    slopes = np.array([written.gradient(acting, one) for one in examples])
    expected = acting**2 * np.mean(slopes**2, axis=0)
    assert written.flat(scores) == pytest.approx(expected, rel=2e-3, abs=1e-8)
    of_the_batch = acting**2 * np.mean(slopes, axis=0) ** 2
    assert not np.allclose(expected, of_the_batch, rtol=0.1)


def test_grasp_keeps_what_the_gradients_norm_would_lose(made, evidence, written):
    pruner = made("grasp", batches=1)
    scores = written.flat(pruner.score(evidence, key=KEY))
    (batch,) = written.several(evidence.batches(1))
    acting, mask = written.flat(evidence.effective), kept(written, evidence)
    slope = np.where(mask, written.gradient(acting, batch), 0)
    expected = acting * (written.hessian(acting, batch) @ slope)
    assert scores == pytest.approx(expected, rel=5e-3, abs=2e-6)

    def norm(weights):
        return np.sum(np.where(mask, written.gradient(weights, batch), 0) ** 2) / 2

    place = int(np.argmax(np.abs(expected)))
    less = acting.copy()
    less[place] *= 1 - 1e-3
    # To first order, taking a share of the weight away changes the norm by that share of -score.
    assert (norm(less) - norm(acting)) / 1e-3 == pytest.approx(-expected[place], rel=0.02)


@pytest.fixture
def whole_blocks(made):
    """WoodFisher whose blocks are whole layers, as a dense calculation has them."""
    return made("woodfisher", block=60, examples=16, damping=0.1)


def dense_information(written, evidence, leaf):
    acting, mask = written.flat(evidence.effective), kept(written, evidence)
    slopes = np.array(
        [
            np.where(mask, written.gradient(acting, one), 0)
            for one in written.several(evidence.examples(16))
        ]
    )
    part = slopes[:, :60] if leaf == "first" else slopes[:, 60:]
    information = part.T @ part / 16
    size = 60  # blocks are padded to their size
    damping = 0.1 * np.trace(information) / size
    return information + damping * np.eye(len(information)), mask[:60] if leaf == "first" else mask[
        60:
    ]


@pytest.mark.slow
@pytest.mark.parametrize("leaf", ["first", "second"])
def test_woodfisher_costs_and_mends_as_the_dense_inverse_says(
    whole_blocks, evidence, written, leaf, counted
):
    goal = target({"first": 60, "second": 36}, 0.3)
    update, _ = whole_blocks.step(evidence, goal, (), key=KEY)
    information, before = dense_information(written, evidence, leaf)
    weights = np.asarray(evidence.effective[leaf], np.float64).ravel()
    cost = np.where(before, weights**2 / (2 * np.diag(np.linalg.inv(information))), -np.inf)
    number = counted(update.mask)[leaf]
    assert number == int(goal.by_leaf[leaf])
    mask = np.asarray(update.mask[leaf]).ravel()
    assert set(np.flatnonzero(mask)) == set(np.argsort(-cost)[:number])
    stay, go = np.flatnonzero(mask), np.flatnonzero(before & ~mask)
    moved = weights[stay] + np.linalg.solve(
        information[np.ix_(stay, stay)], information[np.ix_(stay, go)] @ weights[go]
    )
    assert np.asarray(update.params[leaf]).ravel()[stay] == pytest.approx(moved, rel=1e-3, abs=1e-4)


def test_woodfisher_moves_weights_to_where_its_quadratic_form_is_least(
    whole_blocks, evidence, written
):
    update, _ = whole_blocks.step(evidence, target({"first": 60, "second": 36}, 0.3), (), key=KEY)
    information, _ = dense_information(written, evidence, "first")
    old = np.asarray(evidence.effective["first"], np.float64).ravel()
    mask = np.asarray(update.mask["first"]).ravel()
    new = np.where(mask, np.asarray(update.params["first"], np.float64).ravel(), 0)

    def rise(weights):
        return (weights - old) @ information @ (weights - old) / 2

    rng = np.random.default_rng(0)
    assert rise(new) < rise(np.where(mask, old, 0))
    for _ in range(20):
        assert rise(new) <= rise(new + 0.01 * mask * rng.normal(size=60)) + 1e-9


@pytest.mark.slow
def test_woodfisher_in_blocks_of_one_ranks_as_the_fisher_diagonal(made, evidence, written):
    goal = target({"first": 60, "second": 36}, 0.3)
    pruner = made("woodfisher", block=1, examples=16, damping=1e-6)
    update, _ = pruner.step(evidence, goal, (), key=KEY)
    alone, _ = made("fisher", examples=16).step(evidence, goal, (), key=KEY)
    same = written.flat(update.mask) == written.flat(alone.mask)
    assert same.mean() > 0.95
    left = written.flat(update.mask) > 0
    assert written.flat(update.params)[left] == pytest.approx(
        written.flat(evidence.weights)[left], abs=1e-6
    )
