"""`harness export`: a run in another format, by an exporter that a plugin brings."""

import pandas as pd
import pytest

import harness
from harness import cli

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
