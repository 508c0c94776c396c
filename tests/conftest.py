"""Strict JAX, quick compilation, a cache of the session's own, and the plugins for tests."""

import os
import shutil
import tempfile
from pathlib import Path

# Tests compile much and compute little. Must be set before the first computation.
os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}"
os.environ.pop("HARNESS_PLUGINS", None)

import hypothesis
import jax
import pytest

# Rank promotion hides mistakes with the leading axis of networks. Strict promotion of dtypes
# cannot be had: Optax's Adam computes decay**count, a float to the power of an int32.
jax.config.update("jax_numpy_rank_promotion", "raise")

hypothesis.settings.register_profile("harness", derandomize=True, deadline=None)
hypothesis.settings.load_profile("harness")

PLUGINS = Path(__file__).parent / "plugins"
CACHE = pytest.StashKey[str]()


def pytest_configure(config):
    if "HARNESS_CACHE" not in os.environ:
        config.stash[CACHE] = tempfile.mkdtemp(prefix="harness-cache-")
        os.environ["HARNESS_CACHE"] = config.stash[CACHE]


def pytest_unconfigure(config):
    if CACHE in config.stash:
        shutil.rmtree(config.stash[CACHE], ignore_errors=True)
        del os.environ["HARNESS_CACHE"]


@pytest.fixture(scope="session")
def registry():
    """All plugins, those for tests among them."""
    from harness import plugins

    return plugins.load([PLUGINS / "small_tasks.py", PLUGINS / "small_pruners.py"])
