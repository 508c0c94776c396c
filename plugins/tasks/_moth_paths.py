"""Paths of several wing strokes, for a network to follow."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from harness import stream

from . import _moth_data

_TRIES = 64
"""Controls that are tried for a stroke: about one in ten leads on."""
_THETA, _PHI = 4, 6
_RATES = {1: "vx", 3: "vy", 5: "spin", 7: "swing"}


class Paths(NamedTuple):
    """Flights of several strokes: states before, between and after them, and their controls."""

    states: Float[np.ndarray, "points flights 8"]
    controls: Float[np.ndarray, "strokes flights 3"]


def turns(state: Float[Array | np.ndarray, "flights 8"]) -> Float[Array, " flights"]:
    """Return the whole turns of the head, rad: both angles are seen less these.

    What the hinge feels is the difference of the angles, so that both turn together.
    """
    return 2 * jnp.pi * jnp.floor(state[:, _THETA] / (2 * jnp.pi))


def _may_start(state: Float[np.ndarray, "flights 8"]) -> Bool[np.ndarray, " flights"]:
    """Whether a flight of the training data may start like this."""
    angle = state[:, _PHI] - np.asarray(turns(state))
    inside = (angle >= 0) & (angle < 2 * np.pi)
    for column, name in _RATES.items():
        inside &= np.abs(state[:, column]) <= _moth_data.DRAWS[name][1]
    return inside


def draw(flights: int, strokes: int, seed: int) -> Paths:
    """Return flights of random controls, of which each stroke ends where training may start.

    Starts are drawn as those of training, controls too, 64 for each stroke; the first that lead to
    such an end are taken. Where none do, the flight is left out: there may be fewer than asked for.
    """
    draws = np.random.default_rng(np.asarray(jax.random.key_data(stream(seed, "paths"))))
    states, controls = [_moth_data.draw(draws, flights)[0]], []
    for _ in range(strokes):
        number = len(states[0])
        _, tried = _moth_data.draw(draws, number * _TRIES)
        ends, solved = _moth_data.simulate(np.repeat(states[-1], _TRIES, axis=0), tried)
        good = (solved & _may_start(ends)).reshape(number, _TRIES)
        first, found = good.argmax(axis=1), good.any(axis=1)
        rows = np.arange(number)
        states.append(ends.reshape(number, _TRIES, 8)[rows, first])
        controls.append(tried.reshape(number, _TRIES, 3)[rows, first])
        states, controls = [one[found] for one in states], [one[found] for one in controls]
    return Paths(np.stack(states), np.stack(controls))
