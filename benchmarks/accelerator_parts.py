"""Counting, nulls, simulation and the whole published experiment on an accelerator."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from harness_benchmarks import paper
from harness_benchmarks.motifs import seconds, uniform
from harness_plugins.tasks import _moth_data

from harness.bench import Measured
from harness.motifs import profile, sampled_profile

SECONDS = 360
"""What the whole experiment may take; if 400 networks need more, fewer are trained."""


def counting(out: Path, small: bool) -> Iterator[Measured]:
    """Exact counts and z-scores, and draws of both nulls, of networks 93 % pruned."""
    number, draws = (2, 10) if small else (400, 1000)
    many, one = uniform(number, 0.07), uniform(1, 0.07)
    taken = seconds(lambda: profile(many, supports=("all",)), 3)
    yield Measured(f"counts and exact z, {number} networks", taken * 1e3 / number, "ms a network")
    for null in ("layered", "degree"):
        taken = seconds(lambda null=null: sampled_profile(one, null, number=draws), 1)
        yield Measured(f"{draws} draws of the null `{null}`, all classes counted", taken, "s")


def simulation(out: Path, small: bool) -> Iterator[Measured]:
    """Microseconds a flight, after a first block that compiles."""
    flights = 512 if small else 2**20
    initial, controls = _moth_data.draw(np.random.default_rng(0), flights)
    start = time.perf_counter()
    _moth_data.simulate(initial[:512], controls[:512])
    first = time.perf_counter() - start
    taken = seconds(lambda: _moth_data.simulate(initial, controls), 1 if small else 3)
    note = f"first block, with compilation, {first:.3g} s"
    yield Measured(f"{flights:,} flights", taken * 1e6 / flights, "µs a flight", note=note)


def whole_paper(out: Path, small: bool) -> Iterator[Measured]:
    """The published experiment at the largest width that fits into the time."""
    networks, flights, schedule = (
        (2, 1000, "oneshot[steps=20]") if small else (400, 3_200_000, "published")
    )
    start = time.perf_counter()
    run = paper.experiment(out / "paper", networks, flights, schedule, "tf32")
    yield Measured("the whole command, by the clock", time.perf_counter() - start, "s")
    yield from paper.figures(run, networks, "tf32")
