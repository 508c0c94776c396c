"""Pure mask algebra: name a network's leaves, mask them, and keep exactly K entries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt32

from harness.sparse import finite
from harness.sparse.patterns import Blocks, Groups, pattern
from harness.types import Key, Masks, Network, Scope, Target, Weights


def _named(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")


def leaf_names(network: Network) -> list[str]:
    """Return the dotted paths of all leaves of a network, such as `layers.0.weight`."""
    return [_named(path) for path, _ in jax.tree_util.tree_leaves_with_path(network)]


def select(network: Network, names: Iterable[str]) -> Weights:
    """Return the leaves of `network` with these names."""
    leaves = {_named(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(network)}
    return {name: leaves[name] for name in names}


def replace(network: Network, weights: Mapping[str, Array]) -> Network:
    """Return `network` with the leaves named in `weights` in place of its own."""
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: weights.get(_named(path), leaf), network
    )


def apply(weights: Weights, masks: Masks) -> Weights:
    """Return `weights` where the mask is True, zero elsewhere (a pruned NaN becomes zero too)."""
    return {name: jnp.where(masks[name], weight, 0) for name, weight in weights.items()}


def masked(network: Network, masks: Masks) -> Network:
    """Return the masked network: its prunable leaves masked, all others unchanged."""
    return replace(network, apply(select(network, masks), masks))


def count(masks: Mapping[str, Shaped[np.ndarray, "..."] | Shaped[Array, "..."]]) -> dict[str, int]:
    """Count the True entries of each leaf."""
    return {name: int(np.sum(mask)) for name, mask in masks.items()}


def kept_by_leaf(
    masks: Mapping[str, Bool[np.ndarray, "networks ..."] | Bool[Array, "networks ..."]],
    prunable: Mapping[str, Bool[np.ndarray, "..."] | Bool[Array, "..."]],
) -> dict[str, Int[np.ndarray, " networks"]]:
    """Count the prunable entries of each leaf that each network keeps, on the host."""
    return {
        name: np.sum(np.asarray(mask) & np.asarray(prunable[name]), axis=tuple(range(1, mask.ndim)))
        for name, mask in masks.items()
    }


def target(
    prunable: Mapping[str, int],
    density: float,
    by_leaf: Mapping[str, float] | None = None,
    most: Mapping[str, int] | None = None,
) -> Target:
    """Return the exact numbers to keep at `density`, given the prunable entries of each leaf.

    The total is K = round(density * N). Leaves get their shares by largest remainder, ties in the
    order of names, so that they sum to K. Where densities `by_leaf` are given, each leaf keeps
    round(its density * its size), one that is not named at `density`, and K is their sum. Computed
    in rational numbers from the decimal as written.

    By largest remainder a leaf can get more of a smaller K (the Alabama paradox), where pruning
    only takes away. So no leaf gets more than `most`, its number at a larger density; the next in
    order gets it.
    """
    if not 0 <= density <= 1:
        raise ValueError(f"density {density} is outside 0 to 1")
    whole = sum(prunable.values())
    if by_leaf is not None:
        shares = {name: Fraction(repr(float(by_leaf.get(name, density)))) for name in prunable}
        keep = {name: round(shares[name] * size) for name, size in prunable.items()}
        total = sum(keep.values())
        density = total / whole
    else:
        share = Fraction(repr(float(density)))
        total = round(share * whole)
        exact = {name: share * size for name, size in prunable.items()}
        keep = {name: int(value) for name, value in exact.items()}
        by_remainder = sorted(exact, key=lambda name: (keep[name] - exact[name], name))
        while left := total - sum(keep.values()):
            free = [name for name in by_remainder if most is None or keep[name] < most[name]]
            if not free:
                raise ValueError(f"{total} weights are over the sum of {most}")
            for name in free[:left]:
                keep[name] += 1
    return Target(
        density=np.asarray(density, np.float32),
        total=np.asarray(total, np.int32),
        by_leaf={name: np.asarray(number, np.int32) for name, number in keep.items()},
        binding=None if by_leaf is None else (),
    )


def at_least(target: Target, least: Target) -> Target:
    """Return a target of which no leaf has less than in another, as at the end of its level."""
    return _by_leaf(target, np.maximum, least)


def at_most(target: Target, most: Target) -> Target:
    """Return a target of which no leaf has more than in another, as at the pruning before."""
    return _by_leaf(target, np.minimum, most)


def _by_leaf(target: Target, chosen: np.ufunc, other: Target) -> Target:
    keep = {name: chosen(one, other.by_leaf[name]) for name, one in target.by_leaf.items()}
    return target._replace(by_leaf=keep, total=np.asarray(sum(keep.values()), np.int32))


def miscount(kept: Mapping[str, int], target: Target) -> str:
    """Return a message for a wrong number of weights, with the leaves that miss their shares."""
    shares = {name: int(number) for name, number in target.by_leaf.items()}
    differing = [name for name in kept if kept[name] != shares[name]] or list(kept)
    layers = ", ".join(f"{kept[name]} in '{name}' (share: {shares[name]})" for name in differing)
    return f"{sum(kept.values())} weights, not {int(target.total)}: {layers}"


def _ordered_bits(
    scores: Shaped[Array, " n"], candidates: Bool[Array, " n"]
) -> UInt32[Array, " n"]:
    """Return unsigned integers in the order of the scores: 0 if no candidate, 1 for NaN, others."""
    values = scores.astype(jnp.float32)
    bits = jax.lax.bitcast_convert_type(jnp.where(values == 0, 0.0, values), jnp.uint32)  # -0 is 0
    sign = jnp.uint32(0x8000_0000)
    ordered = jnp.where(bits >= sign, ~bits, bits | sign)
    ordered = jnp.where(jnp.isnan(scores), jnp.uint32(1), ordered)
    return jnp.where(candidates, jnp.maximum(ordered, 1), 0)


def _in_rows(keys: UInt32[Array, " n"], width: int = 512) -> UInt32[Array, "rows width"]:
    """Return keys in rows, padded with zeros, which are below every threshold."""
    rows = -(-keys.shape[0] // width)
    return jnp.pad(keys, (0, rows * width - keys.shape[0])).reshape(rows, width)


class _Groups:
    """A flat vector in groups of static sizes: sums by group, and values spread over groups."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = sizes
        self._ends = np.cumsum(sizes)

    def sums(self, flags: Bool[Array, " n"]) -> Int[Array, " groups"]:
        parts = jnp.split(flags, self._ends[:-1])
        return jnp.stack([jnp.sum(part, dtype=jnp.int32) for part in parts])

    def spread(self, values: Shaped[Array, " groups"]) -> Shaped[Array, " n"]:
        parts = [jnp.full(size, value) for size, value in zip(self._sizes, values, strict=True)]
        return jnp.concatenate(parts)

    def positions(self, flags: Bool[Array, " n"]) -> Int[Array, " n"]:
        """Return for each entry how many flags its group has up to and including it."""
        parts = jnp.split(flags, self._ends[:-1])
        return jnp.concatenate([jnp.cumsum(part, dtype=jnp.int32) for part in parts])

    def threshold(
        self, keys: UInt32[Array, " n"], keep: Int[Array, " groups"]
    ) -> UInt32[Array, " n"]:
        """Return for each group the largest t with at least `keep` keys >= t, by bisection on bits.

        It takes 32 counting passes, about ten times faster than a sort, and `keep` may be traced.
        Where no group has more keys above zero than it keeps (mostly among ties), t is zero.
        """

        parts = [_in_rows(part) for part in jnp.split(keys, self._ends[:-1])]

        def set_bit(position: Array, threshold: Array) -> Array:
            higher = threshold | (jnp.uint32(1) << (31 - position).astype(jnp.uint32))
            # Each part is compared with its own number: spread over all entries, these would cost
            # as much memory traffic as the keys. Columns first: CPUs sum those in vectors.
            reached = [
                jnp.sum(jnp.sum(part >= at, axis=0, dtype=jnp.int32))
                for part, at in zip(parts, higher, strict=True)
            ]
            return jnp.where(jnp.stack(reached) >= keep, higher, threshold)

        def going(carry: tuple[Array, Array]) -> Array:
            position, _ = carry
            return (position < 32) & needed

        def one_more(carry: tuple[Array, Array]) -> tuple[Array, Array]:
            position, threshold = carry
            return position + 1, set_bit(position, threshold)

        needed = jnp.any(self.sums(keys > 0) > keep)
        nothing = jnp.zeros(len(self._sizes), jnp.uint32)
        _, found = jax.lax.while_loop(going, one_more, (jnp.int32(0), nothing))
        return self.spread(found)


def keep_largest(
    scores: Shaped[Array, " n"],
    candidates: Bool[Array, " n"],
    keep: Int[Array, " groups"],
    *,
    sizes: Sequence[int],
    key: Key,
) -> Bool[Array, " n"]:
    """Return exactly `keep` candidates of each group (all, if there are fewer), the largest.

    Groups are consecutive, of these static sizes. Ties are broken in a seeded random order:
    breaking them by index would fabricate motifs. `keep` may be traced. Scores are compared in
    float32; NaN ranks below everything.
    """
    groups = _Groups(sizes)
    wanted = jnp.minimum(keep.astype(jnp.int32), groups.sums(candidates))
    keys = _ordered_bits(scores, candidates)
    threshold = groups.threshold(keys, wanted)
    above = keys > threshold
    tied = candidates & (keys == threshold)
    missing = wanted - groups.sums(above)
    lots = jnp.where(tied, jax.random.bits(key, keys.shape, jnp.uint32) | 1, 0)
    lot_threshold = groups.threshold(lots, missing)
    drawn = lots > lot_threshold
    # Equal lots on the threshold are rare; the first of them win, so that the count is exact.
    last = tied & (lots == lot_threshold)
    still_missing = missing - groups.sums(drawn)

    def first(_: tuple[Array, Array]) -> tuple[Array, Array]:
        return jnp.asarray(False), last & (groups.positions(last) <= groups.spread(still_missing))

    # A loop of at most one round: under `vmap` a condition would compute both of its branches.
    crowded = jnp.any(groups.sums(last) > still_missing)
    _, last = jax.lax.while_loop(lambda carry: carry[0], first, (crowded, last))
    return above | drawn | last


def allocate(
    shares: Float[Array, " groups"],
    capacity: Int[Array, " groups"],
    total: Int[Array, ""] | Int[np.ndarray, ""],
    *,
    key: Key,
) -> Int[Array, " groups"]:
    """Return how many of `total` each group gets: in proportion to its share, within its capacity.

    What a full group cannot take goes to the others in the same proportion. Fractions are rounded
    by largest remainder, ties at random. The sum is `total`, or that of all capacities if it is
    less. `total` may be traced.
    """

    def quotas(scale: Array) -> Float[Array, " groups"]:
        return jnp.minimum(scale * shares, capacity)

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        fits = quotas(middle).sum() <= total
        return jnp.where(fits, middle, low), jnp.where(fits, high, middle)

    most = jnp.max(jnp.where(shares > 0, (capacity + 1) / jnp.maximum(shares, 1e-30), 0.0))
    scale, _ = jax.lax.fori_loop(0, 48, halve, (jnp.zeros(()), most))
    given = jnp.floor(quotas(scale)).astype(jnp.int32)
    more = keep_largest(
        quotas(scale) - given,
        (given < capacity) & (shares > 0),
        jnp.asarray(total - given.sum())[None],
        sizes=[shares.shape[0]],
        key=key,
    )
    return given + more


def _keep_by_output(
    scores: Shaped[Array, "outputs ..."],
    candidates: Bool[Array, "outputs ..."],
    keep: Int[Array, ""] | Int[np.ndarray, ""],
    *,
    key: Key,
) -> Bool[Array, "outputs ..."]:
    """Return masks with equally many candidates for each output, up to one; a vector is one row."""
    outputs = scores.shape[0] if scores.ndim > 1 else 1
    rows, allowed = scores.reshape(outputs, -1), candidates.reshape(outputs, -1)
    share_key, tie_key = jax.random.split(key)
    each = allocate(jnp.ones(outputs), allowed.sum(1, dtype=jnp.int32), keep, key=share_key)

    def one(row: Array, may: Array, number: Array, row_key: Key) -> Array:
        return keep_largest(row, may, number[None], sizes=[row.shape[0]], key=row_key)

    kept = jax.vmap(one)(rows, allowed, each, jax.random.split(tie_key, outputs))
    return kept.reshape(scores.shape)


def _keep_by_pattern(
    found: Groups | Blocks,
    scores: Shaped[Array, "..."],
    candidates: Bool[Array, "..."],
    keep: Int[Array, ""] | Int[np.ndarray, ""],
    *,
    key: Key,
) -> Bool[Array, "..."]:
    """Return the masks of a pattern, or all candidates if no more than `keep` are there."""
    every = jnp.sum(candidates, dtype=jnp.int32) <= keep
    if scores.ndim < 2 or found.reason_not_to_fit(scores.shape, 0):
        return candidates & every  # such a leaf is refused before training, unless it stays dense
    return jnp.where(every, candidates, found.mask(scores, candidates, keep, key=key))


def prune_by_score(
    scores: Mapping[str, Shaped[Array, "..."]],
    candidates: Masks,
    target: Target,
    *,
    scope: Scope,
    key: Key,
) -> Masks:
    """Return the masks that keep the candidates of largest score.

    By `scope`, each leaf keeps its number in `target.by_leaf` ("layer"), spreads it evenly over its
    outputs, the first axis ("output"), or all leaves compete ("global"); targets whose numbers by
    leaf are binding are met by layer then. Patterns ("2:4", "block4x4") keep their own numbers of
    each leaf, or all candidates where `target.by_leaf` keeps as many. If a candidate's score is not
    finite, nothing is kept, so that no such mask passes for a good one: in a run the trial then
    fails and names the leaf. Raises `TypeError` if scores are complex.
    """
    sound = finite.scored(scores, candidates)
    candidates = {name: candidates[name] & sound for name in scores}
    found = pattern(scope)
    if found is not None or scope == "output":
        keys = zip(sorted(scores), jax.random.split(key, len(scores)), strict=True)
        keep = _keep_by_output if found is None else partial(_keep_by_pattern, found)
        return {
            name: keep(scores[name], candidates[name], target.by_leaf[name], key=own)
            for name, own in keys
        }
    by_layer = scope == "layer" or target.binding is not None
    names = sorted(scores)
    sizes = [scores[name].size for name in names]
    by_leaf = jnp.stack([jnp.asarray(target.by_leaf[name]) for name in names])
    kept = keep_largest(
        jnp.concatenate([scores[name].ravel() for name in names]),
        jnp.concatenate([candidates[name].ravel() for name in names]),
        by_leaf if by_layer else jnp.asarray(target.total)[None],
        sizes=sizes if by_layer else [sum(sizes)],
        key=key,
    )
    pieces = jnp.split(kept, np.cumsum(sizes)[:-1])
    return {
        name: piece.reshape(scores[name].shape) for name, piece in zip(names, pieces, strict=True)
    }


def leaf_map(function: Callable[..., Array], *trees: Mapping[str, Array]) -> dict[str, Array]:
    """Return `function` applied leaf by leaf to mappings with the same names."""
    return {name: function(*(tree[name] for tree in trees)) for name in trees[0]}


def leaf_keys(like: Mapping[str, Array], key: Key) -> dict[str, Key]:
    """Return a separate key for each leaf."""
    names = sorted(like)
    return dict(zip(names, jax.random.split(key, len(names)), strict=True))


def counted(masks: Masks) -> dict[str, Int[Array, ""]]:
    """Return how many weights each leaf keeps; traced, unlike `count`."""
    return leaf_map(lambda mask: jnp.sum(mask, dtype=jnp.int32), masks)


def random_scores(like: Mapping[str, Array], key: Key) -> Weights:
    """Return uniform random numbers in the shapes of some weights or masks."""
    keys = leaf_keys(like, key)
    return {name: jax.random.uniform(keys[name], like[name].shape) for name in keys}


def keep_by_leaf(scores: Weights, candidates: Masks, keep: Mapping[str, Array], key: Key) -> Masks:
    """Return masks of the candidates of largest score, `keep` of each leaf."""
    target = Target(density=jnp.zeros(()), total=jnp.zeros((), jnp.int32), by_leaf=keep)
    return prune_by_score(scores, candidates, target, scope="layer", key=key)


def random_masks(like: Masks, candidates: Masks, *, key: Key) -> Masks:
    """Return random masks that keep as many candidates of each leaf as `like` does. Traced."""
    lots, ties = jax.random.split(key)
    return keep_by_leaf(random_scores(like, lots), candidates, counted(like), ties)
