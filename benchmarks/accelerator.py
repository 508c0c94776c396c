"""All figures that need an accelerator, in one command of under ten minutes.

    python benchmarks/accelerator.py --out FOLDER

Each part runs in a process of its own, with a time limit, so that one that fails does not take the
others along. Every figure is printed and appended to FOLDER/figures.md as soon as it is known. With
`--small` the parts are so small that a processor does them in a test; without an accelerator only
that is useful. `--parts steps,rivals` chooses.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import bench
from harness.bench import Measured

SECONDS = {"steps": 240, "profile": 120, "rivals": 240, "counting": 120, "simulation": 120,
           "paper": 480}  # fmt: skip
"""The parts in order, and when each is cut off."""


def main() -> None:
    """Run the chosen parts one after another, or one part in this process."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", required=True, type=Path, help="folder of the figures")
    asked.add_argument("--parts", default=",".join(SECONDS))
    asked.add_argument("--small", action="store_true")
    asked.add_argument("--here", action="store_true", help="in this process: one part")
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.here:
        _part(given.parts, given.out, small=given.small)
        return
    size = ["--small"] if given.small else []
    for name in given.parts.split(","):
        command = [sys.executable, __file__, "--out", str(given.out), "--parts", name, "--here"]
        try:
            subprocess.run([*command, *size], timeout=SECONDS[name])
        except subprocess.TimeoutExpired:
            _note(given.out, f"\n{name}: cut off after {SECONDS[name]} s\n")


def _part(name: str, out: Path, *, small: bool) -> None:
    from harness.machine import devices
    from harness.results import provenance

    devices.use_cores()
    _note(out, f"\n## {name}\n\n{bench.where(provenance.command_line())}\n\n{bench.HEAD}")
    for figure in _figures(name)(out, small):
        _note(out, bench.as_row(figure))


def _figures(name: str) -> Callable[[Path, bool], Iterator[Measured]]:
    from harness_benchmarks import accelerator_parts, accelerator_steps

    of: dict[str, Callable[[Path, bool], Iterator[Measured]]] = {
        "steps": accelerator_steps.steps,
        "profile": accelerator_steps.profiled,
        "rivals": accelerator_steps.rivals,
        "counting": accelerator_parts.counting,
        "simulation": accelerator_parts.simulation,
        "paper": accelerator_parts.whole_paper,
    }
    return of[name]


def _note(out: Path, text: str) -> None:
    print(text, flush=True)
    with (out / "figures.md").open("a", encoding="utf-8") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    main()
