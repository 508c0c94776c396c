"""Draws of the null models one by one, together and on the device; rewiring and what it waits for.

Uniformly random masks of the published architecture, 93 % pruned. The device is JAX's default one:
the processor itself where there is no other. Times are medians after one that is not counted.
"""

import time
from collections.abc import Iterator
from typing import Literal

import numpy as np
from harness_benchmarks.motifs import seconds, uniform

from harness import motifs
from harness.bench import Measured
from harness.sparse.graph import LayeredGraph

TOGETHER = 32
NETWORKS = (1, 16, 256)
"""That are rewired together."""

TRADES = 40
"""Global trades of each draw of `degree`: what the check of mixing asks for here."""


def figures() -> Iterator[Measured]:
    """Milliseconds a draw and a rewired network."""
    one = LayeredGraph(tuple(layer[0] for layer in uniform(1, 0.07).adjacency))
    for null in ("layered", "degree"):
        yield from _drawn(one, null)
    yield from _rewired(one)


def _drawn(one: LayeredGraph, null: str) -> Iterator[Measured]:
    trades = TRADES if null == "degree" else None

    def draw(number: int, on: Literal["host", "device"]) -> None:
        motifs.draws(one, null, number, on=on, trades=trades)

    alone = seconds(lambda: [draw(1, "host") for _ in range(16)], 3) / 16
    yield Measured(f"null `{null}`: a draw, one by one", alone * 1e3, "ms", note="median of 3")
    for on, where in (("host", "processor"), ("device", "device")):
        each = seconds(lambda on=on: draw(TOGETHER, on), 3) / TOGETHER
        what = f"null `{null}`: a draw of {TOGETHER} together, on the {where}"
        yield Measured(what, each * 1e3, "ms", each / alone, "one by one", "median of 3")


def _rewired(one: LayeredGraph) -> Iterator[Measured]:
    wires = tuple(np.asarray(layer) for layer in one.adjacency)
    null = motifs.degree_moments(wires, 100, (0,))
    waits = seconds(lambda: motifs.degree_moments(wires, 100, (0,)), 3)
    yield Measured("rewire: the null's moments from 128 draws, one network", waits * 1e3, "ms")
    for target in (5.0, 20.0):
        alone = 0.0
        for networks in NETWORKS:
            rewired, took = _swapped(networks, target, null)
            alone = alone or took
            swaps = sum(sum(one.accepted) for one in rewired) // networks
            what = f"rewire: bifan to z = {target:g}, {networks} together, {swaps:,} swaps each"
            yield Measured(what, took * 1e3, "ms a network", took / alone, "alone", "once")


def _swapped(networks: int, target: float, null: motifs.Null) -> tuple[list[motifs.Rewired], float]:
    """Rewire networks of the same kind, all under one null; return them and seconds a network."""
    wires = uniform(networks, 0.07).adjacency
    starts = [
        motifs.Start([np.asarray(layer[at]) for layer in wires], null, np.random.default_rng(at))
        for at in range(networks)
    ]
    begun = time.perf_counter()
    rewired = motifs.tempered(starts, ["bifan"] * networks, [target] * networks, motifs.Limits())
    return rewired, (time.perf_counter() - begun) / networks
