"""The last lines that a run prints: short tables, the answer, and where the report is."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness import api, cli, open_run, report
from harness.cli import outcome as closing
from harness.cli import terminal
from harness.execution.outcome import Outcome
from harness.results import answer, notebook

PLUGINS = Path(__file__).parent / "plugins"
TINY = (
    *("--plugin", str(PLUGINS / "small_tasks.py"), "--task", "tiny[rows=40]"),
    *("--schedule", "tiny[steps=2]", "--metric", "performance", "--pruner", "magnitude"),
    *("--networks", "2"),
)


def harness(*arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    assert not end.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a small run. To be copied, not changed."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    harness("run", *TINY, "--quiet", "--out", folder)
    return folder


@pytest.fixture
def finished(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")  # with times as they were
    return tmp_path / "run"


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setattr(terminal.console, "_width", 200)


def test_the_answer_stands_last_before_the_report(finished, capsys, wide):
    known = answer.read(answer.page_of(finished))
    known.model_copy(update={"verdict": "It [bold]is[/] so."}).write(answer.page_of(finished))
    harness("run", *TINY, "--out", finished)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[-1] == f"Report: {answer.page_of(finished)}"
    assert known.findings
    assert len(known.findings) <= 3
    assert lines[-2 - len(known.findings)] == "It [bold]is[/] so."
    for line, (claim, detail) in zip(
        lines[-1 - len(known.findings) : -1], known.findings, strict=True
    ):
        assert line == f"• {claim} {detail}".strip()


@pytest.mark.slow
@pytest.mark.parametrize("damage", [None, "page", "answer", "index", "trial", "code", "metric"])
def test_a_report_is_written_again_only_if_something_differs(finished, monkeypatch, damage):
    page, (trial,) = answer.page_of(finished), list(finished.glob("trials/*/trial.json"))[:1]
    (folder,) = {path.parent for path in [trial]}
    built = []
    monkeypatch.setattr(report, "build", lambda runs, out, metrics: built.append(out))
    arguments = [*TINY]
    if damage == "page":
        page.unlink()
    elif damage == "answer":
        (page.parent / answer.FILE).write_text("{}")
    elif damage == "index":
        (finished / "run.json").write_text((finished / "run.json").read_text() + "\n")
        arguments[-1] = "1"  # fewer networks shown
    elif damage == "trial":
        os.utime(folder / "levels.parquet", (1, 1))
    elif damage == "code":
        monkeypatch.setattr(api, "_code_of_report", lambda plan: [Path(__file__)])
    elif damage == "metric":
        arguments += ["--metric", "performance"]
    if damage == "metric":
        harness("measure", finished, *TINY[:2], "--metric", "motifs[orders=[2]]", "--quiet")
    else:
        harness("run", *arguments, "--quiet", "--out", finished)
    assert built == ([] if damage is None else [finished / "report"])


def test_a_long_table_is_cut_and_says_so(capsys, wide):
    names = [f"pruner{number:02}" for number in range(20)]
    rows = [(name, density, 0.5) for name in names for density in (1.0, 0.5, 0.07)]
    levels = pd.DataFrame(rows, columns=["pruner", "density", "validation_loss"])
    levels = levels.assign(level=levels["density"].rank(), diverged=False)
    terminal.console.print(closing._loss_table(levels))
    out = capsys.readouterr().out
    assert out.count("pruner") == 15 + 1  # and the heading
    assert out.count("93\u00a0%") == 15
    assert "5 more rows: see the report" in out
    few = levels[levels["pruner"].isin(names[:3])]
    terminal.console.print(closing._loss_table(few))
    assert capsys.readouterr().out.count("pruner") == 9 + 1


def test_each_condition_keeps_its_first_rows(capsys, wide):
    class Many:
        name = "many"

        def headline(self, table):
            return report.Headline("Many", ("motif", "z"), [(f"m{n}", "1") for n in range(13)])

    measured = pd.DataFrame({"pruner": ["a", "b", "c"]})
    closing._show_headlines(Many(), measured)
    out = capsys.readouterr().out
    assert [out.count(f" m{n} ") for n in range(13)] == [3] * 5 + [0] * 8
    assert "24 more rows" in out


def test_warnings_are_one_sentence_each_once_and_few(capsys, monkeypatch):
    monkeypatch.setattr(terminal.errors, "_width", 200)
    notes = ["Short of it. A paragraph. More.", "One sentence; so."] * 2
    closing.show_notes(Outcome(notes=notes + [f"number {n}" for n in range(10)]))
    assert capsys.readouterr().err.splitlines() == [
        "warning: Short of it. (More in the report and in run.log.)",
        "warning: One sentence; so.",
        *(f"warning: number {n}" for n in range(3)),
        "warning: 7 more warnings are in run.log.",
    ]


def test_a_notebook_shows_the_answer_escaped(finished):
    page = answer.page_of(finished)
    known = answer.read(page)
    evil = [("<i>claim</i>", "<script>x</script>")]
    known.model_copy(update={"title": "<b>T</b>", "findings": evil}).write(page)
    shown = open_run(finished)._repr_html_()
    assert "<b>&lt;b&gt;T&lt;/b&gt;</b>" in shown
    assert "<li>&lt;i&gt;claim&lt;/i&gt; &lt;script&gt;x&lt;/script&gt;</li>" in shown
    assert known.verdict in shown
    assert "<td>magnitude" in shown
    assert "<td>1 of 1</td><td>2</td>" in shown
    trials = open_run(finished).trials()
    assert "<td>1 of 1</td><td>1</td>" in notebook.html_of(finished, trials, 1)
    assert page.resolve().as_uri() in shown
    page.unlink()
    shown = open_run(finished)._repr_html_()
    assert "<b>run</b>" in shown
    assert "href" not in shown


def test_a_notebook_lists_few_conditions():
    trials = pd.DataFrame({"pruner": [f"<{n}>" for n in range(20)], "status": "pending"})
    trials = trials.assign(networks=2, first_network=0)
    shown = notebook.html_of(Path("nowhere"), trials, 2)
    assert shown.count("<tr>") == 16
    assert "5 more conditions" in shown
    assert "&lt;14&gt;" in shown
    assert "No trials" in notebook.html_of(Path("nowhere"), trials.iloc[:0], 2)
