"""Merge runs of one experiment whose parts were computed apart."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from harness import files
from harness.errors import UserError
from harness.results import provenance
from harness.results.records import (
    Entry,
    Index,
    MetricEntry,
    TrialRecord,
    TrialState,
    read_index,
    trial_folder,
    write_index,
)
from harness.results.run_folder import open_run

_FACTORS = ("tasks", "architectures", "pruners", "interventions", "schedules", "data_seeds")
_BEST_FIRST = ("done", "split", "failed")
_OF_WORK = shutil.ignore_patterns(".*", "checkpoint.safetensors")
_Found = list[tuple[Path, TrialState]]
"""The parts that have a record of a trial, the most finished first, with their records."""


def merge(parts: Sequence[Path], out: Path) -> None:
    """Write the run of all trials of some runs into a new folder.

    A trial that several parts have finished must have the same networks in all; it gets the
    measurements of all.

    Raises `UserError` if the parts are of different experiments or versions, if they differ in more
    than one factor, and for trials with different networks: it names all that differ.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"'{out}' is not an empty folder. Choose another --out.")
    indices = {part: read_index(part) for part in parts}
    merged = _index(indices)
    found: dict[str, _Found] = {}
    for entry in merged.trials:
        _find(entry, parts, found)
    if conflicts := [text for key, trial in found.items() for text in _conflicts(key, trial)]:
        raise UserError(f"the parts disagree: {'; '.join(conflicts)}. Leave one part out.")
    for key, trial in found.items():
        if trial:
            _copy(trial, key, out)
    files.write(out / "experiment.toml", tomli_w.dumps(merged.experiment).encode())
    earlier = [open_run(part).provenance for part in parts]
    now = provenance.provenance(provenance.command_line())
    files.write_json(out / "provenance.json", {**now, "earlier": earlier})
    write_index(out, merged)  # last: a folder without it is not a run


def _index(indices: Mapping[Path, Index]) -> Index:
    """Return the index of all trials, in the order in which their experiment has them."""
    first = next(iter(indices.values()))
    experiment = dict(first.experiment)
    free = {*_FACTORS, "networks", "metrics"}
    for part, index in indices.items():
        own = {**index.experiment, "version": index.result_version, "format": index.format}
        usual = {**first.experiment, "version": first.result_version, "format": first.format}
        if wrong := [name for name in usual if name not in free and own.get(name) != usual[name]]:
            raise UserError(
                f"'{part}' is of another experiment: {', '.join(sorted(wrong))} differ."
            )
    for name in _FACTORS:
        listed = [one for index in indices.values() for one in index.experiment.get(name, [])]
        experiment[name] = [one for n, one in enumerate(listed) if one not in listed[:n]]
    experiment["networks"] = max(index.experiment["networks"] for index in indices.values())
    differing = [
        name
        for name in (*_FACTORS, "networks")
        if any(index.experiment.get(name, []) != experiment[name] for index in indices.values())
    ]
    if len(differing) > 1:
        raise UserError(
            f"the parts differ in {' and '.join(differing)}: merge parts that differ in one of "
            "them, then the results of that."
        )
    metrics: dict[str, MetricEntry] = {}
    tables: dict[str, Any] = {}
    columns: dict[str, dict[str, str]] = {}
    for index in indices.values():
        metrics |= {metric.label: metric for metric in index.metrics}
        labels = (metric.label for metric in index.metrics)
        tables |= dict(zip(labels, index.experiment.get("metrics", []), strict=False))
        columns |= index.columns
    experiment["metrics"] = list(tables.values())
    trials = _ordered([entry for index in indices.values() for entry in index.trials])
    changed = {"metrics": tuple(metrics.values()), "columns": columns, "trials": trials}
    return first.model_copy(update={**changed, "experiment": experiment})


def _ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return each trial once, in the order of the product that a plan makes."""
    names = ("task", "architecture", "schedule", "pruner", "data_seed")
    ranks: dict[str, dict[Any, int]] = {name: {} for name in names}
    for entry in entries:
        for name, rank in ranks.items():
            rank.setdefault(getattr(entry, name), len(rank))

    def place(entry: Entry) -> tuple[int, ...]:
        return (*(ranks[name][getattr(entry, name)] for name in names), entry.first_network)

    return tuple(sorted({entry.trial: entry for entry in entries}.values(), key=place))


def _find(entry: Entry, parts: Sequence[Path], found: dict[str, _Found]) -> None:
    """Add the records of a trial, and of its halves if it was split, to those found."""
    known: _Found = []
    for part in parts:
        record = TrialRecord(trial_folder(part, entry.trial))
        state = record.read()
        if state is not None and not record.damaged(state.files):
            known.append((part, state))
    found[entry.trial] = sorted(known, key=lambda one: _BEST_FIRST.index(one[1].status))
    if found[entry.trial] and found[entry.trial][0][1].status == "split":
        for half in found[entry.trial][0][1].into:
            _find(half, parts, found)


def _conflicts(key: str, trial: _Found) -> Iterator[str]:
    """Yield what differs between the networks of a trial in the first part and in others."""
    done = [(part, state) for part, state in trial if state.status == "done"]
    for part, state in done[1:]:
        first, usual = done[0]
        levels = {name for name in {*usual.files, *state.files} if name.startswith("level-")}
        if wrong := sorted(one for one in levels if usual.files.get(one) != state.files.get(one)):
            yield (
                f"trial {key} has another {wrong[0]} in '{part}' (made with {state.environment}) "
                f"than in '{first}' ({usual.environment})"
            )


def _copy(trial: _Found, key: str, out: Path) -> None:
    """Copy a trial from the part that has most of it, with the measurements of all parts."""
    part, state = trial[0]
    folder = trial_folder(out, key)
    shutil.copytree(trial_folder(part, key), folder, ignore=_OF_WORK)
    metrics = dict(state.metrics)
    for other, more in trial[1:] if state.status == "done" else ():
        for name, measured in more.metrics.items():
            if measured.status == "done" and getattr(metrics.get(name), "status", "") != "done":
                metrics[name] = measured
                shutil.copy2(trial_folder(other, key) / measured.file, folder)
    TrialRecord(folder).write(state.model_copy(update={"metrics": metrics}))
