"""Convolutions as matrix products against Equinox's own."""

import equinox as eqx
import jax
import numpy as np
import pytest

from harness.networks.convolution import convolved

KEY = jax.random.key(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"padding": "SAME"},
        {"padding": "SAME", "stride": 2},
        {"padding": (1, 2), "stride": (2, 1)},
        {"padding": ((0, 2), (1, 0)), "dilation": 2},
        {"kernel_size": (2, 4), "stride": 3, "use_bias": False},
        {"groups": 3},
        {"padding": 1, "padding_mode": "CIRCULAR"},
    ],
    ids=str,
)
def test_it_is_what_the_layer_does(facts):
    size = facts.pop("kernel_size", 3)
    layer = eqx.nn.Conv2d(3, 6, size, **facts, key=KEY)
    image = jax.random.normal(KEY, (3, 9, 8))
    np.testing.assert_allclose(convolved(layer, image), layer(image), rtol=2e-5, atol=2e-5)


def test_one_axis_of_places():
    layer = eqx.nn.Conv1d(2, 5, 4, stride=2, padding="SAME", key=KEY)
    row = jax.random.normal(KEY, (2, 11))
    np.testing.assert_allclose(convolved(layer, row), layer(row), rtol=2e-5, atol=2e-5)
