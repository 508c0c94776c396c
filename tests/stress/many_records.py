"""Make a run folder of many synthetic trials, open it, and write its report.

    python tests/stress/many_records.py --trials 10000

The tables are those of one small real run, repeated under other pruners, data seeds and networks
with losses that differ; there are no masks and no weights. Prints CPU seconds and peak memory.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import small_run

from harness import api, files, open_run, report
from harness.results.run_folder import open_pooled

PRUNERS, BLOCKS = 10, 20
SMALL = small_run.PLUGINS / "small_tasks.py"
SAME = ("trial", "pruner", "data_seed")


def made_of(sample: Path, folder: Path, trials: int) -> Path:
    """Write a run of so many trials, each with the tables of the first trial of a sample."""
    index = files.read_json(sample / "run.json")
    first = index["trials"][0]
    state = files.read_json(sample / "trials" / first["trial"] / "trial.json")
    names = [name for name in state["files"] if name.endswith(".parquet")]
    names += [metric["file"] for metric in state["metrics"].values()]
    tables = {name: files.read_arrow(sample / "trials" / first["trial"] / name) for name in names}
    entries = list(_entries(first, trials))
    for number, entry in enumerate(entries):
        _write(folder / "trials" / entry["trial"], entry, state, tables, number)
    networks = BLOCKS * first["networks"]
    index["experiment"] |= {"networks": networks, "data_seeds": [*range(trials)]}
    files.write_json(folder / "run.json", {**index, "trials": entries})
    files.write(folder / "provenance.json", (sample / "provenance.json").read_bytes())
    return folder


def _entries(first: dict[str, Any], trials: int) -> Iterator[dict[str, Any]]:
    for number in range(trials):
        block, pruner = number % BLOCKS, number // BLOCKS % PRUNERS
        yield {
            **first,
            "trial": f"{number:016x}",
            "pruner": f"pruner-{pruner}",
            "data_seed": number // (BLOCKS * PRUNERS),
            "first_network": block * first["networks"],
        }


def _write(
    folder: Path, entry: dict[str, Any], state: dict[str, Any], tables: dict[str, Any], number: int
) -> None:
    chance = np.random.default_rng(number)
    folder.mkdir(parents=True)
    checksums = {}
    for name, table in tables.items():
        changed = {column: [entry[column]] * len(table) for column in SAME}
        if "network" in table.column_names:
            changed["network"] = pc.add(table["network"], entry["first_network"])
        if "validation_loss" in table.column_names:
            factors = chance.uniform(0.8, 1.2, len(table))
            changed["validation_loss"] = pc.multiply(table["validation_loss"], factors)
        for column, values in changed.items():
            place = table.column_names.index(column)
            table = table.set_column(place, column, [values])
        pq.write_table(table, folder / name)
        checksums[name] = files.digest(folder / name)
    measured = {
        key: {**metric, "checksum": checksums.pop(metric["file"])}
        for key, metric in state["metrics"].items()
    }
    record = {**state, "files": checksums, "metrics": measured}
    (folder / "trial.json").write_text(json.dumps(record))


def measured(what: str, action: Any) -> Any:
    """Carry out an action and print the time and memory it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = action()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    spent = f"{time.process_time() - cpu:7.2f} CPU-s {time.perf_counter() - wall:7.2f} s"
    print(f"{what:40} {spent}, peak {peak:.2f} GB", flush=True)
    return answer


def stress(scratch: Path, trials: int, *, page: bool = True) -> None:
    """Make the folder, then open, read and report it, before and after it is pooled."""
    sample = scratch / "sample"
    api.run("tiny", "random", metric=["performance", "motifs"], networks=2, block_width=2,
            out=sample, schedule="tiny", plugins=[SMALL])  # fmt: skip
    run = measured("make", lambda: made_of(sample, scratch / "run", trials))
    measured("pool", lambda: open_pooled(run))
    opened = measured("open_run", lambda: open_run(run))
    measured("trials", opened.trials)
    for name in opened.tables():
        table = measured(f"table {name}", lambda name=name: opened.table(name))
        assert isinstance(table, pd.DataFrame)
        assert len(table) >= trials
    where = {"pruner": ["pruner-3"], "level": [0]}
    measured("one column of a tenth", lambda: open_run(run).table("levels", ["steps"], where))
    if page:
        measured("report", lambda: report.build([open_run(run)], scratch / "report"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as place:
        stress(Path(place), parser.parse_args().trials)
