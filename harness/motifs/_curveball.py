"""Draws from the `degree` null: every node keeps its in- and out-degree to each adjacent layer.

A Curveball global trade (Strona et al. 2014, Nat. Commun. 5:4114; Carstens 2015, Phys. Rev. E
91:042812; global trades: Carstens, Hamann, Meyer, Penschuck, Tran and Wagner 2018) pairs all rows
of a mask at random; each pair redistributes, uniformly, the entries that only one of the two has.
Rows and columns keep their sums, every trade is as likely as its reverse, and trades reach every
mask with these sums: in the long run the draws are uniform.

An empty or full row has nothing to trade, so such rows and columns are set aside first.
`enough_trades` finds how many trades suffice.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

_ENTRIES_AT_ONCE = 2**18
"""Entries of the masks traded in one call: small masks share it, large ones stay in the cache."""
_LOT_BITS = 16
"""The smallest size of the random lots that are sorted: with fewer bits they would often tie."""


def traded(
    masks: Bool[np.ndarray, "draws sources targets"], rng: np.random.Generator, trades: int
) -> Bool[np.ndarray, "draws sources targets"]:
    """Return the masks, each after `trades` more global trades, on the host."""
    result = masks.copy()
    rows, columns = _free(masks[0])
    if not trades or len(rows) < 2 or len(columns) < 2:
        return result
    whole = len(rows) * len(columns) == masks[0].size
    part = result if whole else masks[:, rows[:, None], columns]
    # Fewer and longer rows meet each other sooner.
    turned = len(rows) > len(columns)
    part = np.ascontiguousarray(part.swapaxes(1, 2) if turned else part)
    together = max(1, _ENTRIES_AT_ONCE // part[0].size)
    for start in range(0, len(part), together):
        block = part[start : start + together]
        for _ in range(trades):
            _trade(block, rng)
    part = part.swapaxes(1, 2) if turned else part
    if whole:
        return part
    result[:, rows[:, None], columns] = part
    return result


def _free(
    mask: Bool[np.ndarray, "sources targets"],
) -> tuple[Int[np.ndarray, " rows"], Int[np.ndarray, " columns"]]:
    """Return the rows and columns that are neither empty nor full once the others are set aside."""
    rows, columns = np.arange(mask.shape[0]), np.arange(mask.shape[1])
    while True:
        part = mask[rows[:, None], columns]
        some_rows = part.any(1) & ~part.all(1)
        some_columns = part.any(0) & ~part.all(0)
        if some_rows.all() and some_columns.all():
            return rows, columns
        rows, columns = rows[some_rows], columns[some_columns]


def _trade(masks: Bool[np.ndarray, "draws sources targets"], rng: np.random.Generator) -> None:
    """Make one global trade of each mask, in place."""
    draws, rows, columns = masks.shape
    order = rng.permuted(np.broadcast_to(np.arange(rows), (draws, rows)), axis=1)
    order += rows * np.arange(draws)[:, None]
    half = rows // 2
    one, other = order[:, :half].ravel(), order[:, half : 2 * half].ravel()
    by_row = masks.reshape(-1, columns)
    left, right = by_row.take(one, 0), by_row.take(other, 0)
    places = np.flatnonzero(left ^ right)  # an index array: twice as fast as a mask
    sides = left.reshape(-1).take(places)
    ends = np.searchsorted(places, columns * np.arange(1, len(one) + 1))
    pairs = np.repeat(np.arange(len(one)), np.diff(ends, prepend=0))
    dealt = _dealt_anew(sides, pairs, rng)
    left.reshape(-1)[places] = dealt
    right.reshape(-1)[places] = ~dealt
    by_row[one], by_row[other] = left, right


def _dealt_anew(
    sides: Bool[np.ndarray, " places"],
    pairs: Int[np.ndarray, " places"],
    rng: np.random.Generator,
) -> Bool[np.ndarray, " places"]:
    """Return the sides of each pair of rows in random order: sorted by pair, then by lot.

    If two lots are equal, which is rare, a coin decides which side comes first.
    """
    bits = int(pairs[-1]).bit_length() if len(pairs) else 0
    size = 32 if bits + 1 + _LOT_BITS <= 32 else 64
    word = np.dtype(f"uint{size}")
    # Takes a third of the time of `rng.integers`.
    deck = rng.bit_generator.random_raw(-(-len(pairs) * size // 64)).view(word)[: len(pairs)]
    deck >>= bits
    if bits:
        deck |= np.left_shift(pairs.astype(word), size - bits)
    coin = bool(rng.integers(2))
    deck &= np.array(~word.type(1))
    deck |= sides ^ coin
    deck.sort()
    return (deck & word.type(1)).astype(bool) ^ coin


@jax.jit
def traded_on_device(
    masks: Bool[Array | np.ndarray, "draws sources targets"],
    key: Key[Array, ""],
    trades: Int[Array, ""] | int,
) -> Bool[Array, "draws sources targets"]:
    """Return the masks, each after `trades` more global trades, on JAX's device.

    Empty and full rows are not removed, so that one program serves all masks of a shape.
    """
    draws, rows, _ = masks.shape
    half = rows // 2
    idle = ~masks[0].any(1) | masks[0].all(1)
    each = jnp.arange(draws)[:, None]

    def trade(number: Array, masks: Array) -> Array:
        pairing, dealing = jax.random.split(jax.random.fold_in(key, number))
        # Idle rows come last, so that they are paired with each other.
        lots = jax.random.uniform(pairing, (draws, rows)) + idle.astype(float)[None]
        order = jnp.argsort(lots, axis=1)
        one, other = order[:, 0 : 2 * half : 2], order[:, 1 : 2 * half : 2]
        left, right = _dealt(masks[each, one], masks[each, other], dealing)
        return masks.at[each, one].set(left).at[each, other].set(right)

    return jax.lax.fori_loop(0, trades, trade, masks)


def _dealt(left: Array, right: Array, key: Array) -> tuple[Array, Array]:
    """Return two rows after a trade: entries of only one are dealt by column, as from an urn."""
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
