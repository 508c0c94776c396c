"""What rounding the factors of matrix products does to losses and masks: emulated on a processor.

Tensor cores round both factors of a product, to TF32 (10 of 23 mantissa bits) or bfloat16 (7), and
sum in float32. Here every product of training, forward and backward, and every product behind a
loss, has its factors rounded so (`rounded`). Sums are those of this machine: an accelerator
adds in another order, and may cut off what is smallest.

Training is chaotic: two that differ in a last bit part. What rounding to 22 bits changes is the
least that any change would, and stands beside the others; a larger one parts sooner and goes
farther, before it does anything that rounding in particular would. Float32 is trained through the
same products, unrounded, whose sums come in another order than those of `mlp` itself.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from harness_benchmarks import rounded

import harness
from harness.bench import Measured
from harness.motifs import TOTAL
from harness.stats import Interval, mean_interval

if TYPE_CHECKING:
    import pandas as pd

NETWORKS = 8
CONTROL = "float32, last bit rounded"
ARCHITECTURES = {
    "float32": "rounded",
    CONTROL: "rounded[bits=22]",
    "tf32": "rounded[bits=10]",
    "bfloat16": "rounded[bits=7]",
}
"""Architectures as a run calls them, by what they emulate."""
LOSSES_AT = (1.0, 0.15, 0.07, 0.02)
MOTIFS_AT = 0.07
MASKS_AT = (0.15, 0.07)
MOTIFS = ("diverge2", "converge2", "chain2", "bifan", "biparallel")


def figures() -> Iterator[Measured]:
    """Losses, motifs and masks of the same networks trained at each precision."""
    with tempfile.TemporaryDirectory() as scratch:
        run = harness.run(
            "moth",
            "magnitude",
            architectures=list(ARCHITECTURES.values()),
            metric='motifs[supports=["all"]]',
            networks=NETWORKS,
            out=Path(scratch) / "run",
            plugins=[rounded.__file__],
        )
        yield from losses(run.table("levels"))
        yield from scores(run.table("motifs"))
        yield from in_common(run)


def losses(table: "pd.DataFrame") -> Iterator[Measured]:
    """Validation losses at some levels, and their paired ratios to those of float32."""
    for density in LOSSES_AT:
        found = _by_architecture(table[table["density"] == density], "validation_loss")
        for name, architecture in ARCHITECTURES.items():
            what = f"{name}, {_pruned(density)}: validation loss"
            median, n = float(np.median(found[architecture])), len(found[architecture])
            if name == "float32":
                yield Measured(what, median, note=f"median of {n} networks")
                continue
            ratio = mean_interval(np.log(found[architecture] / found[ARCHITECTURES["float32"]]))
            low, middle, high = np.exp([ratio.low, ratio.value, ratio.high])
            ends = "no interval" if np.isnan(low) else f"95 % {low:.4f} to {high:.4f}"
            told = f"geometric mean of paired ratios, {ends}, n = {ratio.n}"
            yield Measured(what, median, "", float(middle), "float32's", told)


def scores(table: "pd.DataFrame") -> Iterator[Measured]:
    """Exact z of motifs under float32, and how those of the same networks differ from it."""
    totals = table[(table["density"] == MOTIFS_AT) & (table["base_layer"] == TOTAL)]
    for motif in MOTIFS:
        found = _by_architecture(totals[totals["motif"] == motif], "z")
        plain = found[ARCHITECTURES["float32"]]
        spread = (
            f"mean of {len(plain)} networks, whose standard deviation is {plain.std(ddof=1):.3g}"
        )
        yield Measured(f"float32, {_pruned(MOTIFS_AT)}: z of {motif}", plain.mean(), note=spread)
        for name, architecture in list(ARCHITECTURES.items())[1:]:
            difference = mean_interval(found[architecture] - plain)
            what = f"{name}, {_pruned(MOTIFS_AT)}: z of {motif} less float32's"
            yield Measured(what, difference.value, note=_told(difference, "+.2f"))


def in_common(run: harness.Run) -> Iterator[Measured]:
    """The share of the weights kept under float32 that the same networks keep otherwise."""
    numbers = run.table("levels").groupby("density")["level"].first()
    for density in MASKS_AT:
        level = int(numbers[density])
        plain = _kept(run, ARCHITECTURES["float32"], level)
        others = (plain & np.roll(plain, 1, axis=0)).sum(axis=1) / plain.sum(axis=1)
        for name, architecture in list(ARCHITECTURES.items())[1:]:
            share = mean_interval(
                (plain & _kept(run, architecture, level)).sum(axis=1) / plain.sum(axis=1)
            )
            percent = Interval(*(100 * part for part in share[:3]), share.n)
            what = f"{name}, {_pruned(density)}: kept weights in common with float32"
            told = f"{_told(percent, '.1f')}; two networks of float32: {100 * others.mean():.1f} %"
            yield Measured(what, percent.value, "%", note=told)


def _by_architecture(rows: "pd.DataFrame", column: str) -> dict[str, np.ndarray]:
    """Values in the order of networks, by architecture."""
    ordered = rows.sort_values("network")
    groups = ordered.groupby("architecture")
    return {name: part[column].to_numpy(float) for name, part in groups}


def _kept(run: harness.Run, architecture: str, level: int) -> np.ndarray:
    """The masks of an architecture's networks at a level, a row each."""
    trials = run.trials()
    names = trials[trials["architecture"] == architecture].sort_values("first_network")["trial"]
    blocks = [
        np.concatenate([mask.reshape(len(mask), -1) for mask in run.masks(name, level).values()], 1)
        for name in names
    ]
    # A last block may be filled up with networks that nobody asked for, which no table has either.
    return np.concatenate(blocks)[: run.experiment["networks"]]


def _pruned(density: float) -> str:
    return f"{100 - 100 * density:.0f} % pruned" if density < 1 else "dense"


def _told(one: Interval, form: str) -> str:
    return f"paired mean, 95 % {one.low:{form}} to {one.high:{form}}, n = {one.n}"
