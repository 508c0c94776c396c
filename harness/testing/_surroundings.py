"""Global state of the process during checks: random numbers, settings, compilation."""

import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax.experimental.compilation_cache import compilation_cache

from harness.machine import settings
from harness.testing._finding import expect

INDEPENDENT = (
    "its result changes with what else runs in the process: draw all randomness from {source}, "
    "none from `numpy.random` or `random`, and keep nothing at module level between calls."
)


@contextmanager
def drawn_before(seed: int) -> Iterator[None]:
    """Seed the global generators of Python and NumPy, as if others had used them; then restore."""
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def left_alone(before: Mapping[str, Any]) -> None:
    """Restore settings that a plugin has changed; if there are any, the rule is broken."""
    changed = settings.put_back(before)
    expect(not changed, settings.advice(changed))


@contextmanager
def compiling_quickly() -> Iterator[None]:
    """Compile with few optimisations and a cache: checks compile much and compute little.

    If a cache of compiled programs is already set up, nothing changes. Programs compiled here are
    dropped at the end, so that no other computation in the process uses them.
    """
    if jax.config.values["jax_compilation_cache_dir"] is not None:
        yield
        return
    folder = tempfile.mkdtemp(prefix="harness-check-")
    wanted = {
        "jax_compilation_cache_dir": folder,
        "jax_persistent_cache_min_compile_time_secs": 0.05,
        "jax_disable_most_optimizations": True,
    }
    before = {name: jax.config.values[name] for name in wanted}
    try:
        _configure(wanted)
        yield
    finally:
        _configure(before)
        jax.clear_caches()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def compiling_as_ever() -> Iterator[None]:
    """Compile as in a run, within `compiling_quickly`: for results that outlive the check."""
    if not jax.config.values["jax_disable_most_optimizations"]:
        yield
        return
    jax.clear_caches()
    jax.config.update("jax_disable_most_optimizations", False)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", True)
        jax.clear_caches()


def _configure(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
