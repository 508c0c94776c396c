"""Mask algebra: exactly K of the largest, ties at random, exact numbers to keep, leaf names."""

from fractions import Fraction

import equinox as eqx
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from scipy.stats import chi2

from harness.sparse import masks

NEGATIVE_NAN = np.copysign(np.float32(np.nan), np.float32(-1))
SPECIAL = (np.nan, NEGATIVE_NAN, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 3.4e38)
GROUPINGS = ((12,), (5, 7), (1, 3, 8))

scores_of_twelve = st.lists(
    st.sampled_from(SPECIAL) | st.floats(width=32, allow_subnormal=False), min_size=12, max_size=12
)


@pytest.fixture(scope="module")
def keep_largest():
    compiled = jax.jit(masks.keep_largest, static_argnames="sizes")

    def call(scores, candidates, keep, *, sizes=(12,), seed=0):
        kept = compiled(
            jnp.asarray(scores, jnp.float32),
            jnp.asarray(candidates, bool),
            jnp.asarray(keep, jnp.int32),
            sizes=sizes,
            key=jax.random.key(seed),
        )
        return np.asarray(kept)

    return call


def ranks(scores):
    """The scores as a sort sees them: NaN under everything, -0 as 0."""
    values = np.asarray(scores, np.float32).astype(np.float64)
    return np.where(np.isnan(values), -np.inf, np.clip(values, -1e39, 1e39))


@settings(max_examples=150)
@given(
    scores=scores_of_twelve,
    candidates=st.lists(st.booleans(), min_size=12, max_size=12),
    keep=st.lists(st.integers(0, 14), min_size=3, max_size=3),
    sizes=st.sampled_from(GROUPINGS),
    seed=st.integers(0, 2**31 - 1),
)
@example([0.0, -0.0] * 6, [True] * 12, [6, 3, 3], (12,), 0)
@example([np.nan] * 12, [True] * 12, [5, 0, 0], (5, 7), 0)
@example([-np.inf, np.nan] * 6, [True] * 12, [6, 0, 0], (12,), 0)
def test_keeps_exactly_the_largest_candidates_of_each_group(
    keep_largest, scores, candidates, keep, sizes, seed
):
    kept = keep_largest(scores, candidates, keep[: len(sizes)], sizes=sizes, seed=seed)
    assert not np.any(kept & ~np.asarray(candidates))
    edges = np.cumsum(sizes)[:-1]
    groups = zip(
        np.split(kept, edges),
        np.split(np.asarray(candidates), edges),
        np.split(ranks(scores), edges),
        keep,
        strict=False,
    )
    for chosen, allowed, rank, number in groups:
        by_sorting = np.sort(rank[allowed])[::-1][:number]
        np.testing.assert_array_equal(np.sort(rank[chosen])[::-1], by_sorting)


def test_scores_of_any_size_and_sign_are_ordered(keep_largest):
    scores = [-3e38, -1.0, -1e-30, 0.0, 1e-30, 1.0, 1.0000001, 2.0, 3e38, np.inf, -np.inf, np.nan]
    order = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 11]
    for number in range(13):
        kept = keep_largest(scores, [True] * 12, [number])
        assert set(np.flatnonzero(kept)) == set(order[:number])


def test_pruned_weights_never_come_back_however_large(keep_largest):
    kept = keep_largest([np.inf] * 6 + [np.nan] * 6, [False] * 6 + [True] * 6, [12])
    assert kept.tolist() == [False] * 6 + [True] * 6


def _draws(keep_largest, scores, number, draws=2000):
    many = jax.vmap(
        lambda key: masks.keep_largest(
            jnp.asarray(scores, jnp.float32),
            jnp.ones(len(scores), bool),
            jnp.asarray([number]),
            sizes=(len(scores),),
            key=key,
        )
    )
    return np.asarray(jax.jit(many)(jax.random.split(jax.random.key(7), draws)))


def test_ties_are_kept_uniformly_at_random(keep_largest):
    kept = _draws(keep_largest, [0.5] * 20, 5)
    assert (kept.sum(axis=1) == 5).all()
    expected, draws = 0.25, len(kept)
    spread = draws * expected * (1 - expected) * 20 / 19
    statistic = np.sum((kept.sum(axis=0) - draws * expected) ** 2) / spread
    assert chi2.sf(statistic, 19) > 1e-3
    neighbours = np.mean(kept[:, 1:] & kept[:, :-1])
    assert neighbours == pytest.approx(5 * 4 / (20 * 19), abs=0.004)
    first_by_index = np.mean(kept[:, :5].all(axis=1))
    assert first_by_index < 0.005


def test_only_the_tied_ones_are_drawn(keep_largest):
    kept = _draws(keep_largest, [2.0] * 2 + [1.0] * 6 + [0.0] * 4, 5)
    assert kept[:, :2].all()
    assert not kept[:, 8:].any()
    np.testing.assert_allclose(kept[:, 2:8].mean(axis=0), 0.5, atol=0.05)


def test_zeros_of_either_sign_are_tied(keep_largest):
    kept = _draws(keep_largest, [0.0, -0.0] * 4, 4)
    np.testing.assert_allclose(kept.mean(axis=0), 0.5, atol=0.05)


def test_count_is_exact_where_lots_are_equal_too(monkeypatch):
    monkeypatch.setattr(jax.random, "bits", lambda key, shape, dtype: jnp.full(shape, 8, dtype))
    kept = jax.jit(masks.keep_largest, static_argnames="sizes")(
        jnp.zeros(9),
        jnp.arange(9) != 1,
        jnp.asarray([2, 3]),
        sizes=(4, 5),
        key=jax.random.key(0),
    )
    assert [int(kept[:4].sum()), int(kept[4:].sum())] == [2, 3]
    assert not kept[1]


SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 5000), min_size=1)
DENSITIES = st.integers(0, 10_000).map(lambda part: part / 10_000) | st.floats(0, 1)


@settings(max_examples=200)
@given(SIZES, DENSITIES)
@example({"a": 1, "b": 1, "c": 1, "d": 1}, 0.5)
@example({"b": 5, "a": 5, "c": 5}, 0.1)
@example({"a": 100}, 0.29)
def test_target_shares_by_largest_remainder(sizes, density):
    found = masks.target(sizes, density)
    share = Fraction(str(density))
    exact = {name: share * size for name, size in sizes.items()}
    keep = {name: int(number) for name, number in found.by_leaf.items()}
    assert int(found.total) == round(share * sum(sizes.values())) == sum(keep.values())
    assert keep.keys() == sizes.keys()
    more = {name for name in sizes if keep[name] != exact[name] // 1}
    assert all(keep[name] == exact[name] // 1 + 1 <= sizes[name] for name in more)
    for name in more:
        for other in sizes.keys() - more:
            assert (exact[name] % 1, other) > (exact[other] % 1, name)


def test_target_is_of_the_decimal_written():
    # 0.29 * 100 is 28.999999999999996 in floating point, 0.15 * 10 is 1.5, which rounds to even.
    assert int(masks.target({"a": 100}, 0.29).total) == 29
    assert int(masks.target({"a": 10}, 0.15).total) == 2


def test_target_takes_a_density_computed_with_numpy():
    assert int(masks.target({"a": 10}, np.linspace(0.0, 1.0, 3)[1]).total) == 5


@pytest.mark.parametrize("density", [-0.01, 1.01, np.nan, np.inf])
def test_density_outside_0_to_1_is_refused(density):
    with pytest.raises(ValueError, match="outside 0 to 1"):
        masks.target({"a": 10}, float(density))


@pytest.fixture(scope="module")
def uneven():
    """Two leaves, all large scores in the second, one entry of which is no candidate."""
    scores = {"big": jnp.arange(12.0).reshape(3, 4) + 100, "low": jnp.arange(20.0).reshape(4, 5)}
    candidates = {name: jnp.ones_like(leaf, bool) for name, leaf in scores.items()}
    candidates["big"] = candidates["big"].at[2, 3].set(False)
    return scores, candidates


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scope", "kept"), [("layer", {"big": 5, "low": 8}), ("global", {"big": 11, "low": 2})]
)
def test_layers_keep_their_share_or_compete(uneven, scope, kept):
    scores, candidates = uneven
    target = masks.target({"big": 12, "low": 20}, 0.4)
    found = masks.prune_by_score(scores, candidates, target, scope=scope, key=jax.random.key(0))
    assert masks.count(found) == kept
    for name, mask in found.items():
        assert mask.shape == scores[name].shape
        allowed = np.sort(np.asarray(scores[name])[np.asarray(candidates[name])])[::-1]
        chosen = np.sort(np.asarray(scores[name])[np.asarray(mask)])[::-1]
        np.testing.assert_array_equal(chosen, allowed[: kept[name]])


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_another_density_compiles_nothing(uneven, scope):
    scores, candidates = uneven
    traced = []

    @jax.jit
    def prune(target):
        traced.append(scope)
        key = jax.random.key(0)
        return masks.prune_by_score(scores, candidates, target, scope=scope, key=key)

    targets = [masks.target({"big": 12, "low": 20}, part) for part in (1.0, 0.5, 0.1, 0.0)]
    totals = [sum(masks.count(prune(target)).values()) for target in targets]
    assert totals == [31, 16, 3, 0]
    assert len(traced) == prune._cache_size() == 1


@pytest.fixture(scope="module")
def network():
    return eqx.nn.MLP(2, 3, 4, 1, key=jax.random.key(0))


def test_leaves_are_named_by_their_path(network):
    arrays = eqx.filter(network, eqx.is_inexact_array)
    assert masks.leaf_names(arrays) == [
        *("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"),
    ]
    assert masks.leaf_names({"a": [jnp.ones(1), jnp.ones(2)]}) == ["a.0", "a.1"]


def test_select_and_replace_are_inverse(network):
    names = {"layers.1.weight": None, "layers.0.bias": None}
    chosen = masks.select(network, names)
    assert list(chosen) == list(names)
    assert chosen["layers.1.weight"] is network.layers[1].weight
    moved = masks.replace(network, {name: leaf + 1 for name, leaf in chosen.items()})
    np.testing.assert_array_equal(moved.layers[0].bias, network.layers[0].bias + 1)
    assert moved.layers[0].weight is network.layers[0].weight
    assert eqx.tree_equal(masks.replace(moved, chosen), network)


def test_unknown_leaf_is_an_error(network):
    with pytest.raises(KeyError, match=r"layers\.7\.weight"):
        masks.select(network, {"layers.7.weight": None})


def test_masked_weights_act_as_zero_even_nan(network):
    name = "layers.0.weight"
    broken = masks.replace(network, {name: network.layers[0].weight.at[1, 1].set(jnp.nan)})
    mask = {name: jnp.ones((4, 2), bool).at[1, 1].set(False)}
    acting = masks.masked(broken, mask)
    assert acting.layers[0].weight[1, 1] == 0
    assert jnp.isnan(broken.layers[0].weight[1, 1])
    assert acting.layers[1].weight is network.layers[1].weight

    def loss(weights):
        applied = masks.replace(broken, masks.apply(weights, mask))
        return jnp.sum(applied(jnp.ones(2)) ** 2)

    gradient = jax.grad(loss)(masks.select(broken, mask))[name]
    assert bool(jnp.isfinite(gradient).all())
    assert gradient[1, 1] == 0
    assert bool((gradient != 0).any())


def test_count_and_leaf_map():
    one = {"a": jnp.asarray([True, False]), "b": jnp.asarray([[True], [True]])}
    both = masks.leaf_map(jnp.logical_and, one, {"a": one["a"], "b": ~one["b"]})
    assert masks.count(both) == {"a": 1, "b": 0}


allocate = jax.jit(masks.allocate)


@given(
    shares=st.lists(st.integers(0, 1000), min_size=1, max_size=6),
    seed=st.integers(0, 2**31 - 1),
    part=st.floats(0, 1),
)
def test_allocating_gives_all_in_proportion_and_never_more_than_there_is_room(shares, seed, part):
    rng = np.random.default_rng(seed)
    shares = np.asarray(shares, np.float32)
    capacity = rng.integers(0, 50, shares.size)
    total = int(part * capacity[shares > 0].sum())
    given_out = np.asarray(
        allocate(
            jnp.asarray(shares),
            jnp.asarray(capacity, jnp.int32),
            jnp.asarray(total, jnp.int32),
            key=jax.random.key(seed),
        )
    )
    assert given_out.sum() == total
    assert (given_out <= capacity).all()
    assert not given_out[shares == 0].any()
    # The exact quotas: what full groups cannot take is spread over the others.
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if np.minimum(middle * shares.astype(float), capacity).sum() <= total
            else (low, middle)
        )
    quotas = np.minimum(low * shares.astype(float), capacity)
    assert np.abs(given_out - quotas).max() < 1.01


@pytest.mark.slow
def test_fractions_of_equal_shares_go_to_groups_at_random():
    keys = jax.random.split(jax.random.key(0), 300)
    given_out = jax.vmap(
        lambda key: masks.allocate(jnp.ones(4), jnp.full(4, 9), jnp.asarray(10), key=key)
    )(keys)
    assert set(np.asarray(given_out).ravel()) == {2, 3}
    assert np.asarray(given_out).mean(axis=0) == pytest.approx([2.5] * 4, abs=0.12)


@pytest.mark.slow
def test_scope_output_keeps_the_largest_of_each_output():
    scores = {"layer": jax.random.normal(jax.random.key(1), (6, 8)), "vector": jnp.arange(5.0)}
    candidates = {name: jnp.ones_like(leaf, bool) for name, leaf in scores.items()}
    target = masks.target({"layer": 48, "vector": 5}, 0.5)
    kept = masks.prune_by_score(scores, candidates, target, scope="output", key=jax.random.key(2))
    layer = np.asarray(kept["layer"])
    assert layer.sum() == int(target.by_leaf["layer"]) == 24
    assert set(layer.sum(axis=1)) == {4}
    for row, mask in zip(np.asarray(scores["layer"]), layer, strict=True):
        assert row[mask].min() > row[~mask].max()
    assert int(target.by_leaf["vector"]) == np.asarray(kept["vector"]).sum()
    assert np.asarray(kept["vector"])[-1]
