"""Draws from the `degree` null: every node keeps its in- and out-degree to each adjacent layer.

A global trade (Carstens, Hamann, Meyer, Penschuck, Tran and Wagner 2018) pairs all rows of a mask
at random. Columns that only one row of a pair has are contested. Curveball (Strona et al. 2014,
Nat. Commun. 5:4114; Carstens 2015, Phys. Rev. E 91:042812) deals them anew. Here they stand in
random order, cut into segments, and each contested column of a segment takes over which of the two
rows has the one before it, the first that of the last. Rows and columns keep their sums.

Draws are uniform in the long run. Pairs, order and the segments that rest, a quarter of a pair's,
are drawn without regard to the mask. Given them, a trade maps the masks of these sums one to one
onto themselves: contested columns stay contested, and cycles can be turned back. So uniform masks
stay uniform. All masks are reached: cycles of one pair alone, in all orders, generate every even
permutation of its contested columns, and with it every Curveball trade (of two contested columns
the cycle is the exchange itself). Sometimes all rest, so that no period remains.

32 draws are the bits of a word, so that one operation serves them all. They share pairs and order,
and each has rests of its own. Independent uniform draws stay so whatever is shared, by the same
argument. From one start, two draws part in a segment with probability 3/8 at each trade: of 40,
the fewest that are made, no part is still alike for never having parted (0.625**40 < 1e-8).

Empty or full rows and columns have nothing to trade and are set aside first. `enough_trades` finds
how many trades suffice.
"""

from typing import Literal

import jax
import numpy as np
from jaxtyping import Bool, Int, UInt32

from ._device_trades import traded_on_device

WORD = 32
"""Draws in a word: one for each bit."""
_CONTESTED = 6
"""Contested columns of a segment in the mean: in cycles of two or three, fewer would move."""
_SHORTEST = 32
"""Columns of a segment at least: shorter ones are not faster."""
_COINS = 2
"""Coins that must agree for a segment to rest."""

_State = UInt32[np.ndarray, "columns rows"]
_Order = Int[np.ndarray, " _places"]


class TradedMasks:
    """Draws with the row and column sums of a mask, equal to it until they trade.

    Draws of different words, 32 in each, are independent of each other from the first trade on.
    """

    def __init__(
        self,
        mask: Bool[np.ndarray, "sources targets"],
        number: int,
        seed: np.random.SeedSequence,
        on: Literal["host", "device"] = "host",
    ) -> None:
        self._start, self._number = mask, number
        self._rng, self._on = np.random.default_rng(seed), on
        # On a device all rows stay, so that one program serves all masks of a shape.
        self._places = _free(mask) if on == "host" else tuple(map(np.arange, mask.shape))
        part = mask[self._places[0][:, None], self._places[1]]
        # Fewer and longer rows meet each other sooner.
        self._turned = part.shape[0] > part.shape[1]
        part = part.T if self._turned else part
        self._idle = ~part.any(1) | part.all(1)
        self._steps = _steps(part, on)
        words = -(-number // WORD)
        self._rows, self._columns = (np.tile(np.arange(n), (words, 1)) for n in part.shape)
        all_alike = np.where(part.T, np.uint32(2**WORD - 1), np.uint32(0))
        self._states: UInt32[np.ndarray, "words columns rows"] = np.tile(all_alike, (words, 1, 1))

    def trade(self, trades: int) -> None:
        """Make so many more global trades of each draw."""
        if min(self._states.shape[1:]) < 2 or not trades:
            return
        if self._on == "host":
            made = [_traded(state, self._rng, trades, self._steps) for state in self._states]
            states, columns, rows = (np.stack(parts) for parts in zip(*made, strict=True))
        else:
            keys = jax.random.split(jax.random.key(self._rng.integers(2**32)), len(self._states))
            idle = self._idle[self._rows]
            made = traded_on_device(self._states, idle, keys, trades, self._steps, _COINS)
            states, columns, rows = map(np.asarray, made)
        self._states = states
        self._columns = np.take_along_axis(self._columns, columns, 1)
        self._rows = np.take_along_axis(self._rows, rows, 1)

    def masks(self) -> Bool[np.ndarray, "draws sources targets"]:
        """Return the draws as they are now."""
        masks = np.repeat(self._start[None], self._number, 0)
        sources, targets = self._places[0][:, None], self._places[1]
        whole = masks[0].size == self._states[0].size
        for word, (state, columns, rows) in enumerate(
            zip(self._states, self._columns, self._rows, strict=True)
        ):
            ordered = np.empty_like(state)
            ordered[columns[:, None], rows] = state
            part = np.ascontiguousarray(ordered if self._turned else ordered.T)
            for bit, mask in enumerate(masks[word * WORD : (word + 1) * WORD]):
                has = part & np.uint32(1 << bit)
                if whole:
                    np.not_equal(has, 0, out=mask)
                else:
                    mask[sources, targets] = has != 0
        return masks


def _free(mask: Bool[np.ndarray, "sources targets"]) -> tuple[_Order, _Order]:
    """Return the rows and columns that are neither empty nor full once the others are set aside."""
    rows, columns = np.arange(mask.shape[0]), np.arange(mask.shape[1])
    while True:
        part = mask[rows[:, None], columns]
        some_rows = part.any(1) & ~part.all(1)
        some_columns = part.any(0) & ~part.all(0)
        if some_rows.all() and some_columns.all():
            return rows, columns
        rows, columns = rows[some_rows], columns[some_columns]


def _steps(part: Bool[np.ndarray, "rows columns"], on: Literal["host", "device"]) -> int:
    """Return the columns of a segment: some of them should be contested, and few columns left."""
    columns, density = part.shape[1], part.mean() if part.size else 0.0
    wanted = max(_SHORTEST, _CONTESTED / (2 * density * (1 - density) or 1.0))
    segments = max(1, int(columns / wanted))
    # On a device a power of two, so that few programs are compiled.
    segments = segments if on == "host" else 1 << segments.bit_length() - 1
    return columns // segments


def _traded(
    state: _State, rng: np.random.Generator, trades: int, steps: int
) -> tuple[_State, _Order, _Order]:
    """Return the state after more trades, and where its columns and rows stood before."""
    columns, rows = np.arange(state.shape[0]), np.arange(state.shape[1])
    for _ in range(trades):
        order, pairs = rng.permutation(len(columns)), rng.permutation(len(rows))
        state = state.take(order, 0).take(pairs, 1)
        columns, rows = columns[order], rows[pairs]
        _trade(state, rng, steps)
    return state, columns, rows


def _trade(state: _State, rng: np.random.Generator, steps: int) -> None:
    """Let the first half of the rows trade with the second, in place."""
    columns, rows = state.shape
    segments, half = columns // steps, rows // 2
    cut = state[: steps * segments].reshape(steps, segments, rows)
    left, right = cut[:, :, :half], cut[:, :, half : 2 * half]
    contested = left ^ right
    before, moves = np.zeros_like(contested[0]), np.empty_like(contested)
    for own, free in zip(left, contested, strict=True):  # ends with the last contested column's
        before ^= (own ^ before) & free
    for own, free, move in zip(left, contested, moves, strict=True):
        np.bitwise_xor(own, before, out=move)
        move &= free
        before ^= move
    words = -(-_COINS * before.size // 2)
    coins = rng.bit_generator.random_raw(words).view(np.uint32)[: _COINS * before.size]
    moves &= np.bitwise_or.reduce(coins.reshape(_COINS, *before.shape))
    left ^= moves
    right ^= moves
