"""The files beside the page: tables as CSV and LaTeX, charts as SVG and PDF."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from harness.report.pages import latex, vega
from harness.report.pages.rendering import drawn
from harness.tables.parts import Figure, Section, Table, checked
from harness.tables.spreadsheets import csv

GENERATOR = "motif-harness report"
"""Marks a page as ours, so that a later one may remove the files it links to."""

Pictures: TypeAlias = Mapping[str, Future[tuple[str, bytes]]]
"""Each chart's SVG and PDF by name, once they are drawn."""

_OURS = re.compile(r'href="(tables/[a-z0-9_]+\.(?:csv|tex)|charts/[a-z0-9_]+\.(?:svg|pdf))"')


@contextmanager
def pictures(sections: Sequence[Section]) -> Iterator[Pictures]:
    """Draw all charts, one after another, while the caller does other things."""
    thread = ThreadPoolExecutor(1)
    try:
        yield {
            part.name: thread.submit(drawn, part.name, vega.for_file(part), vega.VEGA_LITE)
            for part in _parts(sections)
            if isinstance(part, Figure)
        }
    finally:
        thread.shutdown(cancel_futures=True)


def contents(sections: Sequence[Section], charts: Pictures) -> Iterator[tuple[str, bytes]]:
    """Yield each file's path below the page's folder, and its contents, tables first.

    Raises `ValueError` if a chart and a table of one name, which share a file, have different data.
    """
    yield from spreadsheets_of(sections).items()
    for part in _parts(sections):
        if isinstance(part, Table):
            yield f"tables/{part.name}.tex", _bytes(latex.table(part))
    for name, picture in charts.items():
        svg, pdf = picture.result()
        yield f"charts/{name}.svg", _bytes(svg)
        yield f"charts/{name}.pdf", pdf


def spreadsheets_of(sections: Sequence[Section]) -> dict[str, bytes]:
    """Return the CSV files of all tables and charts, by path. Raises as `contents`."""
    frames: dict[str, pd.DataFrame] = {}
    for part in _parts(sections):
        frame = part.data if isinstance(part, Figure) else part.frame
        if part.name in frames and not frames[part.name].equals(frame):
            raise ValueError(f"two parts named '{part.name}' have different data")
        frames[part.name] = frame
    return {f"tables/{checked(name)}.csv": _bytes(csv(frame)) for name, frame in frames.items()}


def _parts(sections: Sequence[Section]) -> list[Figure | Table]:
    """Return all charts and tables once: a chart of the first screen is in its section too."""
    every = {id(part): part for section in sections for part in section.parts}
    return [part for part in every.values() if isinstance(part, Figure | Table)]


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def linked(page: Path) -> set[str]:
    """Return the files that an earlier page at this path links to; none if it is not ours."""
    if not page.is_file():
        return set()
    source = page.read_text(encoding="utf-8", errors="replace")
    if f'name="generator" content="{GENERATOR}"' not in source:
        return set()
    return set(_OURS.findall(source))
