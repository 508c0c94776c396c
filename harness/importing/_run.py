"""The run folder of imported networks."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import api, files, network_files
from harness.errors import UserError
from harness.execution import preparation, tables
from harness.experiment import imported
from harness.experiment.plan import Plan
from harness.experiment.trial import Trial
from harness.plugin.loading import load
from harness.plugin.parameters import described
from harness.plugin.registry import Registry
from harness.results import snapshot
from harness.results.records import TrialRecord, TrialState, trial_folder
from harness.results.run_folder import Run, open_run

from . import _found, _losses, _networks
from ._found import Found, Place
from ._losses import Losses
from ._networks import Networks

_UNKNOWN = (
    "Networks were imported: their data, whether they share them, their training steps and "
    "the loss of a constant are unknown. Networks of one seed are taken as a pair under two "
    "pruners."
)


def import_run(
    folder: Path | str,
    pattern: str,
    *,
    out: Path | str | None = None,
    metric: Sequence[str] = (),
    losses: Path | str | None = None,
    layout: str | None = None,
    threshold: float = 0.0,
    choices: network_files.Choices = network_files.AS_THE_FILE_SAYS,
    without: Sequence[str] = (),
) -> Run:
    """Import a folder of checkpoints, measure and report it, and open the run.

    **Arguments:** as of `find` and `network_files.read`; `metric` by default all that apply.
    `losses` is a CSV file with the fields of the pattern, `train_loss` and `validation_loss`.

    **Errors:** `UserError` for what is wrong, `RuntimeError` where a measurement failed.
    """
    found = _found.find(Path(folder), pattern, without)
    made, networks, rows, notes = planned(
        found, losses, load(), metric, layout=layout, threshold=threshold, choices=choices
    )
    path = Path(out) if out is not None else api.RUNS / made.name
    write(made, path, found, networks, rows, notes)
    outcome = api.execute(made, path, train=False)
    if outcome.failures:
        raise RuntimeError("; ".join(outcome.failures))
    return open_run(path)


def planned(
    found: Found,
    losses: Path | str | None,
    registry: Registry,
    metrics: Sequence[str] = (),
    *,
    layout: str | None = None,
    threshold: float = 0.0,
    choices: network_files.Choices = network_files.AS_THE_FILE_SAYS,
) -> tuple[Plan, Networks, dict[Place, Losses], list[str]]:
    """Read the files that were found; return the plan, the networks, their losses, and notes."""
    _found.refuse_missing(found)
    network_files.refuse_unused(list(found.files.values()), choices)
    rows, notes = _losses.read(Path(losses), found) if losses is not None else ({}, [])
    networks = _networks.read(found, layout, threshold, choices)
    asked = imported.experiment(
        networks.digest(sorted(rows.items())),
        re.sub(r"[^\w.+-]", "-", found.folder.resolve().name) or "imported",
        {"arrays": list(networks.arrays), "sizes": list(networks.sizes)},
        found.pruners,
        list(networks.levels.values()),
        metrics or _all_metrics(registry),
        len(found.seeds),
        keep_weights=networks.keep_weights,
    )
    return imported.plan(asked, registry), networks, rows, [*networks.notes, *notes]


def _all_metrics(registry: Registry) -> list[str]:
    """Return all metrics that need no parameter; those that do not apply give their reason."""
    return [
        f"{one.owner}:{one.name}"
        for one in registry.of("metric")
        if "required" not in described(one.factory).values()
    ]


def write(
    plan: Plan,
    out: Path,
    found: Found,
    networks: Networks,
    losses: Mapping[Place, Losses],
    notes: Sequence[str],
) -> None:
    """Write the run folder of a plan; what is there already is kept.

    **Errors:** UserError if the folder holds something else, or lies in that of the checkpoints.
    """
    if out.resolve().is_relative_to(found.folder.resolve()):
        raise UserError(
            f"'{out}' is in '{found.folder}', which is only read: choose another --out."
        )
    preparation.lay_out(plan, out)
    source = {
        "imported from": str(found.folder),
        "pattern": found.pattern,
        "seeds of networks 0, 1, ...": ", ".join(map(str, found.seeds)),
    }
    for trial, pruner in zip(plan.trials, found.pruners, strict=True):
        record = TrialRecord(trial_folder(out, trial.key))
        state = record.read()
        if state is not None and state.status == "done" and not record.damaged(state.files):
            continue
        record.folder.mkdir(parents=True, exist_ok=True)
        checksums = _levels(trial, record.folder, pruner, found, networks, losses)
        state = TrialState(
            status="done",
            identity=trial.identity,
            files=checksums,
            notes=source,
            cautions=(_UNKNOWN, *notes),
        )
        record.write(state)


def _levels(
    trial: Trial,
    folder: Path,
    pruner: str,
    found: Found,
    networks: Networks,
    losses: Mapping[Place, Losses],
) -> dict[str, str]:
    """Write the levels and tables of a trial; return the checksums of its files."""
    checksums = {}
    for number, (level, density) in enumerate(networks.levels.items()):
        places = [Place(pruner, seed, level) for seed in found.seeds]
        path = snapshot.level_path(folder, number)
        kept = snapshot.Snapshot(
            masks=_stacked(networks.arrays, [networks.masks[place] for place in places]),
            weights=_stacked(networks.arrays, [networks.weights[place] for place in places])
            if networks.keep_weights
            else None,
            figures=_figures([losses.get(place, Losses()) for place in places]),
            curve=np.zeros((0, len(places))),
            curve_steps=np.zeros(0, np.int64),
            facts={"density": density},
        )
        checksums[path.name] = snapshot.save(path, kept)
    made: dict[str, Any] = tables.level_tables(trial, folder)
    made["timings"] = tables.timings(trial, {(-1, "measure"): 0.0})[:0]
    for name, table in made.items():
        checksums[f"{name}.parquet"] = files.write_table(folder / f"{name}.parquet", table)
    return checksums


def _stacked(
    names: Sequence[str], networks: Sequence[Sequence[np.ndarray]]
) -> dict[str, np.ndarray]:
    layers = zip(*networks, strict=True)
    return {name: np.stack(layer) for name, layer in zip(names, layers, strict=True)}


def _figures(losses: Sequence[Losses]) -> dict[str, np.ndarray]:
    """Return the row of the table `levels` of each network; what nobody gave is NaN."""
    pairs = np.asarray(losses, np.float32)
    given = np.asarray([[loss is not None for loss in pair] for pair in losses])
    return {
        "train_loss": pairs[:, 0],
        "validation_loss": pairs[:, 1],
        "diverged": np.asarray((given & ~np.isfinite(pairs)).any(1)),
        "steps": np.full(len(pairs), math.nan),
    }
