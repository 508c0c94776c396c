"""Interventions on motifs, and masks given to other networks."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import harness
from harness import LayeredGraph, motifs
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.intervention import Source
from harness.plugin.loading import load
from harness.plugin.model import Model
from harness.results import snapshot
from harness.results.snapshot import level_path
from harness.testing._tiny import Largest

from .test_interventions import FEW_STEPS

NETWORKS = 2


@pytest.fixture(scope="module", params=[False, True], ids=["weights", "biases too"])
def source(request, registry):
    """Networks with 40 % of their weights, and numbers that tell weights apart."""
    selected = "mlp[sizes=[12,10],prune_biases=true]" if request.param else "mlp[sizes=[12,10]]"
    architecture, task = (
        registry.make(kind, harness.plugin.parameters.parse(text)[0])
        for kind, text in (("architecture", selected), ("task", "digits"))
    )
    model = Model(task, architecture)
    network = model.network(key=jax.random.key(0))
    prunable = model.prunable(network)
    rng = np.random.default_rng(5)
    masks = {name: rng.random((NETWORKS, *may.shape)) < 0.4 for name, may in prunable.items()}
    weights = {name: np.where(mask, rng.normal(size=mask.shape), 0).astype(np.float32)
               for name, mask in masks.items()}  # fmt: skip
    return Source(
        model=model, pruner=Largest(), level=1, density=0.4, prunable=prunable,
        masks={name: jax.numpy.asarray(mask) for name, mask in masks.items()},
        before={name: jax.numpy.ones(mask.shape, bool) for name, mask in masks.items()},
        weights={name: jax.numpy.asarray(one) for name, one in weights.items()},
        keys=jax.random.split(jax.random.key(2), NETWORKS), network=network,
    )  # fmt: skip


def made(registry, name, **parameters):
    return registry.find("intervention", name).factory(**parameters)


def wires_of(source, masks):
    return source.graph({name: jax.numpy.asarray(mask) for name, mask in masks.items()}).adjacency


def z_of(source, masks, motif, network):
    null = motifs.degree_moments(
        [one[network] for one in wires_of(source, source.masks)], 100, (7,)
    )
    place = motifs.VARYING.index(motif)
    graph = LayeredGraph(tuple(one[network] for one in wires_of(source, masks)))
    count = motifs.counts(graph, (3,), names=[motif])[motif].sum()
    return (count - null[0][place]) / null[1][place]


@pytest.mark.slow
def test_rewired_networks_reach_the_target_with_their_weights(registry, source):
    change = made(registry, "rewire", target=4.0, on="not").change(source)
    for network in range(NETWORKS):
        # Another sample of the null: its mean and sd differ by their Monte-Carlo errors.
        assert z_of(source, change.masks, "bifan", network) == pytest.approx(4, abs=1)
    for name, mask in change.masks.items():
        before, after = np.asarray(source.masks[name]), np.asarray(mask)
        for axis in range(1, mask.ndim):
            np.testing.assert_array_equal(before.sum(axis), after.sum(axis))
        weights = np.asarray(change.weights[name])
        assert ((weights != 0) == after).all()
        for old, new in zip(np.asarray(source.weights[name]), weights, strict=True):
            np.testing.assert_array_equal(np.sort(old, axis=None), np.sort(new, axis=None))
        if mask.ndim == 3:  # a weight keeps its source node: edges a->b become a->d
            old, new = np.asarray(source.weights[name]), weights
            np.testing.assert_array_equal(np.sort(old, axis=1), np.sort(new, axis=1))
        if "bias" in name:
            np.testing.assert_array_equal(weights, np.asarray(source.weights[name]))


def test_a_number_of_copies_is_a_target_too(registry, source):
    wires = wires_of(source, source.masks)
    start = motifs.counts(LayeredGraph(wires), (3,), names=["bifan"])["bifan"].sum(-1)
    asked = float(start.max() + 20)
    change = made(registry, "rewire", target=asked, unit="count").change(source)
    masks = change.masks
    found = motifs.counts(LayeredGraph(wires_of(source, masks)), (3,), names=["bifan"])["bifan"]
    assert np.abs(found.sum(-1) - asked).max() < 10
    assert change.weights is None


def test_a_sham_moves_as_many_edges_but_not_the_motif(registry, source):
    rewired = made(registry, "rewire").change(source).masks
    sham = made(registry, "rewire", sham=True).change(source).masks
    for network in range(NETWORKS):
        gap = z_of(source, sham, "bifan", network) - z_of(source, source.masks, "bifan", network)
        assert abs(gap) < 1.5
    moved = [sum((np.asarray(one[name]) != np.asarray(source.masks[name])).sum() for name in one)
             for one in (rewired, sham)]  # fmt: skip
    assert moved[1] > 0.4 * moved[0] > 0


def test_a_lesion_cuts_the_edges_of_most_copies(registry, source):
    masks = made(registry, "lesion", share=0.1).change(source).masks
    matched = made(registry, "lesion", share=0.1, edges="matched").change(source).masks
    every = [wires_of(source, one) for one in (source.masks, masks, matched)]
    for network in range(NETWORKS):
        before, most, like = ([layer[network] for layer in wires] for wires in every)
        copies = motifs.participation(LayeredGraph(tuple(before)))["bifan"].edges
        gone, others = (
            [old & ~new for old, new in zip(before, one, strict=True)] for one in (most, like)
        )
        assert sum(map(np.sum, gone)) == round(0.1 * sum(map(np.sum, before)))
        assert list(map(np.sum, gone)) == list(map(np.sum, others)), "as many in each layer"
        assert not any((one & two).any() for one, two in zip(gone, others, strict=True))
        for number, cut in enumerate(gone):
            if 0 < cut.sum() < before[number].sum() // 2:
                assert copies[number][cut].min() >= copies[number][most[number]].max()
        lost, beside = (
            sum(one[cut].sum() for one, cut in zip(copies, cuts, strict=True))
            for cuts in (gone, others)
        )
        assert lost > beside


def test_matched_edges_are_like_those_cut():
    from harness_plugins.interventions.lesion import matched, most_copies

    rng = np.random.default_rng(0)
    wires = tuple(rng.random((60, 60)) < 0.2 for _ in range(2))
    sizes = [np.abs(rng.normal(size=one.shape)) for one in wires]
    cut = most_copies(wires, "bifan", 0.05, rng)
    found = matched(wires, cut, sizes, rng)
    for one, gone, like, size in zip(wires, cut, found, sizes, strict=True):
        degrees = one.sum(1)[:, None] * one.sum(0)[None]
        for values in (size, degrees):
            gap = abs(np.log(values[gone]).mean() - np.log(values[like]).mean())
            random = abs(np.log(values[gone]).mean() - np.log(values[one & ~gone]).mean())
            assert gap < max(random, 0.15)


@pytest.mark.slow
def test_architectures_without_such_layers_are_skipped_with_the_reason(registry):
    asked = {"tasks": ["digits"], "architectures": ["mlp", "cnn", "residual"], "networks": 2,
             "pruners": ["magnitude"], "interventions": ["rewire", "lesion"]}  # fmt: skip
    trials = plan(checked(asked, source="test"), registry).trials
    for trial in trials:
        if trial.intervention is None or trial.architecture.name == "mlp":
            assert trial.reason_to_skip is None
        else:
            assert "edges that are one weight each" in trial.reason_to_skip


@pytest.mark.slow
def test_transplanted_masks_go_to_the_next_network(tmp_path):
    asked = {"tasks": ["digits"], "pruners": ["magnitude"], "schedules": ["few-steps"],
             "interventions": ["transplant"], "metrics": ["performance"]}  # fmt: skip
    lone, made = (
        plan(
            checked({**asked, "networks": networks, "block_width": networks}, source="test"),
            load([FEW_STEPS]),
        )
        for networks in (1, 3)
    )
    assert "needs two networks in a block" in lone.trials[-1].reason_to_skip
    assert Execution(made, tmp_path / "run").run().failures == []
    for level in (1, 2):
        ours, theirs = (
            snapshot.load(level_path(tmp_path / "run" / "trials" / trial.key, level)).masks
            for trial in (
                next(one for one in made.trials if one.intervention),
                next(one for one in made.trials if not one.intervention),
            )
        )
        for name, mask in ours.items():
            np.testing.assert_array_equal(mask, np.roll(theirs[name], 1, axis=0))


@pytest.mark.slow
def test_weights_moved_with_their_edges_are_measured_and_trained_on(tmp_path):
    asked = {"tasks": ["digits"], "architectures": ["mlp[sizes=[12,10]]"], "pruners": ["magnitude"],
             "schedules": ["few-steps"], "metrics": ["performance"], "networks": 2,
             "interventions": ["rewire[on=not|here|rewind|new,draws=20]", "lesion[on=here]"]
             }  # fmt: skip
    made = plan(checked(asked, source="test"), load([FEW_STEPS]))
    outcome = Execution(made, tmp_path / "run").run()
    assert outcome.failures == []
    assert set(harness.open_run(tmp_path / "run").trials()["status"]) == {"done"}


def test_the_same_keys_give_the_same_wiring_whatever_is_beside(registry, source):
    rewire = made(registry, "rewire", target=3.0)
    both = rewire.change(source).masks
    alone = replace(source, keys=source.keys[1:],
                    masks={name: mask[1:] for name, mask in source.masks.items()},
                    weights=None)  # fmt: skip
    for name, mask in rewire.change(alone).masks.items():
        np.testing.assert_array_equal(np.asarray(mask)[0], np.asarray(both[name])[1])
