"""Draws from the `degree` null: every node keeps its in- and out-degree to each layer beside it.

A Curveball global trade (Strona et al. 2014, Nat. Commun. 5:4114; Carstens 2015, Phys. Rev. E
91:042812; global trades: Carstens, Hamann, Meyer, Penschuck, Tran and Wagner 2018) pairs all rows
of a mask at random; each pair deals out anew, uniformly, what only one of the two has. Rows and
columns keep their sums, every trade can be undone with the same probability, and trades reach every
mask of these margins: in the long run the draws are uniform.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

GLOBAL_TRADES = 20
"""Of each draw, from the network itself: after some ten, the overlap with it is that of chance."""

_ENTRIES_AT_ONCE = 2**20  # of masks traded together: many share a call, and threads one machine


def traded(
    mask: Bool[np.ndarray, "sources targets"], rng: np.random.Generator, draws: int, trades: int
) -> Bool[np.ndarray, "draws sources targets"]:
    """Independent draws of one mask, each after so many global trades, on the host."""
    together = max(1, _ENTRIES_AT_ONCE // max(1, mask.size))
    found = np.repeat(np.asarray(mask)[None], draws, 0)
    for start in range(0, draws, together):
        block = found[start : start + together]
        for _ in range(trades):
            _trade(block, rng)
    return found


def _trade(masks: Bool[np.ndarray, "draws sources targets"], rng: np.random.Generator) -> None:
    """One global trade of each mask, in place."""
    draws, rows, columns = masks.shape
    order = rng.permuted(np.broadcast_to(np.arange(rows), (draws, rows)), axis=1)
    order += rows * np.arange(draws)[:, None]
    half = rows // 2
    one, other = order[:, :half].ravel(), order[:, half : 2 * half].ravel()
    by_row = masks.reshape(-1, columns)
    left = by_row.take(one, 0)
    places = np.flatnonzero(left ^ by_row.take(other, 0))
    sides = left.reshape(-1).take(places)
    numbers = np.arange(len(one))
    starts = np.searchsorted(places, columns * np.arange(len(one) + 1))
    pairs = np.repeat(numbers, np.diff(starts))
    dealt = _dealt_anew(sides, pairs, rng)
    # Index arrays, not masks, and no reading of what is written: each twice as fast.
    traded = np.flatnonzero(dealt ^ sides)
    place, pair, side = places.take(traded), pairs.take(traded), dealt.take(traded)
    entries = masks.reshape(-1)
    entries[place + (columns * (one - numbers)).take(pair)] = side
    entries[place + (columns * (other - numbers)).take(pair)] = ~side


def _dealt_anew(
    sides: Bool[np.ndarray, " places"],
    pairs: Int[np.ndarray, " places"],
    rng: np.random.Generator,
) -> Bool[np.ndarray, " places"]:
    """The sides of each pair of rows in random order: sorted by pair, then by lot.

    Two equal lots are rare, and a coin says which side then comes first.
    """
    bits = int(pairs[-1]).bit_length() if len(pairs) else 0
    size = 32 if bits <= 8 else 64
    word = np.dtype(f"uint{size}")
    # A third of the time of `rng.integers`.
    deck = rng.bit_generator.random_raw(-(-len(pairs) * size // 64)).view(word)[: len(pairs)]
    deck >>= bits
    if bits:
        deck |= np.left_shift(pairs.astype(word), size - bits)
    coin = bool(rng.integers(2))
    deck &= np.array(~word.type(1))
    deck |= sides ^ coin
    deck.sort()
    return (deck & word.type(1)).astype(bool) ^ coin


@partial(jax.jit, static_argnums=(2, 3))
def traded_on_device(
    mask: Bool[Array, "sources targets"], key: Key[Array, ""], draws: int, trades: int
) -> Bool[Array, "draws sources targets"]:
    """Many independent draws of one mask, each after so many global trades, on JAX's device."""
    rows, columns = mask.shape
    half = rows // 2
    start = jnp.broadcast_to(mask, (draws, rows, columns))
    each = jnp.arange(draws)[:, None]

    def trade(masks: Array, key: Array) -> tuple[Array, None]:
        pairing, dealing = jax.random.split(key)
        orders = jax.vmap(lambda one: jax.random.permutation(one, rows))(
            jax.random.split(pairing, draws)
        )
        one, other = orders[:, :half], orders[:, half : 2 * half]
        left, right = _dealt(masks[each, one], masks[each, other], dealing)
        return masks.at[each, one].set(left).at[each, other].set(right), None

    return jax.lax.scan(trade, start, jax.random.split(key, trades))[0]


def _dealt(left: Array, right: Array, key: Array) -> tuple[Array, Array]:
    """What only one of two rows has, dealt out anew: column by column, as one draws from an urn."""
    single = left ^ right
    wanted = (left & single).sum(-1, dtype=jnp.int32)
    total = single.sum(-1, dtype=jnp.int32)
    columns = left.shape[-1]

    def deal(
        urn: tuple[Array, Array], column: tuple[Array, ...]
    ) -> tuple[tuple[Array, Array], Array]:
        wanted, total = urn
        mine, contested, key = column
        lot = jax.random.randint(key, wanted.shape, 0, jnp.maximum(total, 1))
        takes = contested & (lot < wanted)
        return (wanted - takes, total - contested), jnp.where(contested, takes, mine)

    by_column = (jnp.moveaxis(left, -1, 0), jnp.moveaxis(single, -1, 0))
    _, dealt = jax.lax.scan(deal, (wanted, total), (*by_column, jax.random.split(key, columns)))
    mine = jnp.moveaxis(dealt, 0, -1)
    return mine, jnp.where(single, ~mine, right)
