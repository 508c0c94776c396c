"""Strict JAX, quick compilation, a cache of the session's own, and the plugins for tests."""

import gc
import os
import shutil
import tempfile
from pathlib import Path

# Tests compile much and compute little. Must be set before the first computation.
# One device, whatever test comes first: those of several are in processes of their own.
os.environ["XLA_FLAGS"] = (
    "--xla_backend_optimization_level=0 "
    f"--xla_force_host_platform_device_count=1 {os.environ.get('XLA_FLAGS', '')}"
)
# Of most programs, compiling takes less than storing them is worth outside of tests.
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"
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
FOLDER = pytest.StashKey[Path]()


def pytest_configure(config):
    folder = config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="harness-tests-"))
    os.environ.setdefault("HARNESS_CACHE", str(folder / "harness"))


def pytest_unconfigure(config):
    folder = config.stash[FOLDER]
    if os.environ["HARNESS_CACHE"] == str(folder / "harness"):
        del os.environ["HARNESS_CACHE"]
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_finish():
    """Share compiled programs; look no more for garbage among what is imported.

    Much is compiled again under another name: each check of a pruner, each call of `main`. Workers
    of xdist inherit HARNESS_CACHE, and processes that tests start do. Runs collect garbage at each
    trial.
    """
    from harness import cache
    from harness.machine import compilation
    from harness.results import provenance

    compilation.keep_in(cache.programs(provenance.environment()))
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """Forget compiled programs before they use up what Linux lets a process map (65,530 areas).

    Each takes several; at the limit LLVM ends the process with a segmentation fault.
    """
    yield
    from harness.machine import compilation

    areas = Path("/proc/self/maps")
    if areas.exists() and len(areas.read_bytes().splitlines()) > 20_000:
        compilation.forget()
        gc.collect()


@pytest.fixture(scope="session")
def registry():
    """All plugins, those for tests among them."""
    from harness.plugin import loading

    return loading.load([PLUGINS / "small_tasks.py", PLUGINS / "small_pruners.py"])


@pytest.fixture(scope="session")
def model(registry):
    """Make a task's model by name, with parameters of its own or of its architecture."""
    from harness import Model
    from harness.experiment.factors import pairs

    def made(task, **parameters):
        ((one, architecture),) = pairs(registry, [{"name": task, **parameters}], [])
        return Model(one.instance, architecture.instance)

    return made
