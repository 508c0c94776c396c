"""What a network-step costs by the width of a block, for small networks: the rule of the default.

python -m harness_benchmarks.widths
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import api

SIZES = ((32, 16), (64, 64, 64, 16), (128, 128, 128, 16))
"""Hidden nodes: 992, 10,295 and 36,519 weights."""

WIDTHS = (4, 16, 64, 256)
STEPS = 600


def costs(folder: Path) -> Iterator[tuple[tuple[int, ...], int, float]]:
    """Yield hidden nodes, width of the one block, and microseconds of training a network-step."""
    for sizes in SIZES:
        for width in WIDTHS:
            run = api.run(
                "moth[flights=5000]",
                "magnitude",
                architecture=f"mlp[sizes={list(sizes)}]",
                schedule=f"oneshot[steps={STEPS}, density=0.3]",
                metric=[],
                networks=width,
                block_width=width,
                out=folder / f"{len(sizes)}-{sizes[0]}-{width}",
            )
            timings = run.table("timings")
            seconds = float(timings.loc[timings["activity"] == "train", "seconds"].sum())
            yield sizes, width, 1e6 * seconds / STEPS / width


def main() -> None:
    """Print the table of RESULTS.md."""
    print("| hidden nodes | width of the block | µs a network-step |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for sizes, width, cost in costs(Path(folder)):
            print(f"| {'-'.join(map(str, sizes))} | {width} | {cost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
