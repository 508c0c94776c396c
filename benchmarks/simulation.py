"""Simulation of moth flights: ours, scipy's odeint beside it, and the error of the data."""

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np
from harness_benchmarks.timing import side_by_side
from harness_plugins.tasks import _moth_data, moth

from harness.bench import Measured

FLIGHTS = 16_384
RIVALS = {
    "odeint with numba at its default tolerance": 1.49012e-8,
    "odeint with numba at a tolerance of 3e-5": 3e-5,
}
"""As it is used, and as loose as it may be for errors like ours."""
FEWER = 256
"""Flights of the rival, and of the reference that errors are taken from."""


def figures() -> Iterator[Measured]:
    """Microseconds a flight, the rival in turn, and the 99.9th percentile of the error."""
    initial, controls = _moth_data.draw(np.random.default_rng(0), FLIGHTS)
    calls = {"ours": lambda: _moth_data.simulate(initial, controls)[0]}
    rivals = bool(find_spec("numba"))
    if rivals:
        from harness_benchmarks import flight_rival

        few = (initial[:FEWER], controls[:FEWER])
        for name, tolerance in RIVALS.items():
            calls[name] = partial(flight_rival.flights, *few, tolerance=tolerance)
    times = side_by_side(calls, repeats=7)
    ours = times["ours"].per(FLIGHTS)
    yield Measured(
        f"simulation, {FLIGHTS:,} flights",
        ours.median * 1e6,
        "µs a flight",
        note=ours.told("µs", 1e6),
    )
    if rivals:
        for name in RIVALS:
            rival = times[name].per(FEWER)
            yield Measured(
                f"rival: {name}",
                rival.median * 1e6,
                "µs a flight",
                rival.median / ours.median,
                "the time",
                rival.told("µs", 1e6),
            )
    else:
        yield Measured("rival: scipy odeint with numba", None, note="numba is not installed")
    yield from _errors(initial, controls)


def _errors(initial: np.ndarray, controls: np.ndarray) -> Iterator[Measured]:
    """Of our data, and of the rival's, from float64 at a tolerance of 1e-10, as scaled."""
    number = 2048
    starts, pushes = initial[:number], controls[:number]
    exact = _moth_data.simulate(starts, pushes, reference=True)[0]
    found = {"ours": _moth_data.simulate(starts, pushes)[0]}
    if find_spec("numba"):
        from harness_benchmarks import flight_rival

        for name, tolerance in RIVALS.items():
            found[name] = flight_rival.flights(starts, pushes, tolerance=tolerance)
    low = moth.columns(starts, pushes, exact)[1]
    scale = np.ptp(low, axis=0)
    for name, ends in found.items():
        wrong = np.abs(moth.columns(starts, pushes, ends)[1] - low) / scale
        yield Measured(
            f"error of the scaled outputs, 99.9th percentile: {name}",
            float(np.quantile(wrong.max(axis=1), 0.999)),
            note=f"{number} flights, the worst output of each",
        )
