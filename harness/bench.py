"""Benchmarks, found by their entry points: each figure as soon as it is known, and the machine."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from typing import Any

from harness.errors import UserError, unknown
from harness.machine import devices
from harness.results.provenance import provenance

GROUP = "harness.benchmarks"
"""The entry-point group: each entry is a function without arguments that yields figures."""


@dataclass(frozen=True)
class Measured:
    """One figure of a benchmark: what was measured, its value and unit.

    `ratio` compares it with the figure named by `of`, if any. `note` says how it was measured; if
    `value` is None, why it could not be.
    """

    what: str
    value: float | None
    unit: str = ""
    ratio: float | None = None
    of: str = ""
    note: str = ""


def benchmarks() -> dict[str, Any]:
    """Return the installed benchmarks by name."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)}


def chosen(what: str | None) -> list[str]:
    """Return the names of the chosen benchmarks: one, or all. Raises `UserError` if unknown."""
    known = benchmarks()
    if what is not None and what not in known:
        raise unknown("benchmark", what, known)
    return [what] if what else list(known)


def measured(name: str) -> Iterator[Measured]:
    """Return an iterator over a benchmark's figures, each as soon as it is known.

    Raises `UserError` if it needs a package that is not installed.
    """
    try:
        function: Callable[[], Iterator[Measured]] = benchmarks()[name].load()
    except ModuleNotFoundError as error:
        raise UserError(
            f"benchmark '{name}' needs the package '{error.name}', which is not installed: "
            "pip install 'motif-harness[bench]'."
        ) from None
    yield from function()


def as_json(found: Mapping[str, list[Measured]], command: list[str]) -> str:
    """Return all figures with their provenance, as JSON."""
    figures: dict[str, Any] = {name: [asdict(one) for one in rows] for name, rows in found.items()}
    return json.dumps({"provenance": provenance(command), "benchmarks": figures}, indent=2)


HEAD = "| what | figure | beside | how |\n|---|---|---|---|"


def as_row(one: Measured) -> str:
    """Return a figure as a row of a Markdown table."""
    value = "not measured" if one.value is None else f"{one.value:.4g} {one.unit}".strip()
    ratio = "" if one.ratio is None else f"{one.ratio:.3g} x {one.of}"
    return f"| {one.what} | {value} | {ratio} | {one.note} |"


def where(command: list[str]) -> str:
    """Return the command, machine, versions and time, as a line above a table."""
    record = provenance(command)
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return (
        f"`{record['command']}`, {record['time']}, {record['device']}, {devices.cores()} cores, "
        f"Python {record['python']}, {versions}, commit {record['commit']}"
    )
