"""`harness export`: a run in another format, by an exporter that a plugin brings."""

import json
import shutil

import pandas as pd
import pytest

import harness
from harness import cli
from harness.results.thinned import ThinnedRun

NULL = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness import AbstractNull, LayeredGraph, hookimpl, motifs


@dataclass(frozen=True)
class Itself(AbstractNull):
    """Nothing random: every draw is the network."""

    name: ClassVar[str] = "itself"

    def of(self, trajectory, level, view):
        graph = trajectory.graph(level, view)

        def draw(network, number, seed):
            own = (np.asarray(wires)[network] for wires in graph.adjacency)
            return LayeredGraph(tuple(np.repeat(wires[None], number, 0) for wires in own))

        return motifs.OwnNull(self.name, draw)


@hookimpl
def register_nulls():
    return [Itself]
'''


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    (folder / "itself.py").write_text(NULL)
    return harness.run(
        "digits", "magnitude", schedule="oneshot[steps=20]", networks=1, out=folder / "run",
        metric=["performance", "sampled[null=itself, draws=3]"], plugins=[folder / "itself.py"],
    )  # fmt: skip


def command(*words):
    with pytest.raises(SystemExit) as end:
        cli.main(["export", *map(str, words)])
    return end.value.code or 0


def test_csv_files_hold_the_tables_of_a_run(run, tmp_path):
    assert command(run.path, "--as", "csv-tables", "--out", tmp_path / "csv") == 0
    for name in run.tables():
        read = pd.read_csv(tmp_path / "csv" / f"{name}.csv")
        table = run.table(name)
        assert list(read) == list(table)
        assert len(read) == len(table)
    columns = pd.read_csv(tmp_path / "csv" / "columns.csv")
    assert set(columns["table"]) == set(run.tables())


def test_kept_tables_are_read_as_the_run(run, tmp_path):
    assert command(run.path, "--as", "kept-tables", "--out", tmp_path / "kept") == 0
    kept = ThinnedRun(tmp_path / "kept")
    assert kept.tables() == sorted(run.tables())
    assert "--out" not in kept.provenance["command"], "a path of this machine"
    assert kept.provenance["versions"] == run.provenance["versions"]
    assert kept.trials()["version"].tolist() == run.trials()["version"].tolist()
    for name in run.tables():
        table, again = run.table(name), kept.table(name)
        if "base_layer" in table:
            table = table[table["base_layer"] == -1].reset_index(drop=True)
        assert set(again) >= set(table), name
        pd.testing.assert_frame_equal(
            again[list(table)], table, check_dtype=False, check_categorical=False, rtol=1e-6
        )
    assert "task" not in (tmp_path / "kept" / "levels.parquet").read_bytes().decode("latin1")


def test_kept_tables_say_nowhere_where_they_were_made(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    made = {**run.provenance, "earlier": [{"command": "script.py /home/me/x --out secret --quiet"}]}
    (copy / "provenance.json").write_text(json.dumps(made), encoding="utf-8")
    assert command(copy, "--as", "kept-tables", "--out", tmp_path / "kept") == 0
    (earlier,) = ThinnedRun(tmp_path / "kept").provenance["earlier"]
    assert earlier["command"] == "script.py PATH --quiet"


def test_some_tables_may_be_kept(run, tmp_path, capsys):
    asked = 'kept-tables[tables=["levels", "timings"]]'
    assert command(run.path, "--as", asked, "--out", tmp_path / "kept") == 0
    kept = ThinnedRun(tmp_path / "kept")
    assert kept.tables() == ["levels", "timings"]
    seconds = [table["seconds"].sum() for table in (kept.table("timings"), run.table("timings"))]
    assert seconds[0] == pytest.approx(seconds[1], rel=1e-6)
    assert command(run.path, "--as", 'kept-tables[tables=["level"]]', "--out", tmp_path / "no") == 2
    assert "Did you mean 'levels'" in " ".join(capsys.readouterr().err.split())


def test_pictures_are_those_of_the_report(run, tmp_path):
    assert command(run.path, "--as", "pictures[scale=1]", "--out", tmp_path / "png") == 0
    charts = {path.stem for path in (run.path / "report" / "charts").glob("*.svg")}
    pictures = {path.stem: path.read_bytes() for path in (tmp_path / "png").iterdir()}
    assert pictures.keys() == charts != set()
    assert all(one.startswith(b"\x89PNG") for one in pictures.values())
    (run.path / "report").rename(run.path / "elsewhere")
    assert command(run.path, "--as", "pictures", "--out", tmp_path / "none") == 0
    (run.path / "elsewhere").rename(run.path / "report")
    assert "Write it: harness report" in (tmp_path / "none" / "README.txt").read_text("utf-8")


def test_nothing_is_overwritten(run, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert command(run.path, "--as", "csv-tables", "--out", tmp_path) == 2
    assert "is not an empty folder" in " ".join(capsys.readouterr().err.split())
    assert command(run.path, "--as", "xls", "--out", tmp_path / "new") == 2
    assert not (tmp_path / "new").exists()


def test_a_null_of_a_plugin_is_chosen_by_its_name(run):
    table = run.table("sampled")
    assert set(table["null"]) == {"itself"}
    # A draw that is the network itself has the network's counts.
    assert (table["count"] == table["expected"]).all()
