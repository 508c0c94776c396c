"""How long the report of a large comparison takes to build, and how large its page is.

    python benchmarks/report.py

350 networks, 18 levels, five pruners: tables as such a run has them, made up; masks too, whose
making is taken off the time.
"""

import runpy
import tempfile
import time
from pathlib import Path

from harness.report import build

FakeRun = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "report" / "conftest.py"))[
    "FakeRun"
]
PRUNERS = ("magnitude", "random", "sensitivity", "snip", "synflow")
DENSITIES = (1.0, *(0.95 - 0.05 * step for step in range(12)), 0.3, 0.2, 0.15, 0.07, 0.02)


class Timed(FakeRun):
    """A run that knows how long it took to make its masks up."""

    making = 0.0

    def masks(self, *arguments: object) -> object:
        """As of the run, timed."""
        start = time.perf_counter()
        try:
            return super().masks(*arguments)
        finally:
            self.making += time.perf_counter() - start


def main() -> None:
    """Build the page once and print what it took."""
    with tempfile.TemporaryDirectory() as scratch:
        conditions = tuple(("moth", pruner) for pruner in PRUNERS)
        run = Timed(Path(scratch) / "run", conditions, networks=350, densities=DENSITIES)
        start = time.perf_counter()
        page = build([run], Path(scratch) / "report")
        seconds = time.perf_counter() - start - run.making
        print(f"350 networks x {len(DENSITIES)} levels x {len(PRUNERS)} pruners")
        print(f"built in {seconds:.1f} s; the page has {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
