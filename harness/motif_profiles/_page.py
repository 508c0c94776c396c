"""Profiles as one self-contained page: the answer, a chart of ratios, tables and drawings."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.motif_profiles import _sections
from harness.motif_profiles._effects import effects, short_names
from harness.motif_profiles._files import Profiles
from harness.motif_profiles._hero import chosen, figure, table_of
from harness.motif_profiles._opening import about, findings, title, verdict
from harness.motif_profiles._similarity import answer
from harness.report import Opening, Section
from harness.report.pages.writer import write_alone

if TYPE_CHECKING:
    import pandas as pd

_ONWARD = (("degrees", "what degrees explain"), ("classes", "all patterns in numbers"))


def write_html(
    profiles: Profiles, path: Path, alike: "pd.DataFrame | None" = None, command: str = ""
) -> None:
    """Write the profiles as one self-contained page.

    `alike` is the result of `similarities`, if it is wanted too; `command` repeats the page.
    """
    names = short_names(list(profiles.wirings))
    found = effects(profiles)
    table = table_of(found, names)
    said = verdict(found, names)
    opening = Opening(
        title(list(names.values())),
        said if alike is None else f"{answer(alike)} {said}",
        findings(found, names),
        figure("ratios", "How many times the expected copies", table, chosen(table)),
        about(found, profiles.wirings, names),
        command,
        _ONWARD,
    )
    numbers = Section(
        "classes",
        "All patterns in numbers",
        parts=[*_sections.classes(found, names), *_sections.by_layer(profiles)],
    )
    sections = [
        _sections.degrees(found, names, command),
        numbers,
        *_sections.alike_sections(alike),
        _sections.drawings(found),
        *_sections.others(profiles, names),
        _sections.meanings(profiles),
    ]
    write_alone(opening, sections, path)
