"""The published experiment from end to end on one accelerator, and how near the machine's floor.

    python benchmarks/paper.py --out runs/paper

400 networks through 18 levels and 107,800 steps each, losses and exact motif z-scores included;
weights (3 GB) are not kept, and what would be measured of them is left out. Where it is cut off,
the same command goes on; seconds are those of the run's own records, so that a cut run counts once.
`--precision float32` beside the default says what rounding products does to losses.
"""

import argparse
from pathlib import Path

import numpy as np
from harness_benchmarks import roofline
from harness_benchmarks.architecture import BATCH, SIZES, WEIGHTS
from harness_benchmarks.timing import side_by_side

import harness
from harness import bench
from harness.bench import Measured
from harness.results import provenance


def main() -> None:
    """Run, or go on, and print what it took."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", required=True, help="run folder")
    asked.add_argument("--networks", type=int, default=400)
    asked.add_argument("--flights", type=int, default=3_200_000)
    asked.add_argument("--schedule", default="published")
    asked.add_argument("--precision", default="tf32", help="float32, tf32 or bfloat16")
    given = asked.parse_args()
    run = experiment(given.out, given.networks, given.flights, given.schedule, given.precision)
    print(f"{bench.where(provenance.command_line())}\n\n{bench.HEAD}")
    for figure in figures(run, given.networks, given.precision):
        print(bench.as_row(figure))


def experiment(
    out: str | Path, networks: int, flights: int, schedule: str, precision: str
) -> harness.Run:
    """The run, done or gone on with."""
    return harness.run(
        f"moth[flights={flights}, prune_biases=true]",
        "zahn2022",
        schedule=schedule,
        metric='motifs[supports=["all", "live"]]',
        keep_weights=False,
        networks=networks,
        block_width=networks,
        precision=precision,
        out=out,
    )


def figures(run: harness.Run, networks: int, precision: str) -> list[Measured]:
    """Seconds by activity, the floor of its steps, and median losses by level."""
    spent = run.table("timings").groupby("activity")["seconds"].sum()
    levels = run.table("levels")
    steps = int(levels["steps"].sum())
    rows = [
        Measured(f"{activity}, {networks} networks", float(seconds), "s")
        for activity, seconds in spent.items()
    ]
    loops = 10
    traffic, moved = roofline.traffic(WEIGHTS, networks, loops)
    calls = {
        "products": roofline.products(SIZES, BATCH, networks, loops, precision=precision),
        "traffic": traffic,
    }
    times = side_by_side(calls, repeats=5)
    products = times["products"].median / (networks * loops)
    bandwidth = moved / times["traffic"].median
    floor = steps * (products + roofline.BYTES_A_WEIGHT * WEIGHTS / bandwidth)
    train = float(spent["train"])
    note = f"products {products * 1e6:.3g} µs a network-step, {bandwidth / 1e9:.4g} GB/s"
    rows.append(Measured(f"floor of {steps:,} network-steps", floor, "s", note=note))
    rows.append(Measured("floor over the time of training", 100 * floor / train, "%"))
    for density, part in levels.groupby("density", sort=False):
        loss = float(np.median(part["validation_loss"]))
        rows.append(Measured(f"median validation loss at density {density}", loss))
    return rows


if __name__ == "__main__":
    main()
