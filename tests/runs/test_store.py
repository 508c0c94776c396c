"""Run folders read back: tables, masks, their dictionary; and nothing that runs code."""

import ast
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness import UserError, open_run
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.results import snapshot
from harness.results.records import trial_folder
from harness.results.snapshot import level_path

ASKED = {
    "tasks": ["tiny"],
    "pruners": ["magnitude"],
    "schedules": ["tiny"],
    "metrics": ["performance", 'motifs[orders=[2], supports=["all"]]'],
    "networks": 3,
    "block_width": 2,
}


@pytest.fixture(scope="module")
def folder(registry, tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    outcome = Execution(plan(checked(ASKED, source="test"), registry), path).run()
    assert outcome.failures == []
    return path


@pytest.fixture(scope="module")
def run(folder):
    return open_run(folder)


def test_every_table_has_exactly_the_columns_of_the_dictionary(run):
    assert run.tables() == ["levels", "memory", "motifs", "performance", "timings", "training"]
    for name in run.tables():
        table = run.table(name)
        assert len(table) > 0
        assert set(table.columns) == set(run.columns[name]), name
        assert len(set(table.columns)) == len(table.columns)
        assert all(meaning for meaning in run.columns[name].values())


def test_tables_hold_the_networks_asked_for_and_no_more(run):
    # Two blocks of two were trained; the fourth network was not asked for.
    for name in ("levels", "training", "performance", "motifs"):
        table = run.table(name)
        assert sorted(set(table["network"])) == [0, 1, 2]
        assert table.index.tolist() == list(range(len(table)))
        assert table.groupby("network").ngroups == 3
    assert len(run.table("levels")) == 4 * 3


def test_conditions_stand_in_every_row(run):
    for name in run.tables():
        table = run.table(name)
        for column, value in {
            "task": "tiny",
            "pruner": "magnitude",
            "schedule": "tiny",
            "data_seed": 0,
        }.items():
            assert set(table[column]) == {value}
        assert set(table["trial"]) == set(run.trials()["trial"])
    densities = run.table("performance").groupby("level")["density"].unique()
    assert [values.tolist() for values in densities] == [[1.0], [0.6], [0.3], [0.125]]


def test_density_measured_is_density_asked_for(run):
    table = run.table("performance")
    rows = table[table["measure"] == "density"]
    for density, values in rows.groupby("density")["value"]:
        np.testing.assert_allclose(values, round(96 * density) / 96, rtol=1e-12)


def test_masks_round_trip(run, folder):
    for trial in run.trials()["trial"]:
        for level, kept in enumerate((96, 58, 29, 12)):
            masks = run.masks(trial, level)
            assert {name: mask.shape for name, mask in masks.items()} == {
                "first": (2, 12, 5),
                "second": (2, 3, 12),
            }
            assert all(mask.dtype == bool for mask in masks.values())
            total = sum(mask.sum(axis=(1, 2)) for mask in masks.values())
            assert total.tolist() == [kept, kept]
            path = level_path(trial_folder(folder, trial), level)
            for name, mask in snapshot.load(path).masks.items():
                np.testing.assert_array_equal(masks[name], mask)


def test_trials_and_measurements_say_what_became_of_them(run):
    trials = run.trials()
    assert trials["status"].tolist() == ["done", "done"]
    assert trials["first_network"].tolist() == [0, 2]
    assert trials["networks"].tolist() == [2, 2]
    assert trials["reason"].tolist() == ["", ""]
    assert trials["when"].tolist() == ["level", "level"], "the moments at which magnitude acts"
    told = run.measurements()
    assert len(told) == 4
    assert (told["status"] == "done").all()
    assert set(told["metric"]) == set(run.table("performance")["metric"]) | set(
        run.table("motifs")["metric"]
    )


def test_the_experiment_is_complete_and_can_be_run_again(run, folder, registry):
    import tomllib

    written = tomllib.loads((folder / "experiment.toml").read_text())
    again = plan(checked(written, source="test"), registry)
    assert [trial.key for trial in again.trials] == run.trials()["trial"].tolist()
    assert written == run.experiment


def test_a_table_that_the_run_has_not_is_an_error_that_names_those_it_has(run):
    with pytest.raises(UserError, match=r"no table 'losses'.*levels, memory, motifs"):
        run.table("losses")


@pytest.fixture
def copy(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_run_that_is_half_done_is_read_as_far_as_it_goes(copy):
    first, second = (copy / "trials" / key for key in open_run(copy).trials()["trial"])
    shutil.rmtree(second)
    record = json.loads((first / "trial.json").read_text())
    record["metrics"] = {}
    (first / "trial.json").write_text(json.dumps(record))
    half = open_run(copy)
    assert half.trials()["status"].tolist() == ["done", "pending"]
    assert (half.measurements()["status"] == "pending").all()
    assert set(half.table("levels")["network"]) == {0, 1}
    empty = half.table("motifs")
    assert empty.empty
    assert set(empty.columns) == set(half.columns["motifs"])


def test_a_table_that_is_not_as_written_is_named(copy):
    opened = open_run(copy)
    path = copy / "trials" / opened.trials()["trial"][0] / "levels.parquet"
    pd.read_parquet(path).assign(train_loss=0.0).to_parquet(path)
    for damage in (lambda: None, path.unlink):
        damage()
        again = open_run(copy)
        assert again.trials()["status"].tolist() == ["damaged", "done"]
        assert "levels.parquet" in again.trials()["reason"].iloc[0]
        assert set(again.table("levels")["network"]) == {2}


def test_a_measurement_that_is_not_as_written_is_named(copy):
    (path, *_) = sorted(copy.glob("trials/*/metric-motifs-*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    told = open_run(copy).measurements()
    assert sorted(told["status"]) == ["damaged", "done", "done", "done"]
    assert path.name in told.loc[told["status"] == "damaged", "reason"].iloc[0]
    assert len(open_run(copy).table("motifs")["trial"].unique()) == 1


def test_what_is_no_run_folder_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("text")
    for path in (tmp_path, tmp_path / "missing", file, str(tmp_path)):
        with pytest.raises(UserError, match="not a run folder"):
            open_run(path)


NONSENSE = [
    b"",
    b"{",
    b"[]",
    b"1",
    b"null",
    b'"run"',
    b"{}",
    b'{"format": 1}',
    b'{"format": 1, "experiment": {}}',
    b'{"format": 1, "experiment": 3, "columns": 3, "trials": 3, "metrics": 3}',
    b'{"format": 1, "experiment": {}, "columns": {}, "trials": [1], "metrics": []}',
    b"\xff\xfe\x00",
    b"\x80\x04K\x01.",
]


@pytest.mark.parametrize("content", NONSENSE)
def test_a_run_whose_index_is_nonsense_is_refused(copy, content):
    (copy / "run.json").write_bytes(content)
    with pytest.raises(UserError, match="run folder"):
        open_run(copy)


def test_a_run_of_another_format_is_refused_with_both_numbers(copy):
    index = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps({**index, "format": 99}))
    with pytest.raises(UserError, match="has run format 99; this harness reads 1"):
        open_run(copy)


MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "read_pickle", "to_pickle", "unsafe_load"}


def runs_code(node):
    """Whether a piece of source imports what unpickles, or calls what runs code."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
        return any(name.split(".")[0] in MODULES for name in names)
    if not isinstance(node, ast.Call):
        return False
    called = getattr(node.func, "id", "")
    called = node.func.attr if isinstance(node.func, ast.Attribute) else called
    allowed = (
        key.arg == "allow_pickle" and getattr(key.value, "value", True) for key in node.keywords
    )
    return (
        called in CALLS - {"exec", "eval"} or getattr(node.func, "id", "") in CALLS or any(allowed)
    )


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from joblib import load", "eval(x)", "pd.read_pickle(x)",
     "np.load(x, allow_pickle=True)", "np.load(x, allow_pickle=sure)"],
)  # fmt: skip
def test_what_runs_code_is_seen(source):
    assert any(map(runs_code, ast.walk(ast.parse(source))))


def test_no_source_of_ours_can_run_code_that_it_reads():
    root = Path(harness.__file__).parent
    sources = [*root.rglob("*.py"), *(root.parent / "plugins").rglob("*.py")]
    assert len(sources) > 30
    found = [
        f"{path.name}:{node.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if runs_code(node)
    ]
    assert not found, found


def test_every_file_of_a_run_is_of_a_kind_that_holds_data_only(folder):
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds == {".toml", ".json", ".safetensors", ".parquet", ".log"}


def test_levels_hold_the_loss_of_the_best_constant_predictor(run, folder):
    levels = run.table("levels")
    data = harness.testing.TinyTask().data(seed=0)
    mean = data.train.targets.mean(axis=0)
    rows = data.validation.targets
    expected = np.mean([(row - mean) ** 2 for row in rows])
    np.testing.assert_allclose(levels["constant_loss"], expected, rtol=1e-5)
    assert (levels.query("level == 0")["validation_loss"] < expected).all()
