"""Flights in bulk: drawn from a seed, solved in blocks, kept in the cache.

The solver is imported where it is used: flights that are cached do not wait for diffrax.
"""

import hashlib
import platform
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Bool, Float

from harness import cache, progress, stream
from harness.machine import devices

if TYPE_CHECKING:
    from . import _moth_solver

DRAWS = {
    "vx": (-1500.0, 1500.0),
    "vy": (-1500.0, 1500.0),
    "theta": (0.0, 2 * np.pi),
    "spin": (-25.0, 25.0),
    "phi": (0.0, 2 * np.pi),
    "swing": (-25.0, 25.0),
    "force": (0.0, 44300.0),
    "alpha": (0.0, 2 * np.pi),
    "torque": (-1e5, 1e5),
}
"""Bounds of the uniform draws: the state's columns but x and y (both 0), then the controls."""
_DRAWN_STATES = (1, 3, 4, 5, 6, 7)

_CACHED_BLOCK = 512
"""Flights solved together on a CPU: the working set of more would not fit into the cache."""
_WIDE_BLOCK = 32768
_ROUND = 32768
"""Flights drawn at a time, which bounds memory and sets how often progress is reported."""
_HOPELESS = 10


@partial(jax.jit, static_argnames="accuracy")
def _block(initial: jax.Array, controls: jax.Array, accuracy: "_moth_solver.Accuracy") -> Any:
    from . import _moth_solver

    return _moth_solver.fly(initial, controls, accuracy)


def simulate(
    initial: Float[np.ndarray, "flights 8"],
    controls: Float[np.ndarray, "flights 3"],
    *,
    reference: bool = False,
) -> tuple[Float[np.ndarray, "flights 8"], Bool[np.ndarray, " flights"]]:
    """Return states after a wing stroke, and which flights were solved (`_moth_solver.fly`).

    In float32 for data, or as a `reference` in float64 to a tolerance of 1e-10. Solved in blocks of
    one size, so that a flight does not depend on how many others are asked for.
    """
    from . import _moth_solver

    if not len(initial):
        return np.empty((0, 8), np.float32), np.empty(0, bool)
    accuracy = _moth_solver.REFERENCE if reference else _moth_solver.DATA
    dtype = np.float64 if reference else np.float32
    on_cores = jax.default_backend() == "cpu"
    size = _CACHED_BLOCK if on_cores else _WIDE_BLOCK

    def block(start: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.arange(start, start + size).clip(max=len(initial) - 1)
        with jax.enable_x64(reference):  # of this thread
            final, good = _block(
                initial[rows].astype(dtype), controls[rows].astype(dtype), accuracy
            )
            return np.asarray(final), np.asarray(good)

    # A block runs on one core, so as many run at a time as there are cores. The first runs
    # alone, because it may have to be compiled.
    parts = [block(0)]
    with ThreadPoolExecutor(devices.cores() if on_cores else 1) as pool:
        parts += pool.map(block, range(size, len(initial), size))
    finals, solved = zip(*parts, strict=True)
    return np.concatenate(finals)[: len(initial)], np.concatenate(solved)[: len(initial)]


def draw(
    generator: np.random.Generator, number: int
) -> tuple[Float[np.ndarray, "number 8"], Float[np.ndarray, "number 3"]]:
    """Return initial states and controls of `number` flights, float32, as the generator gives them.

    Drawing 3 and then 4 flights gives the same as drawing 7.
    """
    low, high = np.array(list(DRAWS.values())).T
    drawn = (low + (high - low) * generator.random((number, len(DRAWS)))).astype(np.float32)
    initial = np.zeros((number, 8), np.float32)
    initial[:, _DRAWN_STATES] = drawn[:, :6]
    return initial, drawn[:, 6:]


def flights(number: int, seed: int) -> cache.Cached:
    """Return the first `number` flights of a data seed that could be solved, perhaps cached.

    Arrays, float32: `initial` (number, 8), `controls` (number, 3), `final` (number, 8). The note
    `failed` counts flights that were drawn but could not be solved, and were left out. Fewer
    flights of a seed are the first of more.
    """
    determinants = {
        "flights": number,
        "seed": seed,
        "source": _source(),
        "jax": jax.__version__,
        "diffrax": version("diffrax"),
        "device": jax.devices()[0].device_kind,
        "machine": platform.machine(),
    }
    return cache.load_or_make("moth", determinants, lambda: _make(number, seed))


def _make(number: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    generator = np.random.default_rng(np.asarray(jax.random.key_data(stream(seed, "data"))))
    rounds: list[tuple[np.ndarray, ...]] = []
    kept = failed = 0
    while kept < number:
        progress.update("simulating flights", kept, number)
        initial, controls = draw(generator, min(number - kept, _ROUND))
        final, solved = simulate(initial, controls)
        rounds.append(tuple(array[solved] for array in (initial, controls, final)))
        kept += int(solved.sum())
        failed += int((~solved).sum())
        if failed > _HOPELESS * (kept + 1):
            raise RuntimeError(f"{failed} of {kept + failed} simulated flights failed")
    progress.update("simulating flights", number, number)
    arrays = map(np.concatenate, zip(*rounds, strict=True))
    names = ("initial", "controls", "final")
    return dict(zip(names, arrays, strict=True)), {"failed": failed}


def _source() -> str:
    """Return a hash of the code that the flights come from."""
    names = ("_moth_flight.py", "_moth_solver.py", "_moth_data.py")
    sources = [Path(__file__).with_name(name).read_bytes() for name in names]
    return hashlib.sha256(b"".join(sources)).hexdigest()[:16]
