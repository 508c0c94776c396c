"""The contracts of executors, observers and exporters."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.plugin.executor import AbstractExecutor, TrialSpec
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


def executor_rules(executor: AbstractExecutor) -> Iterator[Rule]:
    """Yield the rules of executors."""

    def carried_out() -> None:
        done: list[str] = []
        specs = [TrialSpec(experiment={}, key=key, source=_SOURCES.get(key, "")) for key in _KEYS]

        def run(spec: TrialSpec) -> None:
            expect(
                not spec.source or spec.source in done,
                f"trial {spec.key} is carried out before its source, {spec.source}.",
            )
            done.append(spec.key)

        with tempfile.TemporaryDirectory() as folder:
            executor.carry_out(specs, Path(folder), run)
        expect(sorted(done) == [*_KEYS], f"it carries out {tuple(done)}, not all of {_KEYS} once.")

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
