"""How many weights each leaf keeps, from level to level and within one."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.sparse import masks
from harness.training.targets import Targets
from harness.types import Level

SMALL = {
    "layers.0.weight": 640, "layers.1.weight": 4096, "layers.2.weight": 4096,
    "layers.3.weight": 1024, "layers.4.weight": 112,
}  # fmt: skip
"""Of a network with 64, 64, 64 and 16 hidden nodes: at 0.07776 `layers.3.weight` keeps 80, at the
larger density 0.0778 it would have 79."""


def counts(target):
    return {name: int(number) for name, number in target.by_leaf.items()}


def test_largest_remainders_can_give_a_leaf_more_of_less():
    few, many = (counts(masks.target(SMALL, density)) for density in (0.07776, 0.0778))
    assert sum(few.values()) <= sum(many.values())
    assert any(few[name] > many[name] for name in SMALL)


sizes = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(1, 300), min_size=1)
densities = st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12).map(
    lambda found: sorted(set(found), reverse=True)
)


@given(sizes, densities)
def test_no_leaf_gets_more_at_a_later_level(sizes, densities):
    levels = [Level(1.0, 1), *(Level(density, 1) for density in densities)]
    targets = Targets(sizes, levels)
    before = sizes
    for level in levels:
        found = targets.of(level)
        kept = counts(found)
        assert (
            sum(kept.values()) == int(found.total) == int(masks.target(sizes, level.density).total)
        )
        assert all(kept[name] <= before[name] for name in sizes)
        before = kept


def slowly(before, density, progress):
    return density + (before - density) * (1 - progress) ** 3


@given(sizes, st.floats(0.02, 0.5), st.integers(1, 60))
@example(SMALL, 0.02, 10)
def test_within_a_level_every_leaf_falls_to_its_share_at_the_end(sizes, density, events):
    levels = [Level(1.0, 1), Level(density, 1)]
    targets = Targets(sizes, levels)
    found = targets._within(slowly, *levels, events)
    assert counts(found[-1]) == counts(targets.of(levels[1]))
    for before, after in pairwise(found):
        assert all(counts(after)[name] <= counts(before)[name] for name in sizes)
    for number, one in enumerate(found):
        progress = number / (events - 1) if events > 1 else 1.0
        asked = round(Fraction(repr(slowly(1.0, density, progress))) * sum(sizes.values()))
        assert int(one.total) == sum(counts(one).values())
        assert abs(int(one.total) - asked) <= len(sizes), "by less than one weight a leaf"


def test_a_ramp_that_rises_may_give_leaves_more():
    levels = [Level(1.0, 1), Level(0.3, 1)]
    found = Targets({"a": 10, "b": 20}, levels)._within(lambda *_: 0.3 + _[2] / 2, *levels, 3)
    assert [int(one.total) for one in found] == [9, 16, 24]


def test_more_weights_than_there_may_be_are_refused():
    with pytest.raises(ValueError, match="over the sum"):
        masks.target({"a": 10, "b": 10}, 0.85, most={"a": 8, "b": 8})


def test_the_order_of_remainders_stays_where_nothing_is_over():
    sizes = {"a": 33, "b": 33, "c": 34}
    plain = counts(masks.target(sizes, 0.5))
    assert counts(masks.target(sizes, 0.5, most=sizes)) == plain
    assert np.sum(list(plain.values())) == 50
