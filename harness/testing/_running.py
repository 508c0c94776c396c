"""The contracts of executors, observers and exporters."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.plugin.executor import AbstractExecutor, TrialReport, TrialSpec
from harness.plugin.exporter import AbstractExporter
from harness.plugin.observer import AbstractObserver, Event, Happening
from harness.results.records import Index, write_index
from harness.results.run_folder import columns, open_run
from harness.testing._finding import Rule, expect

_KEYS = tuple(digit * 16 for digit in "0123")
_SOURCES = {_KEYS[1]: _KEYS[0], _KEYS[3]: _KEYS[1]}

_LOSSES = np.zeros(2, np.float32)
_EVENTS: dict[Happening, dict[str, Any]] = {
    "start": {},
    "level": {
        **{"level": 0, "density": 1.0, "networks": (0, 1)},
        **{"train_loss": _LOSSES, "validation_loss": _LOSSES},
    },
    "measured": {"metric": "edges"},
    "failed": {"error": "ValueError: nothing"},
}
_TRIAL = dict.fromkeys(("task", "architecture", "pruner", "schedule"), "tiny")


class _Recorded:
    """Carries out trials by writing down their keys, here or in another process: `RunTrial`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, spec: TrialSpec) -> None:
        record(spec, self._folder)

    def call(self, spec: TrialSpec) -> tuple[str, tuple[Any, ...]]:
        return f"{__name__}:record_elsewhere", (spec.model_dump_json(), str(self._folder))

    def learn(self, spec: TrialSpec, report: TrialReport) -> None:
        expect(report.left or report.counts == {"trained": 1}, "it changes a report.")

    def give_up(self, spec: TrialSpec, error: Exception) -> None:
        expect(False, f"it gives up trial {spec.key}: {error}.")


def record(spec: TrialSpec, folder: Path) -> TrialReport:
    """Write down that a trial was carried out, and whether its source was done before."""
    late = spec.source and not (folder / spec.source).exists()
    with (folder / spec.key).open("a") as file:
        file.write("before its source\n" if late else "once\n")
    return TrialReport({"trained": 1})


def record_elsewhere(spec: str, folder: str) -> dict[str, Any]:
    """Do the same in another process, which gets and returns plain data."""
    return record(TrialSpec.model_validate_json(spec), Path(folder)).plain()


def executor_rules(executor: AbstractExecutor) -> Iterator[Rule]:
    """Yield the rules of executors."""

    def carried_out() -> None:
        specs = [TrialSpec(experiment={}, key=key, source=_SOURCES.get(key, "")) for key in _KEYS]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            executor.carry_out(specs, folder, _Recorded(folder))
            for key in _KEYS:
                done = (folder / key).read_text() if (folder / key).exists() else "never"
                how = " and ".join(done.split("\n")[:2])
                expect(done == "once\n", f"trial {key} is carried out {how}.")

    yield Rule("carries out every trial once, each after its source", carried_out)


def observer_rules(observer: AbstractObserver) -> Iterator[Rule]:
    """Yield the rules of observers."""

    def observed() -> None:
        import pandas as pd

        table = pd.DataFrame({"level": [0], "network": [0], "edges": [1]})
        with tempfile.TemporaryDirectory() as folder:
            for what, facts in _EVENTS.items():
                trial = {"trial": _KEYS[0], **_TRIAL, "data_seed": 0}
                more = {"table": table} if what == "measured" else {}
                observer.observe(Event(what, Path(folder), trial, {**facts, **more}))

    yield Rule("takes note of every kind of event", observed)


def exporter_rules(exporter: AbstractExporter) -> Iterator[Rule]:
    """Yield the rules of exporters."""

    def exported() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run, out = Path(folder) / "run", Path(folder) / "out"
            out.mkdir()
            index = Index(experiment={"networks": 1}, trials=(), metrics=(), columns=columns())
            write_index(run, index)
            before = (run / "run.json").read_bytes()
            exporter.export(open_run(run), out)
            expect(any(out.iterdir()), "it writes nothing into the folder.")
            unchanged = [path.name for path in run.iterdir()] == ["run.json"]
            expect(unchanged and (run / "run.json").read_bytes() == before, "it changes the run.")

    yield Rule("writes files for a run in which nothing is finished, and leaves it alone", exported)
