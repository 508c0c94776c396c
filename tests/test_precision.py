"""The emulated precision of `harness bench precision`: products, architectures, figures."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from harness_benchmarks import precision
from harness_benchmarks.rounded import Rounded, product
from harness_plugins.architectures.mlp import Perceptron
from harness_plugins.tasks.moth import Moth

BITS = {"float32": 23, "last bit": 22, "tf32": 10, "bfloat16": 7}


def rounded(factor, bits):
    """Cut to `bits` mantissa bits on the integers behind the floats, to nearest, ties to even."""
    words = factor.astype(np.float32).view(np.uint32).astype(np.uint64)
    cut = np.uint64(23 - bits)
    if not cut:
        return factor
    half, last = np.uint64(1) << (cut - np.uint64(1)), (words >> cut) & np.uint64(1)
    words = (words + half - np.uint64(1) + last) >> cut << cut
    return words.astype(np.uint32).view(np.float32)


@pytest.fixture
def factors():
    rng = np.random.default_rng(0)
    shapes = {"signals": (128, 40), "weight": (30, 40), "outer": (128, 30)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def pulled(signals, weight, outer, bits):
    value, back = jax.vjp(lambda x, w: product(x, w, bits), signals, weight)
    return value, *back(outer)


@pytest.mark.parametrize("bits", BITS.values(), ids=BITS)
def test_a_product_and_both_gradients_are_of_rounded_factors(factors, bits):
    found = jax.jit(pulled, static_argnums=3)(*factors.values(), bits)
    x, w, g = (rounded(factor, bits).astype(np.float64) for factor in factors.values())
    for ours, exact in zip(found, (x @ w.T, g @ w, g.T @ x), strict=True):
        # As much as a float32 sum of 128 terms errs, and more than a last bit does: see below.
        np.testing.assert_allclose(ours, exact, rtol=0, atol=2e-5)


@pytest.mark.parametrize("bits", BITS.values(), ids=BITS)
def test_one_term_is_right_to_the_last_bit(factors, bits):
    columns = (factors["signals"][:, :1], factors["weight"][:, :1])
    ours = product(*columns, bits)
    x, w = (rounded(column, bits) for column in columns)
    np.testing.assert_array_equal(ours, x @ w.T)


@pytest.mark.parametrize("bits", BITS.values(), ids=BITS)
@pytest.mark.parametrize("place", range(3), ids=["signals", "weight", "outer"])
def test_each_factor_is_rounded_wherever_it_is_one(place, bits):
    parts = [np.ones((1, 1), np.float32) for _ in range(3)]
    parts[place] = (np.float32([[1.7]]).view(np.uint32) | 1).view(np.float32)  # the last bit is set
    x, w, g = (rounded(part, bits) for part in parts)
    for ours, exact in zip(pulled(*parts, bits), (x * w, g * w, g * x), strict=True):
        np.testing.assert_array_equal(ours, exact)


def test_ties_go_to_even():
    ties = np.asarray([[1 + 2**-8], [1 + 3 * 2**-8], [-1 - 2**-8]], np.float32)
    one = np.ones((1, 1), np.float32)
    found = product(ties, one, 7)
    np.testing.assert_array_equal(found, [[1], [1 + 2**-6], [-1]])
    np.testing.assert_array_equal(rounded(ties, 7), found)


@pytest.mark.slow
def test_all_bits_are_the_perceptron_itself(factors):
    plain, ours = Perceptron(), Rounded()
    network = ours.network(Moth().shape, key=jax.random.key(0))
    inputs = jnp.asarray(factors["signals"][:, :10])
    expected = jax.jit(plain.forward)(network, inputs)
    np.testing.assert_array_equal(jax.jit(ours.forward)(network, inputs), expected)
    other = Rounded(bits=22).forward(network, inputs)
    assert 0 < np.abs(other - expected).max() < 1e-4


def levels(ratio):
    """Losses of 8 networks, in no order; those of all but float32 are `ratio` times as large."""
    rows = [
        (architecture, density, network, (network + 1) * (1.0 if name == "float32" else ratio))
        for network in (3, 0, 1, 2, 7, 6, 5, 4)
        for name, architecture in precision.ARCHITECTURES.items()
        for density in precision.LOSSES_AT
    ]
    return pd.DataFrame(rows, columns=["architecture", "density", "network", "validation_loss"])


def test_losses_are_compared_network_by_network():
    found = list(precision.losses(levels(1.5)))
    assert len(found) == len(precision.ARCHITECTURES) * len(precision.LOSSES_AT)
    assert found[0].value == 4.5
    assert found[0].ratio is None
    for one in found[1:4]:
        assert one.value == pytest.approx(6.75)
        assert one.ratio == pytest.approx(1.5)
        # Equal ratios have no spread, and their mean no interval.
        assert "no interval, n = 8" in one.note


class Kept:
    """A run of three networks in two trials an architecture, the last filled up with a fourth.

    Of six weights each network keeps three. Those of bfloat16 have two of these in common with
    those of float32, but for the fourth network's, which have none.
    """

    experiment = {"networks": 3}  # noqa: RUF012

    def table(self, name):
        return pd.DataFrame({"density": precision.MASKS_AT, "level": [1, 2]})

    def trials(self):
        rows = [
            (architecture, first, f"{architecture} {first}")
            for first in (2, 0)
            for architecture in self.architectures
        ]
        return pd.DataFrame(rows, columns=["architecture", "first_network", "trial"])

    architectures = tuple(precision.ARCHITECTURES.values())

    def masks(self, trial, level):
        architecture, first = trial.rsplit(" ", 1)
        two = np.zeros((2, 6), bool)
        for row, network in enumerate((int(first), int(first) + 1)):
            two[row, np.arange(network, network + 3) % 6] = True
            if architecture == precision.ARCHITECTURES["bfloat16"]:
                two[row, [network, (network + 3) % 6]] = False, True
                two[row] ^= network == 3
        return {"a": two[:, :4].reshape(2, 2, 2), "b": two[:, 4:]}


def test_masks_are_compared_network_by_network():
    found = list(precision.in_common(Kept()))
    shares = {one.what.split(",")[0]: one.value for one in found[1:]}
    assert shares["tf32"] == pytest.approx(100)
    assert shares["bfloat16"] == pytest.approx(200 / 3)
