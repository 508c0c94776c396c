"""Runs in other forms: archives, the Hub, PyTorch; and one run of parts computed apart."""

import json
import shutil
import sys
import types
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from harness import api, cli, network_files, open_run
from harness.execution.scheduler import Execution

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(run):
    def make(folder, **fields):
        run(folder, **{"networks": 2, **fields})
        return open_run(folder)

    return make


@pytest.fixture(scope="module")
def whole(made, tmp_path_factory):
    return made(tmp_path_factory.mktemp("whole") / "run", data_seeds=[0, 1])


def command(*words):
    with pytest.raises(SystemExit) as end:
        cli.main([*map(str, words)])
    return end.value.code or 0


def test_a_crate_describes_all_its_files_and_opens_as_a_run(whole, tmp_path):
    asked = "ro-crate[license=https://spdx.org/licenses/CC0-1.0, author=A]"
    assert command("export", whole.path, "--as", asked, "--out", tmp_path / "run.zip") == 0
    with ZipFile(tmp_path / "run.zip") as archive:
        archive.extractall(tmp_path / "crate")
        names = set(archive.namelist()) - {"ro-crate-metadata.json"}
    graph = json.loads((tmp_path / "crate" / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {one["@id"]: one for one in graph}
    assert len(entities) == len(graph)
    described = entities["ro-crate-metadata.json"]
    assert described["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities[described["about"]["@id"]]
    assert {part["@id"] for part in root["hasPart"]} == names
    assert {"name", "description", "datePublished", "license"} <= set(root)
    assert not any(name.startswith(".") for name in names)
    again = open_run(tmp_path / "crate")
    pd.testing.assert_frame_equal(again.table("levels"), whole.table("levels"))
    assert command("export", whole.path, "--as", asked, "--out", tmp_path / "run.zip") == 2


def test_state_dicts_hold_weights_and_masks_and_are_read_back(whole, tmp_path):
    assert command("export", whole.path, "--as", "state-dict", "--out", tmp_path / "out") == 0
    table = pd.read_csv(tmp_path / "out" / "networks.csv")
    trial = whole.trials()["trial"].iloc[0]
    rows = table[(table["trial"] == trial) & (table["network"] == 1) & (table["level"] == 3)]
    weights, masks = (load_file(tmp_path / "out" / name) for name in sorted(rows["file"])[::-1])
    for name, mask in whole.masks(trial, 3).items():
        np.testing.assert_array_equal(masks[name] != 0, mask[1])
        assert weights[name].shape == mask[1].shape
        assert not weights[name][masks[name] == 0].any()
    for name, leaf in whole.weights(trial, 3).items():
        np.testing.assert_array_equal(weights[name], leaf[1])
    named = {f"{name}.weight": mask for name, mask in masks.items() if mask.ndim == 2}
    wiring = network_files.from_state_dict(named)
    for wires, mask in zip(wiring.graph.adjacency, named.values(), strict=True):
        np.testing.assert_array_equal(np.asarray(wires)[0], mask.T != 0)


def test_the_hub_gets_a_card_tables_and_networks(whole, tmp_path):
    asked = "huggingface[license=mit]"
    assert command("export", whole.path, "--as", asked, "--out", tmp_path / "hub") == 0
    card = (tmp_path / "hub" / "README.md").read_text()
    front = card.split("---")[1]
    assert "license: mit" in front
    assert "data_files: tables/levels.parquet" in front
    assert "| magnitude | tiny | 4 |" in card
    read = pd.read_parquet(tmp_path / "hub" / "tables" / "levels.parquet")
    assert len(read) == len(whole.table("levels"))
    files = pd.read_csv(tmp_path / "hub" / "networks.csv")["file"]
    assert len(files) == 8, "weights and masks of the last level of four networks"
    assert all((tmp_path / "hub" / name).is_file() for name in files)


def test_parts_computed_apart_are_one_run(whole, made, offered, tmp_path):
    one = made(tmp_path / "one", data_seeds=[0])
    other = made(tmp_path / "other", data_seeds=[1], metrics=["edges", "edges[times=2]"])
    out = tmp_path / "out"
    assert command("merge", one.path, other.path, "--out", out) == 0
    merged = open_run(out)
    pd.testing.assert_frame_equal(merged.table("levels"), whole.table("levels"))
    assert merged.experiment["data_seeds"] == [0, 1]
    assert set(merged.measurements()["status"]) == {"done", "pending"}
    measures = api.of_run(out, ["edges[times=2]"], offered)
    outcome = Execution(measures, out, train=False).run()
    assert (outcome.measured, outcome.already_measured, outcome.failures) == (1, 1, [])
    assert set(open_run(out).measurements()["status"]) == {"done"}


def test_parts_that_disagree_are_named(whole, tmp_path, capsys):
    def refused(*parts):
        assert command("merge", *parts, "--out", tmp_path / "out") == 2
        assert not (tmp_path / "out").exists()
        return " ".join(capsys.readouterr().err.split())

    shutil.copytree(whole.path, tmp_path / "copy")
    (trial, _) = whole.trials()["trial"]
    assert command("merge", whole.path, tmp_path / "copy", "--out", tmp_path / "same") == 0
    record = tmp_path / "copy" / "trials" / trial / "trial.json"
    state = json.loads(record.read_text())
    level = record.with_name("level-03.safetensors")
    shutil.copyfile(record.with_name("level-02.safetensors"), level)
    state["files"][level.name] = state["files"]["level-02.safetensors"]
    record.write_text(json.dumps(state))
    assert f"trial {trial} has another level-03.safetensors" in refused(
        whole.path, tmp_path / "copy"
    )
    index = json.loads((whole.path / "run.json").read_text())
    asked = index["experiment"]
    for name, changes, told in (
        ("seed", {"seed": 1}, "of another experiment: seed differ"),
        ("both", {"pruners": [{"name": "random"}], "data_seeds": [2]}, "pruners and data_seeds"),
    ):
        (tmp_path / name).mkdir()
        other = {**index, "experiment": {**asked, **changes}}
        (tmp_path / name / "run.json").write_text(json.dumps(other))
        assert told in refused(whole.path, tmp_path / name)


def test_losses_are_sent_to_a_tracker(whole, monkeypatch):
    calls = []
    stand_in = types.ModuleType("mlflow")
    for name in ("set_experiment", "start_run", "end_run", "log_params", "log_metrics", "set_tag"):
        setattr(stand_in, name, lambda *given, name=name, **more: calls.append((name, given, more)))
    monkeypatch.setitem(sys.modules, "mlflow", stand_in)
    from harness.plugin import loading, observer

    registry = loading.load([ROOT / "examples" / "track_with_mlflow.py"])
    tracker = registry.find("observer", "mlflow").factory()
    trial, notes = {"trial": "0123", "pruner": "magnitude"}, []
    losses = {"train_loss": np.array([1.0, 3.0]), "validation_loss": np.array([2.0, 4.0])}
    with observer.observed_by([tracker], whole.path, notes.append):
        observer.tell("start", trial)
        observer.tell("level", trial, level=1, density=0.5, networks=(0, 1), **losses)
        observer.tell("measured", trial, metric="performance", table=pd.DataFrame({"a": [1]}))
        observer.tell("failed", trial, error="it broke")
    assert not notes
    assert [name for name, *_ in calls] == [
        *("end_run", "set_experiment", "start_run", "log_params", "log_metrics", "set_tag"),
        *("set_tag", "end_run"),
    ]
    assert calls[4][1:] == (
        ({"train_loss": 2.0, "validation_loss": 3.0, "density": 0.5},),
        {"step": 1},
    )
