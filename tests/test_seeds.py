"""Named streams of random numbers: apart from each other, and the same for ever."""

import itertools

import jax
import numpy as np
import pytest

from harness.training.seeds import stream


def data(*arguments):
    return tuple(jax.random.key_data(stream(*arguments)).tolist())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, "weights", 0), (3654943918, 4215878692)),
        ((0, "weights", 1), (2910322628, 1759300976)),
        ((0, "pruning", 0), (3244297291, 3887079302)),
        ((1, "weights", 0), (1587406292, 3792140864)),
        ((0, "batches"), (3428372451, 3549622411)),
        ((0, "pruning-batches", 3, 1), (2721044991, 2831600924)),
    ],
)
def test_streams_keep_their_values(arguments, words):
    # Pinned: a change here changes every result, and must raise RESULT_VERSION.
    assert data(*arguments) == words


def test_streams_differ_by_seed_name_and_indices():
    names = ("weights", "pruning", "data", "batches", "pruning-batches")
    indices = ((), (0,), (1,), (0, 0), (0, 1), (1, 0))
    made = [data(*place[:2], *place[2]) for place in itertools.product((0, 1, 2), names, indices)]
    assert len(set(made)) == len(made)


def test_a_stream_is_the_same_each_time_and_its_draws_are_those_of_its_key():
    one, other = stream(5, "weights", 2), stream(5, "weights", 2)
    np.testing.assert_array_equal(jax.random.normal(one, (4,)), jax.random.normal(other, (4,)))
    assert int(jax.random.bits(stream(0, "weights", 0))) == 1016200177
