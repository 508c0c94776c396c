"""Prepare a run folder for a plan: check and lock it, write its index, open its log."""

import inspect
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import tomli_w

from harness import files
from harness.errors import UserError
from harness.execution import shared_dense
from harness.execution.lease import Lease, check_mount, leased, working
from harness.experiment.choice import Choice, metric_key
from harness.experiment.config import without_networks
from harness.experiment.plan import Plan
from harness.experiment.trial import RESULT_VERSION, Trial
from harness.plugin.isolation import isolated
from harness.plugin.registry import describe
from harness.results import provenance, run_folder
from harness.results.records import Entry, Index, MetricEntry, read_index, trial_folder, write_index

LOG = "run.log"

_MINE = Lease(True)
_log = logging.getLogger("harness")


@contextmanager
def locked(folder: Path) -> Iterator[Lease]:
    """Take the lease on a run folder, made if need be.

    Raises `UserError` if another process works on it, its path is a file or its file system cannot
    hold leases; `CannotWriteError` if it cannot be made.
    """
    if _is_file(folder):
        raise UserError(f"'{folder}' is, or is below, a file. Choose another --out.")
    with leased(folder) as lease:
        if not lease.mine:
            raise UserError(
                f"another process works on '{folder}' ({lease.holder or 'just begun'}). Wait for "
                "it, or choose another --out."
            )
        check_mount(folder)
        yield lease


def _is_file(folder: Path) -> bool:
    return any(place.is_file() for place in (folder, *folder.parents))


def tidy(folder: Path) -> None:
    """Remove files that a killed process left unfinished, except those that others may write.

    These are files of trials being worked on, and of dense levels, which are removed later.
    """
    for begun in folder.rglob(".*.part"):
        trial = begun.parent
        if trial.name == shared_dense.FOLDER:
            continue
        of_trial = trial.parent == trial_folder(folder, trial.name).parent
        with leased(trial) if of_trial else nullcontext(_MINE) as lease, suppress(OSError):
            if lease.mine:
                begun.unlink()


class _Quiet(logging.FileHandler):
    """A log that ignores a full disk; other files report it. It follows no link."""

    def _open(self) -> Any:
        flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY
        handle = files.opened(Path(self.baseFilename), flags)
        return os.fdopen(handle, "a", encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Ignore the error."""


@contextmanager
def logging_to(folder: Path) -> Iterator[None]:
    """Log to a run folder. If that is not possible, the run goes on without a log."""
    handler: logging.Handler
    try:
        handler = _Quiet(folder / LOG, encoding="utf-8", errors="backslashreplace")
    except OSError:
        handler = logging.NullHandler()
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler.setFormatter(form)
    level = _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    except BaseException as error:
        _log.error("ended by %s: %s", type(error).__name__, error)
        raise
    finally:
        _log.setLevel(level)
        _log.removeHandler(handler)
        with suppress(OSError):
            handler.close()


def prepare(plan: Plan, folder: Path) -> None:
    """Write a folder's index, after checking that an earlier one holds the same experiment.

    Earlier metrics are kept. Raises `UserError` as `index_of` does.
    """
    known = index_of(plan, folder)
    resolved = plan.resolved()
    metrics = [
        MetricEntry(name=choice.name, label=choice.label, key=metric_key(choice))
        for choice in plan.metrics
    ]
    own = run_folder.columns()
    if not any(pruning.pruner.instance.diagnostics for pruning in plan.prunings):
        del own["diagnostics"]
    columns = own | {choice.name: _columns(choice) for choice in plan.metrics}
    if known is not None:
        columns = known.columns | columns
        earlier = list(_earlier(known, metrics))
        metrics = [*(entry for entry, _ in earlier), *metrics]
        resolved["metrics"] = [*(table for _, table in earlier), *resolved["metrics"]]
    index = Index(
        result_version=RESULT_VERSION if known is None else known.result_version,
        experiment=resolved,
        trials=tuple(map(entry_of, plan.trials)),
        metrics=tuple(metrics),
        columns=columns,
    )
    write_index(folder, index)  # first: a folder without it is not a run
    files.write(folder / "experiment.toml", tomli_w.dumps(resolved).encode())


def lay_out(plan: Plan, folder: Path) -> None:
    """Make the folder of a plan; its trials can then run one by one, in any processes.

    Raises `UserError` as `locked` and `prepare` do.
    """
    with locked(folder):
        prepare(plan, folder)
        record_provenance(plan, folder)


def check(plan: Plan, folder: Path) -> None:
    """Raise `UserError` if the plan cannot run in the folder. Changes nothing."""
    if _is_file(folder):
        raise UserError(f"'{folder}' is, or is below, a file. Choose another --out.")
    if holder := working(folder):
        raise UserError(f"another process works on '{folder}' ({holder}). Wait for it.")
    index_of(plan, folder)


def index_of(plan: Plan, folder: Path) -> Index | None:
    """Return the index of a folder, or None if a run can begin there.

    Raises `UserError` if the plan cannot run there: the folder holds something else, another
    experiment (only networks and metrics may differ), or results of an earlier version of the
    harness, which can be read and measured but not continued.
    """
    if not (folder / "run.json").exists():
        if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
            raise UserError(f"'{folder}' is not empty and not a run folder. Choose another --out.")
        return None
    known = read_index(folder)
    if not plan.keys and known.result_version != RESULT_VERSION:
        raise UserError(
            f"'{folder}' holds results of an earlier version of the harness, which trained or "
            "measured networks differently. They can be read, reported and measured, but not "
            "continued: choose another --out."
        )
    if not plan.keys:  # else the plan was made from the folder
        _same(known.experiment, plan.resolved(), folder)
    return known


def _same(known: Mapping[str, Any], resolved: Mapping[str, Any], folder: Path) -> None:
    old, new = without_networks(known), without_networks(resolved)
    differing = sorted(name for name in new if old.get(name) != new[name])
    if differing:
        raise UserError(
            f"'{folder}' holds another experiment ({', '.join(differing)} differ). "
            "Choose another --out, or compare the two with `harness report`."
        )


def _earlier(known: Index, metrics: Iterable[MetricEntry]) -> Iterator[tuple[MetricEntry, Any]]:
    """Yield a run's metrics that are not asked for now, as entries and as tables."""
    asked = {metric.label for metric in metrics}
    tables = known.experiment.get("metrics", [])
    for entry, table in zip(known.metrics, tables, strict=False):
        if entry.label not in asked:
            yield entry, table


def _columns(metric: Choice) -> dict[str, str]:
    return {
        **run_folder.CONDITION_COLUMNS,
        "metric": "the metric with its parameters",
        **metric.instance.columns,
    }


def entry_of(trial: Trial) -> Entry:
    """Return a trial's entry in the index."""
    return Entry(
        **trial.condition,
        first_network=trial.first,
        networks=trial.width,
        skipped=reason_to_skip(trial),
        when=_when(trial),
    )


def reason_to_skip(trial: Trial) -> str | None:
    """Return why a trial is skipped, or None if it is not.

    What a plugin raises is recorded as the trial's failure when it is carried out.
    """
    try:
        with isolated():
            return trial.reason_to_skip
    except Exception:
        return None


def _when(trial: Trial) -> str | None:
    """Return when masks change; for an intervention, before training or after each level."""
    if trial.intervention is None:
        return getattr(trial.pruning.pruner.instance, "when", None)
    return "level" if trial.goes_on in ("level", "rewind") else "init"


def _plugin_files(plan: Plan) -> set[Path]:
    """Return the files of a plan's plugins that do not belong to the harness."""
    kinds = {type(choice.instance) for choice in plan.chosen}
    own = ("harness", "harness_plugins")
    return {
        Path(inspect.getfile(kind)) for kind in kinds if kind.__module__.split(".")[0] not in own
    }


def record_provenance(plan: Plan, folder: Path) -> None:
    """Write which command works on the folder now, in which environment, and earlier ones."""
    path = folder / "provenance.json"
    earlier: list[Any] = []
    with suppress(files.DamagedFileError, ValueError, TypeError):
        last = dict(files.read_json(path))
        earlier = [*last.pop("earlier", []), last]
    now = provenance.provenance(provenance.command_line(), _plugin_files(plan))
    tasks = {task.name: describe(type(task.instance)) for task, _ in plan.pairs}
    files.write_json(path, {**now, "tasks": tasks, "earlier": earlier})
    _log.info("begins: %s", now["command"])
    _log.info("with %s", provenance.environment())
