"""Draws of the null models one by one, together and on the device; rewiring and what it waits for.

Uniformly random masks of the published architecture, 93 % pruned. The device is JAX's default one:
the processor itself where there is no other. Times are medians after one that is not counted.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from harness_benchmarks.motifs import seconds, uniform

from harness import motifs
from harness.bench import Measured
from harness.sparse.graph import LayeredGraph

TOGETHER = 32
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

    def swap(target: float) -> motifs.Rewired:
        rng = np.random.default_rng(0)
        return motifs.tempered(wires, "bifan", target, null, motifs.Limits(), rng)

    for target in (5.0, 20.0):
        swaps = sum(swap(target).accepted)
        took = seconds(lambda target=target: swap(target), 3)
        what = f"rewire: bifan to z = {target:g}, {swaps:,} swaps, one network"
        yield Measured(what, took * 1e3, "ms", took / waits, "the null's moments", "median of 3")
