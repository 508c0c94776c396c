"""The global trades of `_global_trades` on JAX's device, of all draws at the same time."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key, UInt32

_State = UInt32[Array, "columns rows"]


@partial(jax.jit, static_argnames=("steps", "coins"))
def traded_on_device(
    states: UInt32[Array | np.ndarray, "words columns rows"],
    idle: Bool[Array | np.ndarray, "words rows"],
    keys: Key[Array, " words"],
    trades: Int[Array, ""] | int,
    steps: int,
    coins: int,
) -> tuple[
    UInt32[Array, "words columns rows"], Int[Array, "words columns"], Int[Array, "words rows"]
]:
    """Return the states after more trades, and where their columns and rows stood before.

    **Arguments:** each bit of `states` is a draw; `idle` rows are paired with each other; `steps`,
    the columns of a segment, which rests if all its `coins` agree.
    """

    def traded(
        state: _State, idle: Bool[Array, " rows"], key: Key[Array, ""]
    ) -> tuple[_State, Array, Array]:
        return _traded(state, idle, key, trades, steps, coins)

    return jax.vmap(traded)(jnp.asarray(states), jnp.asarray(idle), keys)


def _traded(
    state: _State,
    idle: Bool[Array, " rows"],
    key: Key[Array, ""],
    trades: Int[Array, ""] | int,
    steps: int,
    coins: int,
) -> tuple[_State, Int[Array, " columns"], Int[Array, " rows"]]:
    """Return the state of one word after more trades, and where its columns and rows stood."""
    columns, rows = state.shape
    half, segments = rows // 2, columns // steps

    def trade(number: Array, made: tuple[_State, Array, Array]) -> tuple[_State, Array, Array]:
        state, columns_now, rows_now = made
        ordering, pairing, resting = jax.random.split(jax.random.fold_in(key, number), 3)
        order = jax.random.permutation(ordering, columns)
        lots = jax.random.uniform(pairing, (rows,)) + idle[rows_now]
        pairs = jnp.argsort(lots)
        state = state[order][:, pairs]
        cut = state[: steps * segments].reshape(steps, segments, rows)
        left, right = cut[:, :, 0 : 2 * half : 2], cut[:, :, 1 : 2 * half : 2]
        tossed = jax.random.bits(resting, (coins, *left.shape[1:]), jnp.uint32)
        awake = jax.lax.reduce_or(tossed, axes=(0,))[None]
        moves = _moves(left, left ^ right) & awake
        both = jnp.stack([left ^ moves, right ^ moves], 3).reshape(-1, 2 * half)
        state = state.at[: steps * segments, : 2 * half].set(both)
        return state, columns_now[order], rows_now[pairs]

    start = state, jnp.arange(columns), jnp.arange(rows)
    return jax.lax.fori_loop(0, trades, trade, start)


def _moves(left: Array, contested: Array) -> Array:
    """Return the columns that change sides when each takes over the side of the one before it."""

    def step(before: Array, column: tuple[Array, Array]) -> tuple[Array, Array]:
        own, free = column
        move = (own ^ before) & free
        return before ^ move, move

    last, _ = jax.lax.scan(step, jnp.zeros_like(left[0]), (left, contested))
    return jax.lax.scan(step, last, (left, contested))[1]
