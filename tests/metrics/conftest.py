"""Ensembles with random masks, on which a calibrated null finds nothing."""

import jax
import jax.numpy as jnp
import pytest

from harness import Model, Trajectory, random_masks
from harness.testing import TinyTask


class RandomMasks(Trajectory):
    """Networks whose masks are drawn uniformly, three tenths of each leaf, from no files."""

    def masks(self, level, step=None):
        entries = self.model.prunable(self.model.network(key=jax.random.key(0)))
        like = {name: jnp.arange(leaf.size).reshape(leaf.shape) < 0.3 * leaf.size
                for name, leaf in entries.items()}  # fmt: skip
        keys = jax.random.split(jax.random.key(level + 1), len(self.networks))
        return jax.vmap(lambda key: random_masks(like, entries, key=key))(keys)


@pytest.fixture
def random_trajectory():
    """Return 40 networks of an architecture, for inputs of a shape, at one level."""

    def made(architecture, inputs):
        task = TinyTask(inputs=inputs)
        model = Model(task, architecture)
        return RandomMasks(model, tuple(range(40)), (0.3,), (), lambda: task.data(seed=0))

    return made
