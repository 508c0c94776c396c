"""The paper in docs/paper: filled from committed tables, current, and four to six pages long."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
PAPER, REPORTS = ROOT / "docs" / "paper", ROOT / "reports"
TEXT = (PAPER / "paper.md.jinja").read_text("utf-8")
CHROMIUM = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
PROTOCOL = {"0.05", "0.5", "92.2", "0.3"}
"""Numbers with a decimal point that the text may hold: initial weights, the level, the jitter."""
pytest.importorskip("latex2mathml", reason="the paper needs the extra docs")


def build(out, *options):
    command = [sys.executable, str(PAPER / "build.py"), "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def text_of(out):
    """The words of the page: without style, charts and tags, on one line."""
    page = (out / "paper.html").read_text("utf-8")
    page = re.sub(r"<(style|svg|math)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("paper")
    ran = build(out, "--html-only")
    assert ran.returncode == 0, ran.stderr
    return out


@pytest.fixture
def copied(tmp_path):
    """A copy of what the paper may read of the reports."""
    for file in REPORTS.glob("*/**/*"):
        if file.suffix == ".csv" or file.name in ("answer.json", "DESIGN.md"):
            target = tmp_path / "reports" / file.relative_to(REPORTS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return tmp_path / "reports"


@pytest.fixture
def modules(monkeypatch):
    monkeypatch.syspath_prepend(str(PAPER))
    import _answers
    import _facts
    import _tables

    return _tables, _facts, _answers


def test_nothing_is_left_to_fill_in(built):
    text = text_of(built)
    assert re.findall(r"\{\{|\}\}|\{%|\bnan\b|\binf\b|None|\x02|\$|`", text) == []
    assert (built / "paper.html").read_text("utf-8").count("<svg") == 3


def test_the_abstract_has_at_most_150_words(built):
    page = (built / "paper.html").read_text("utf-8")
    (abstract,) = re.findall(r'<div class="abstract">(.*?)</div>', page, re.DOTALL)
    assert 100 < len(re.sub(r"<[^>]+>", "", abstract).split()) <= 150


def test_every_number_is_read_and_every_one_that_is_read_is_used(modules):
    tables, facts, _ = modules
    reports = tables.Reports(REPORTS)
    known = facts.facts(reports, ROOT / "benchmarks" / "RESULTS.md")
    unused = [
        f"{group}.{name}"
        for group, numbers in known.items()
        for name in numbers
        if f"{group}.{name}" not in TEXT
    ]
    assert unused == []
    assert len(reports.read) > 15
    assert [name for name in reports.read if not (REPORTS / name).is_file()] == []


def test_no_figure_is_typed_by_hand():
    text = TEXT.split('<ol class="references">')[0]
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\$.*?\$", "", text, flags=re.DOTALL)
    assert {*re.findall(r"\d+\.\d+", text)} <= PROTOCOL


@pytest.mark.slow
def test_the_paper_follows_the_tables(copied, tmp_path):
    file = copied / "training" / "tables" / "comparisons.csv"
    table = pd.read_csv(file)
    primary = (table["family"] == "primary") & (table["outcome"] == "strength")
    table.loc[primary, "value"] = 6.0  # log2 of 64 times
    table.to_csv(file, index=False)
    shutil.rmtree(copied / "brains")
    ran = build(tmp_path, "--html-only", "--reports", str(copied))
    assert ran.returncode == 0, ran.stderr
    text = text_of(tmp_path)
    assert "Without weight decay it is 64 times as large" in text
    assert "Q8Are brains wired like pruned networks?No report yet." in text


@pytest.mark.slow
def test_a_table_that_is_not_there_is_named(copied, tmp_path):
    (copied / "training" / "tables" / "comparisons.csv").unlink()
    ran = build(tmp_path, "--html-only", "--reports", str(copied))
    assert ran.returncode == 2
    assert "reports/training/tables/comparisons.csv" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_question_has_its_reports_answer(built, modules):
    tables, _, answers = modules
    text = text_of(built)
    for one in answers.answers(tables.Reports(REPORTS)):
        verdict = (one["verdict"] or "No report yet.").replace("`", "")
        words = re.sub(r"(?<=\d) %", "\u202f%", verdict).replace("n = ", "n\u00a0=\u00a0")
        assert " ".join(words.split()) in text, one["number"]


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here to print with")
def test_it_has_four_to_six_pages(tmp_path):
    ran = build(tmp_path)
    assert ran.returncode == 0, ran.stderr
    pdf = (tmp_path / "paper.pdf").read_bytes()
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 6


def test_the_committed_pdf_is_current_and_small(built):
    pdf = (PAPER / "paper.pdf").read_bytes()
    assert len(pdf) < 1_000_000
    (digest,) = re.findall(r"\(tables (\w+)\)</title>", (built / "paper.html").read_text("utf-8"))
    title = f"tables {digest}"
    there = title.encode() in pdf or title.encode("utf-16-be") in pdf
    assert there, "the tables or the text changed: run python docs/paper/build.py --out docs/paper"
