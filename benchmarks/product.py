"""Every pruner on every architecture on every task, at toy size, and a log of what came of each.

    python -m harness_benchmarks.product FOLDER [LOG]

Runs are kept in FOLDER, one for each task and architecture: the same command goes on where it was
stopped. LOG, by default `log.md` in FOLDER, is written anew after each of them.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

# What is computed is tiny: compile quickly instead of well. Must be set before JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import jax
import pandas as pd

from harness import open_run
from harness.bench import where
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.plugin.registry import Registry

TASKS = {
    "adding": "adding[rows=300]",
    "moth": "moth[flights=200, flown=8]",
    "pendulum-swing": "pendulum-swing[swings=200, swung=8]",
    "quadrotor": "quadrotor[flights=200, flown=8]",
    "teacher": "teacher[sizes=[6], fan_in=3, rows=300]",
}
ARCHITECTURES = {
    "cnn": "cnn[channels=[3], pool=4, normalised=true, dropout=0.2]",
    "gru": "gru[width=4]",
    "mlp": "mlp[sizes=[6]]",
    "near-teacher": "near-teacher[of=teacher[sizes=[6], fan_in=3]]",
    "residual": "residual[width=5, blocks=1]",
    "rnn": "rnn[width=5]",
}
PRUNERS = {"lottery": "lottery[rewind_step=2]"}
"""Plugins that would take long, or need more steps, by default; all others have their defaults."""
SCHEDULE = "geometric[density=0.3, steps=24, share=0.5, batch_size=16]"


def own(registry: Registry, kind: str, toys: dict[str, str]) -> list[str]:
    """The plugins of a kind that come with the harness, at toy size."""
    names = sorted(one.name for one in registry.of(kind) if one.owner == "motif-harness")
    return [toys.get(name, name) for name in names]


def carried_out(
    registry: Registry, task: str, architecture: str, pruners: list[str], folder: Path
) -> pd.DataFrame:
    """One row a pruner: what came of it, the reason, and the seconds of its activities."""
    asked = {
        "tasks": [task], "architectures": [architecture], "pruners": pruners, "networks": 1,
        "schedules": [SCHEDULE], "metrics": ["performance"],
    }  # fmt: skip
    Execution(plan(checked(asked, source="product"), registry), folder).run()
    run = open_run(folder)
    trials = run.trials()
    spent = run.table("timings") if "timings" in run.tables() else None
    seconds = {} if spent is None else spent.groupby("trial")["seconds"].sum()
    measured = run.measurements().query("status == 'failed'")
    unmeasured = dict(zip(measured["trial"], measured["reason"], strict=True))
    trials["seconds"] = trials["trial"].map(seconds)
    failed = trials["trial"].map(unmeasured)
    trials.loc[failed.notna(), "status"] = "failed"
    trials["reason"] = trials["reason"].where(failed.isna(), failed)
    return trials[["task", "architecture", "pruner", "status", "reason", "seconds"]]


def log(table: pd.DataFrame, pairs: int, seconds: float) -> str:
    """The log as a Markdown page: how many of each status, then a row a combination."""
    numbers = table["status"].value_counts()
    unnamed = int(((table["status"] != "done") & (table["reason"] == "")).sum())
    counts = ", ".join(f"{numbers[status]} {status}" for status in numbers.index)
    return "\n".join(
        [
            "# Every pruner on every architecture on every task, at toy size",
            "",
            f"{len(table)} combinations of {table.groupby(['task', 'architecture']).ngroups} of "
            f"{pairs} pairs of task and architecture: {counts}; {unnamed} without a reason. Each: "
            f"one network, `{SCHEDULE}`, metric `performance`; {seconds:.0f} s in all of the last "
            "command. A pair that does not fit is one row for all pruners.",
            "",
            where(["python -m harness_benchmarks.product", *sys.argv[1:]]),
            "",
            "| task | architecture | pruner | outcome | seconds |",
            "|---|---|---|---|---|",
            *_rows(table),
            "",
        ]
    )


def _rows(table: pd.DataFrame) -> Iterator[str]:
    for (task, architecture), rows in table.groupby(["task", "architecture"], sort=False):
        same = rows["reason"].nunique() == 1 and (rows["status"] == "skipped").all()
        for row in rows[:1].to_dict("records") if same else rows.to_dict("records"):
            pruner = f"all {len(rows)}" if same else row["pruner"]
            reason = str(row["reason"]).replace("|", "\\|").replace("\n", " ")
            outcome = f"{row['status']}: {reason}" if reason else row["status"]
            spent = "" if pd.isna(row["seconds"]) else f"{row['seconds']:.1f}"
            yield f"| {task} | {architecture} | {pruner} | {outcome} | {spent} |"


def main(out: str, page: str = "") -> None:
    """Carry out all pairs, one after the other, and write the log after each."""
    registry = loading.load()
    names = [own(registry, kind, toys) for kind, toys in (
        ("task", TASKS), ("architecture", ARCHITECTURES), ("pruner", PRUNERS)
    )]  # fmt: skip
    pairs = list(product(*names[:2]))
    target, start, tables = Path(page or Path(out) / "log.md"), time.perf_counter(), []
    target.parent.mkdir(parents=True, exist_ok=True)
    for task, architecture in pairs:
        folder = Path(out) / f"{task.partition('[')[0]}-{architecture.partition('[')[0]}"
        tables.append(carried_out(registry, task, architecture, names[2], folder))
        numbers = tables[-1]["status"].value_counts().to_dict()
        print(f"{time.perf_counter() - start:5.0f} s {folder.name} {numbers}", flush=True)
        target.write_text(log(pd.concat(tables), len(pairs), time.perf_counter() - start))
        jax.clear_caches()
        gc.collect()


if __name__ == "__main__":
    main(*sys.argv[1:])
