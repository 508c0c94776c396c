"""What got worse between two files of results.

    python -m harness_benchmarks.compare OLD.md NEW.md [--by 0.1]

Both are Markdown with the tables that `harness bench` prints, as benchmarks/RESULTS.md. A time or
an amount of memory is worse if it grew, a rival's ratio if it shrank: on two machines only ratios
say something. Ends with exit code 1 if anything is worse by more than the share `--by`.
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_GROWS_WORSE = ("s", "ms", "µs", "MiB", "GB", "MB")
_FIGURE = re.compile(r"([-+]?[\d.,]+(?:e[-+]?\d+)?)\s*(.*)")
_RIVAL = re.compile(r"([\d.]+(?:e[-+]?\d+)?) x the time")
_CELLS = 4


@dataclass(frozen=True)
class Figure:
    """A figure of a row: its value, and whether it is worse when it grows."""

    value: float
    unit: str
    grows_worse: bool

    def worse_than(self, other: "Figure", by: float) -> bool:
        """Whether it is worse than an earlier one by more than a share of it."""
        more, less = (self, other) if self.grows_worse else (other, self)
        return more.value > (1 + by) * less.value


Rows = Mapping[tuple[str, str], Figure]


def figures(text: str) -> Rows:
    """The figures of a file by section and row that can be judged; a rival's is its ratio."""
    found, section = {}, ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) >= _CELLS - 1 and (one := _judged(*cells[1:3])):
            found[section, cells[0]] = one
    return found


def _judged(figure: str, beside: str) -> Figure | None:
    if rival := _RIVAL.search(beside):
        return Figure(float(rival[1]), "x the time", grows_worse=False)
    if not (found := _FIGURE.fullmatch(figure)):
        return None
    value, unit = float(found[1].replace(",", "")), found[2]
    return Figure(value, unit, True) if unit.split(" ")[0] in _GROWS_WORSE else None


def compared(old: Rows, new: Rows, by: float) -> Iterator[str]:
    """A line for each row that is worse than it was."""
    for (section, what), now in new.items():
        before = old.get((section, what))
        if before and before.unit == now.unit and now.worse_than(before, by):
            yield f"{section}: {what}: {before.value:g} → {now.value:g} {now.unit}"


def main() -> None:
    """Print what is worse, then how many rows were compared, and which are in one file only."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("old", type=Path)
    asked.add_argument("new", type=Path)
    asked.add_argument("--by", type=float, default=0.1, help="share by which a figure may grow")
    given = asked.parse_args()
    old, new = (figures(path.read_text(encoding="utf-8")) for path in (given.old, given.new))
    worse = list(compared(old, new, given.by))
    print("\n".join(worse) or f"Nothing is worse by more than {given.by:.0%}.")
    print(f"{len(old.keys() & new.keys())} figures compared, {len(old.keys() ^ new.keys())} not.")
    raise SystemExit(bool(worse))


if __name__ == "__main__":
    main()
