"""SynFlow of networks with biases and of deep ones, against algorithm 1 in float64."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Evidence, Model
from harness.sparse.masks import count, target
from harness.testing import TinyArchitecture, TinyTask

KEY = jax.random.key(3)


def evidence(model, *, scale=0.0, at=0, **parameters):
    """Of new digit networks; biases have the sizes of N(0, `scale`²)."""
    digits = model("digits", **parameters)
    network = digits.network(key=jax.random.key(at))
    draws = np.random.default_rng(at)
    for number, layer in enumerate(network.layers):
        bias = jnp.asarray(scale * draws.normal(size=layer.bias.shape), jnp.float32)
        network = eqx.tree_at(lambda n, i=number: n.layers[i].bias, network, bias)
    masks = {name: jnp.ones_like(leaf) for name, leaf in digits.prunable(network).items()}
    return Evidence(
        digits,
        network,
        mask=masks,
        initial=network,
        rewind_point=network,
        train=digits.task.data(seed=0).train,
        batch_size=8,
        batch_key=jax.random.key(1),
    )


def flows(weights, biases):
    """|w dR/dw| of each weight and bias, by hand: what enters times what leaves."""
    entering = [np.ones(weights[0].shape[1])]
    for weight, bias in zip(weights, biases, strict=True):
        entering.append(weight @ entering[-1] + bias)
    leaving, parts, of_biases = np.ones(weights[-1].shape[0]), [], []
    for weight, bias, signal in zip(weights[::-1], biases[::-1], entering[-2::-1], strict=True):
        parts.append(weight * np.outer(leaving, signal))
        of_biases.append(bias * leaving)
        leaving = weight.T @ leaving
    return parts[::-1], of_biases[::-1]


def reference(network, total, rounds, *, prune_biases):
    """Tanaka et al. (2020), algorithm 1, and their code's treatment of biases."""
    layers = [
        (np.abs(np.asarray(layer.weight, float)), np.abs(np.asarray(layer.bias, float)))
        for layer in network.layers
    ]
    shapes = [part.shape for part in (*(w for w, _ in layers), *(b for _, b in layers))]
    sizes, depth = [int(np.prod(shape)) for shape in shapes], len(layers)
    number = sum(sizes) if prune_biases else sum(sizes[:depth])
    keep = np.ones(number, bool)

    def shaped(flat):
        ends = np.cumsum(sizes)[: depth if not prune_biases else None]
        pieces = np.split(flat, ends[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=False)]

    for round_ in range(rounds):
        masks = shaped(keep)
        weights = [weight * mask for (weight, _), mask in zip(layers, masks, strict=False)]
        biases = [bias for _, bias in layers]
        if prune_biases:
            biases = [bias * mask for bias, mask in zip(biases, masks[depth:], strict=True)]
        of_weights, of_biases = flows(weights, biases)
        parts = of_weights + of_biases if prune_biases else of_weights
        scores = np.where(keep, np.concatenate([part.ravel() for part in parts]), -1)
        share = (total / number) ** ((round_ + 1) / rounds)
        kept = total if round_ + 1 == rounds else max(round(share * number), total)
        keep = np.zeros(number, bool)
        keep[np.argsort(-scores, kind="stable")[:kept]] = True
    names = [f"layers.{i}.{part}" for part in ("weight", "bias") for i in range(depth)]
    return dict(zip(names, shaped(keep), strict=False))


def compared(model, made, density, rounds=100, **parameters):
    """The masks of the pruner and of the reference, and the share that they have in common."""
    seen = evidence(model, **parameters)
    goal = target(count(seen.mask), density)
    step = jax.jit(lambda: made("synflow", rounds=rounds).step(seen, goal, (), key=KEY)[0].mask)
    ours = {name: np.asarray(mask) for name, mask in step().items()}
    biases = parameters.get("prune_biases", False)
    known = reference(seen.network, int(goal.total), rounds, prune_biases=biases)
    assert ours.keys() == known.keys()
    assert sum(mask.sum() for mask in ours.values()) == int(goal.total)
    return ours, known, sum((ours[name] & known[name]).sum() for name in ours) / int(goal.total)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "width", "density"), [(2, 32, 0.05), (40, 64, 0.1), (60, 32, 0.02), (80, 16, 0.05)]
)
def test_deep_networks_are_pruned_as_in_float64(model, made, density, depth, width):
    ours, known, shared = compared(model, made, density, sizes=(width,) * depth)
    assert shared > 0.99
    for name, mask in known.items():
        assert ours[name].any() or not mask.any(), f"{name} is lost"


@pytest.mark.slow
def test_biases_of_zero_carry_no_flow_and_go_first(model, made):
    seen = evidence(model, prune_biases=True)
    flow = made("synflow").flow(seen, seen.mask)
    for name, leaf in flow.items():
        assert np.isfinite(leaf).all()
        assert np.any(leaf) == name.endswith("weight")
    ours, _, shared = compared(model, made, 0.05, prune_biases=True)
    assert shared > 0.99
    assert not any(mask.any() for name, mask in ours.items() if name.endswith("bias"))


@pytest.mark.slow
@pytest.mark.parametrize("prune_biases", [True, False])
@pytest.mark.parametrize("sizes", [(32, 16), (16,) * 12])
def test_biases_enter_the_flow_by_their_size(model, made, sizes, prune_biases):
    facts = {"sizes": sizes, "scale": 3.0, "prune_biases": prune_biases}
    ours, known, shared = compared(model, made, 0.2, rounds=20, **facts)
    assert shared > 0.99
    _, others, _ = compared(model, made, 0.2, rounds=20, **{**facts, "scale": 0.0})
    names = [name for name in ours if name.endswith("weight")]
    assert any(not np.array_equal(known[name], others[name]) for name in names), "biases count"
    assert prune_biases == any(mask.any() for name, mask in ours.items() if name.endswith("bias"))


@pytest.mark.slow
def test_networks_side_by_side_are_pruned_as_each_alone(model, made):
    """Under `vmap` the loop is batched, in the same precision."""
    pruner, seen = made("synflow", rounds=5), evidence(model, sizes=(64,) * 40)
    goal = target(count(seen.mask), 0.1)
    arrays, static = eqx.partition(seen.network, eqx.is_inexact_array)

    def masks(factor):
        seen.network = eqx.combine(
            jax.tree.map(lambda leaf: jnp.sin(factor * leaf), arrays), static
        )
        return pruner.step(seen, goal, (), key=KEY)[0].mask

    both = jax.jit(jax.vmap(masks))(jnp.array([1.0, 2.0]))
    for place, factor in enumerate((1.0, 2.0)):
        alone = jax.jit(masks)(factor)
        assert all(np.array_equal(both[name][place], alone[name]) for name in alone)


def test_entries_that_always_act_carry_flow(made, seen):
    """An entry that may not be pruned is part of R, whatever the mask of the round says."""
    full = {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}
    less = {**full, "second": full["second"].at[0].set(False)}
    one = seen(mask=full)
    fixed = {**full, "second": full["second"].at[0].set(False)}
    wired = type("Fixed", (TinyArchitecture,), {"prunable": lambda self, network: fixed})()
    one._model = Model(TinyTask(), wired)
    flow, whole = made("synflow").flow(one, less), made("synflow").flow(seen(mask=full), full)
    ratio = np.asarray(flow["first"]) / np.asarray(whole["first"])
    assert ratio == pytest.approx(ratio.flat[0], rel=1e-5)
