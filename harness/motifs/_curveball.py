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
from jaxtyping import Array, Bool, Key

GLOBAL_TRADES = 20
"""Of each draw, from the network itself: after some ten, the overlap with it is that of chance."""

_SIDE, _LOT = np.uint64(1), np.uint64(40)


def traded(
    mask: Bool[np.ndarray, "sources targets"], rng: np.random.Generator, trades: int
) -> Bool[np.ndarray, "sources targets"]:
    """One mask after so many global trades, on the host."""
    mask = np.array(mask)
    rows, columns = mask.shape
    half = rows // 2
    for _ in range(trades):
        order = rng.permutation(rows)
        one, other = order[:half], order[half : 2 * half]
        left, right = mask[one], mask[other]
        places = np.flatnonzero(left ^ right)
        sides = left.reshape(-1)[places]
        # Sorting by pair, then lot, deals the sides of a pair out in random order.
        lots = rng.integers(0, 1 << 39, places.size, dtype=np.uint64) << _SIDE
        deck = ((places // columns).astype(np.uint64) << _LOT) | lots | sides
        deck.sort()
        dealt = (deck & _SIDE).astype(bool)
        left.reshape(-1)[places] = dealt
        right.reshape(-1)[places] = ~dealt
        mask[one], mask[other] = left, right
    return mask


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
