"""Matching of a student's hidden units, and their signs, with those of a teacher."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

Layer = Float[np.ndarray, "_targets _sources"]

_SWEEPS = 50
"""More are not made; matchings of random networks come to rest in about ten."""


class Units(NamedTuple):
    """For each teacher unit of one layer of nodes, its student unit and that unit's sign."""

    order: Int[np.ndarray, " units"]
    signs: Float[np.ndarray, " units"]


def matched(teacher: Sequence[Layer], student: Sequence[Layer]) -> list[Layer]:
    """Return a student's weights with hidden units and signs matched to the teacher's.

    A tanh network computes the same if hidden units change places, or one changes its sign with all
    its edges. Of such networks this one is sought whose weights are most alike to the teacher's, as
    the sum over layers of cosines. Given the other layers, the best matching of one is a linear
    assignment; layers take turns until the sum no longer rises (Ainsworth, Hayase and Srinivasa
    2023, Git Re-Basin, arXiv 2209.04836, with signs). That is a local maximum: the better of two is
    returned, begun at the inputs and at the outputs.
    """
    known, own = list(map(_unit, teacher)), list(map(_unit, student))
    starts = (range(1, len(own)), range(len(own) - 1, 0, -1))
    found = [_climbed(known, own, start) for start in starts]
    units = max(found, key=lambda one: _likeness(known, _moved(own, one)))
    return _moved(student, units)


def cosine(one: Sequence[Layer], other: Sequence[Layer]) -> float:
    """Return the cosine of two networks' weights in each layer, averaged over layers."""
    return _likeness(list(map(_unit, one)), list(map(_unit, other))) / len(one)


def _unit(layer: Layer) -> Layer:
    length = np.linalg.norm(layer)
    return layer / length if length else layer


def _likeness(one: Sequence[Layer], other: Sequence[Layer]) -> float:
    return float(sum((a * b).sum() for a, b in zip(one, other, strict=True)))


def _moved(student: Sequence[Layer], units: Sequence[Units]) -> list[Layer]:
    """Return weights whose rows and columns stand in the order, and with the signs, of units."""
    return [
        layer[np.ix_(after.order, before.order)] * np.outer(after.signs, before.signs)
        for layer, before, after in zip(student, units, units[1:], strict=False)
    ]


def _climbed(teacher: Sequence[Layer], student: Sequence[Layer], start: range) -> list[Units]:
    """Return the units of every layer of nodes, matched in turns, first in the order of `start`."""
    from scipy.optimize import linear_sum_assignment

    nodes = [student[0].shape[1], *(len(layer) for layer in student)]
    units = [Units(np.arange(size), np.ones(size)) for size in nodes]
    known = {0, len(student)}
    best = -np.inf
    for sweep in range(_SWEEPS):
        for place in start if sweep == 0 else range(1, len(student)):
            alike = np.zeros((nodes[place], nodes[place]))
            if place - 1 in known:
                before = units[place - 1]
                alike += teacher[place - 1] @ (student[place - 1][:, before.order] * before.signs).T
            if place + 1 in known:
                after = units[place + 1]
                alike += teacher[place].T @ (student[place][after.order] * after.signs[:, None])
            rows, order = linear_sum_assignment(np.abs(alike), maximize=True)
            units[place] = Units(order, np.where(alike[rows, order] < 0, -1.0, 1.0))
            known.add(place)
        likeness = _likeness(teacher, _moved(student, units))
        if likeness <= best + 1e-12:
            break
        best = likeness
    return units
