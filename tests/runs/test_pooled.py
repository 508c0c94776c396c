"""Large runs open from a pool: the same tables, fresh for what changed, read by column and row."""

import json

import many_records
import pandas as pd
import pytest

from harness import UserError, files, open_run
from harness.results import pooled
from harness.results.run_folder import Run, open_pooled

TRIALS = 100


@pytest.fixture
def many(finished, tmp_path):
    return many_records.made_of(finished, tmp_path / "many", TRIALS)


def tables(run):
    return {name: run.table(name) for name in run.tables()}


def test_a_pool_holds_what_the_trials_hold(many, monkeypatch):
    before, trials = tables(open_run(many)), open_run(many).trials()
    assert len(before["levels"]) == 8 * TRIALS
    open_pooled(many)
    monkeypatch.setattr(files, "intact", lambda path, checksum: path.parent.name == "pooled")
    monkeypatch.setattr(pooled, "APART", ("training",))
    opened = open_run(many)
    pd.testing.assert_frame_equal(opened.trials(), trials, check_exact=True)
    read = []
    monkeypatch.setattr(files, "read_arrow", lambda path, *_: read.append(path))
    for name in set(before) - {"training"}:
        pd.testing.assert_frame_equal(opened.table(name), before[name], check_exact=True)
    assert not read, "nothing was read from the trials' folders"


def test_what_changed_since_is_read_from_its_own_folder(many):
    open_pooled(many)
    before = open_run(many).table("levels")
    first, second = open_run(many).trials()["trial"][[0, 1]]
    path = many / "trials" / first / "levels.parquet"
    changed = pd.read_parquet(path).assign(steps=7)
    changed.to_parquet(path, index=False)
    record = json.loads((many / "trials" / first / "trial.json").read_text())
    record["files"]["levels.parquet"] = files.digest(path)
    (many / "trials" / first / "trial.json").write_text(json.dumps(record))
    after = open_run(many).table("levels")
    own = after["trial"] == first
    assert (after["steps"][own] == 7).all()
    pd.testing.assert_frame_equal(after[~own], before[~own], check_exact=True)
    (many / "trials" / second / "levels.parquet").write_bytes(b"damaged")
    assert open_run(many).trials()["status"].tolist() == ["done", "damaged", *["done"] * 98]
    assert second not in set(open_run(many).table("levels")["trial"])
    open_pooled(many)
    assert open_run(many).trials()["status"].value_counts().to_dict() == {"done": 99, "damaged": 1}


def test_a_damaged_pool_is_not_used(many):
    before = open_pooled(many).table("levels")
    for name in ("levels.parquet", "records.parquet", "index.json"):
        (many / "pooled" / name).write_bytes(b"nonsense")
        pd.testing.assert_frame_equal(open_run(many).table("levels"), before)


def test_tables_are_read_by_column_and_row(many, monkeypatch):
    whole = open_run(many).table("levels")
    where = {"pruner": ["pruner-3"], "level": [0, 2]}
    kept = whole[(whole["pruner"] == "pruner-3") & whole["level"].isin([0, 2])]
    expected = kept[["network", "steps"]].reset_index(drop=True)
    for make in (open_run, open_pooled):
        read = make(many).table("levels", ["network", "steps"], where)
        pd.testing.assert_frame_equal(read, expected, check_exact=True)
    assert open_run(many).table("levels", ["steps"], {"pruner": ["none"]}).empty


def test_a_table_of_another_shape_is_named(many):
    trial = open_run(many).trials()["trial"].iloc[0]
    path = many / "trials" / trial / "levels.parquet"
    pd.DataFrame({"trial": [trial]}).to_parquet(path)
    record = json.loads((many / "trials" / trial / "trial.json").read_text())
    record["files"]["levels.parquet"] = files.digest(path)
    (many / "trials" / trial / "trial.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"levels\.parquet' is no table 'levels': it lacks data_"):
        Run(many).table("levels")
    path.write_bytes(b"PAR1 nonsense PAR1")
    record["files"]["levels.parquet"] = files.digest(path)
    (many / "trials" / trial / "trial.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"levels\.parquet' is no table"):
        Run(many).table("levels")


def test_trials_of_other_types_are_pooled_together(many):
    trial = open_run(many).trials()["trial"].iloc[-1]
    path = many / "trials" / trial / "levels.parquet"
    pd.read_parquet(path).assign(steps=0.5, more="text").to_parquet(path, index=False)
    record = json.loads((many / "trials" / trial / "trial.json").read_text())
    record["files"]["levels.parquet"] = files.digest(path)
    (many / "trials" / trial / "trial.json").write_text(json.dumps(record))
    before = open_run(many).table("levels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooled, "_AT_ONCE", 50)
        open_run(many).pool()
    pool = pooled.Pool(many)
    assert pool.has("levels")
    after = open_run(many).table("levels")
    pd.testing.assert_frame_equal(after.drop(columns="more"), before.drop(columns="more"))
    assert after["more"].dropna().tolist() == before["more"].dropna().tolist() == ["text"] * 8
