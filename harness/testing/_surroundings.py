"""What else goes on in a process: random numbers that others draw, settings that others rely on."""

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
    """The global generators of Python and NumPy as if others had drawn from them, then put back."""
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def left_alone(before: Mapping[str, Any]) -> None:
    """Put back settings that a plugin has changed, and break the rule if there are any."""
    changed = settings.put_back(before)
    expect(not changed, settings.advice(changed))


@contextmanager
def compiling_quickly() -> Iterator[None]:
    """Little optimisation, and nothing compiled twice: a check computes little and compiles much.

    Where a cache of compiled programs is set up already, all is left as it is. What was compiled
    meanwhile is forgotten at the end, so that no other computation in the process uses it.
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
    """Within `compiling_quickly`, as a run compiles: for what outlives the check."""
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
