"""`harness study NAME --verify`: a committed report follows from the tables beside it."""

import shutil
from pathlib import Path

import pytest

from harness import cli

REPORTS = Path(__file__).parents[2] / "reports"
KEPT = [path.parent for path in sorted(REPORTS.glob("*/runs"))]
NO_STUDY = "fidelity"  # its page is of two runs
NAMES = [one.name for one in KEPT if one.name != NO_STUDY and (one / "answer.json").exists()]


def verify(name, folder):
    with pytest.raises(SystemExit) as end:
        cli.main(["study", name, "--verify", "--out", str(folder)])
    return end.value.code or 0


def test_every_folder_with_tables_of_runs_is_checked():
    assert {folder.name for folder in KEPT} - {*NAMES} == {NO_STUDY}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_committed_report_follows_from_its_tables(name, capsys):
    assert verify(name, REPORTS / name) == 0, capsys.readouterr().err
    assert "follow from" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["answer.json", "tables/comparisons.csv"])
def test_what_does_not_follow_is_named(tmp_path, capsys, changed):
    kept = tmp_path / "kept"
    shutil.copytree(REPORTS / "training", kept)
    text = (kept / changed).read_text(encoding="utf-8")
    (kept / changed).write_text(text.replace("0.0005", "0.0004").replace("21 times", "22 times"))
    assert verify("training", kept) == 2
    message = capsys.readouterr().err
    assert changed in message
    assert "harness rebuild training" in message


def test_a_folder_without_a_report_is_said(tmp_path, capsys):
    assert verify("training", tmp_path / "none") == 2
    assert "holds no report of study 'training'" in capsys.readouterr().err
