"""Where the numbers come from and what they mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report._glossary import STATISTICS
from harness.report._source import RunTables
from harness.report.pages.parts import Facts, Section
from harness.report.sections._report import Report


def provenance(report: Report) -> Section:
    """Where the numbers come from, and what each statistic means."""
    return provenance_of(report.data.runs)


def provenance_of(runs: Sequence[RunTables]) -> Section:
    """The same of runs that are reported on in another way."""
    parts = [Facts("What each statistic means, and what it does not", STATISTICS)]
    for run in runs:
        parts += [
            Facts(f"Provenance of {run.path.name}", _flat(run.provenance)),
            Facts(f"Experiment of {run.path.name}", _flat(run.experiment)),
        ]
        if run.notes:
            parts.append(Facts(f"Notes on the data of {run.path.name}", _flat(run.notes)))
    return Section("provenance", "Meaning and provenance", parts=parts)


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested mappings as names with dots, and values as text."""
    if isinstance(value, Mapping):
        items = [_flat(part, f"{name}.{key}" if name else str(key)) for key, part in value.items()]
        return [pair for pairs in items for pair in pairs]
    if isinstance(value, list | tuple) and not any(isinstance(part, Mapping) for part in value):
        return [(name, ", ".join(map(str, value)) or "none")]
    if isinstance(value, list | tuple):
        items = [_flat(part, f"{name}[{number}]") for number, part in enumerate(value)]
        return [pair for pairs in items for pair in pairs]
    return [(name, "none" if value is None else str(value))]
