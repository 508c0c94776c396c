"""The tests' own checks of types: calls with a wrong type or with sizes that differ are refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import TypeCheckError

from harness.experiment.plan import block_width
from harness.machine.compilation import Compiled
from harness.plugin.parameters import Selection
from harness.sparse import masks


def test_a_plain_type_is_checked_in_functions_methods_and_classes():
    with pytest.raises(BeartypeCallHintViolation):
        block_width("3")
    with pytest.raises(BeartypeCallHintViolation):
        Compiled(np.sin, precision="float16")
    with pytest.raises(BeartypeCallHintViolation):
        Selection(3)


def test_sizes_of_one_call_must_agree():
    shares, total, key = jnp.ones(3), jnp.asarray(2), jax.random.key(0)
    assert int(masks.allocate(shares, jnp.full(3, 5), total, key=key).sum()) == 2
    with pytest.raises(TypeCheckError):
        masks.allocate(shares, jnp.full(4, 5), total, key=key)
