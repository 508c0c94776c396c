"""The files beside the page: right, safe, and no more of them than the page links to."""

import csv
import io
import re
import shutil
import subprocess
import xml.etree.ElementTree

import numpy as np
import pandas as pd
import pytest

from harness import UserError
from harness.report import build, collect
from harness.report.pages import export, latex, rendering
from harness.report.pages.vega import VEGA_LITE, for_file, for_page
from harness.tables import spreadsheets
from harness.tables.parts import Column, Figure, Section, Table

SPECIAL = (
    "\\ { } $ & # ^ _ ~ % < > | \" ' ` [ ] * - -- --- '' \x00\x07\u200b\u202e é ñ ß Å − ∞ · µ 中 🙂"
)


def a_table(texts, **settings):
    frame = pd.DataFrame({"name": texts, "value": np.arange(len(texts)) - 0.5})
    columns = [Column("name", "na_me", "text", note="50 % of it"), Column("value", "x & y")]
    return Table("made", "Values of `a_b`, 10 %.\nMore.", frame, columns, **settings)


def rows_of(tex):
    """The trials of a table's rows, by the column and row marks that are not escaped."""
    inside = tex.split("\\midrule\n")[1].split("\\bottomrule\n\\end")[0]
    return [re.split(r"(?<!\\) & ", line.removesuffix(r" \\")) for line in inside.splitlines()]


def test_latex_shows_what_the_page_shows():
    tex = latex.table(a_table(["one", "two_2", "three"]))
    assert rows_of(tex) == [["one", "$-$0.50"], [r"two\_2", "0.50"], ["three", "1.50"]]
    lines = tex.splitlines()
    assert lines[0] == r"% \usepackage{booktabs}"
    assert lines[1] == r"% \caption{Values of \texttt{a\_b}, 10 \%. More.}"
    assert lines[2] == r"% na\_me: 50 \% of it"
    assert lines[3:6] == [r"\begin{tabular}{lr}", r"\toprule", r"na\_me & x \& y \\"]
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("a\\b{c}", r"a\textbackslash{}b\{c\}"),
        ("$&#_%", r"\$\&\#\_\%"),
        ("^~<>|", r"\textasciicircum{}\textasciitilde{}\textless{}\textgreater{}\textbar{}"),
        ('"', r"{\char34}"),
        ("[1em] *", "{[}1em{]} {*}"),
        ("a\r\n\tb", "a b"),
        ("a\x00\x1b\u202eb", "ab"),
        ("--flag", "-{}-flag"),
        ("−1\u202f000\u00a0%", r"$-$1\,000~\%"),
        ("é中", r"\'{e}\texttt{U+4E2D}"),
        ("\\end{tabular}", r"\textbackslash{}end\{tabular\}"),
    ],
)
def test_latex_signs(text, typeset):
    assert latex.escaped(text) == typeset


def test_latex_is_one_line_of_ascii_for_any_sign():
    for number in [*range(0x3000), 0xFEFF, 0xFFFF, 0xD800, 0x1F642, 0x10FFFF]:
        made = latex.escaped(f"a{chr(number)}b")
        assert made.isascii()
        assert made.isprintable(), number
        assert made.startswith("a")
        assert made.endswith("b")


def test_long_texts_wrap_and_are_cut_in_latex():
    tex = latex.table(a_table(["x" * 5000, "y"]))
    assert r"\begin{tabular}{p{5cm}r}" in tex
    trial = rows_of(tex)[0][0]
    assert trial.count("x") == latex.LONGEST - 1
    assert trial.endswith(r"\ldots{}")
    assert max(map(len, trial.split(r"\hspace{0pt}"))) < 40


def test_long_tables_go_on_on_the_next_page():
    tex = latex.table(a_table([f"row {number}" for number in range(1000)]))
    assert r"\begin{longtable}{lr}" in tex
    assert tex.count("row ") == 1000
    assert r"\begin{longtable}" not in latex.table(a_table(["a"] * 40))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_latex_of_a_hostile_run_compiles(hostile_page, hostile_names, tmp_path):
    tables = sorted((hostile_page.parent / "tables").glob("*.tex"))
    extra = tmp_path / "special.tex"
    extra.write_text(latex.table(a_table([*SPECIAL, SPECIAL, *hostile_names, "", "[x]", "*"])))
    document = [
        r"\documentclass{article}\usepackage{booktabs,longtable}\begin{document}",
        *(rf"\begingroup\tiny\input{{{path}}}\endgroup\clearpage" for path in [*tables, extra]),
        r"\end{document}",
    ]
    (tmp_path / "all.tex").write_text("\n".join(document))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Missing character" not in (tmp_path / "all.log").read_text(errors="replace")


def test_csv_holds_no_formulas():
    texts = ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "plain", "a=1", "", "'q"]
    frame = pd.DataFrame(
        {"=name": texts, "value": -1.5, "kept": pd.Series(texts, dtype="category")}
    )
    head, *rows = csv.reader(io.StringIO(spreadsheets.csv(frame), newline=""))
    assert head == ["'=name", "value", "kept"]
    assert [row[0] for row in rows[:6]] == ["'=1+1", "'+1", "'-1", "'@sum", "'\tx", "'\nx"]
    assert [row[0] for row in rows[6:]] == ["plain", "a=1", "", "'q"]
    assert [row[2] for row in rows] == [row[0] for row in rows]
    assert {row[1] for row in rows} == {"-1.5"}


def test_csv_keeps_undefined_values_and_the_frame():
    frame = pd.DataFrame({"name": ["-a", None], "value": [np.nan, -2.0], "whole": [1, -2]})
    before = frame.copy()
    assert spreadsheets.csv(frame) == "name,value,whole\n'-a,,1\n,-2.0,-2\n"
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", ["", "a/b", "../a", "A", "a.b", "a b", "a\n", "é", "a-b", "١"])
def test_names_of_files_are_our_own_words(name):
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(ValueError, match="a-z0-9_"):
        Table(name, "", frame, [Column("a", "a")])
    with pytest.raises(ValueError, match="a-z0-9_"):
        Figure(name, "", "", "", None, frame)


def test_two_parts_of_one_name_have_the_same_data():
    section = Section("made", "Made", parts=[a_table(["a"]), a_table(["b"])])
    with pytest.raises(ValueError, match="different data"):
        list(export.contents([section], {}))


def test_files_of_the_page(hostile_page):
    out = hostile_page.parent
    source = hostile_page.read_text(encoding="utf-8")
    linked = set(re.findall(r'href="((?:tables|charts)/[^"]*)"', source))
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert found == linked | {"index.html", "answer.json"}
    charts = set(re.findall(r'data-chart="([^"]*)"', source))
    assert {f"charts/{name}.{end}" for name in charts for end in ("svg", "pdf")} <= linked
    assert {f"tables/{name}.csv" for name in charts} <= linked
    for path in (out / "charts").glob("*.pdf"):
        assert path.read_bytes().startswith(b"%PDF-")


def test_pictures_are_xml_without_scripts(hostile_page):
    texts = set()
    for path in (hostile_page.parent / "charts").glob("*.svg"):
        root = xml.etree.ElementTree.fromstring(path.read_bytes())
        for element in root.iter():
            assert element.tag.rpartition("}")[2] in SVG_ELEMENTS, element.tag
            assert not [name for name in element.attrib if name.startswith("on")]
            links = [v for name, v in element.attrib.items() if name.endswith("href")]
            assert all(link.startswith(("#", "data:image/")) for link in links)
            texts.add(element.text)
        assert "var(--" not in path.read_text(encoding="utf-8")
    assert "<script>alert(1)</script>" in " ".join(filter(None, texts))


SVG_ELEMENTS = {
    *("svg", "g", "path", "text", "rect", "line", "defs", "clipPath", "tspan", "image"),
    *("style", "linearGradient", "stop", "title", "circle"),
}


@pytest.mark.slow
def test_charts_in_files_keep_their_legend_and_the_page_has_buttons(fake_run):
    from harness.report.sections import Report, sections_of

    run = fake_run(conditions=(("moth", "a"), ("moth", "b")), networks=2, densities=(1.0, 0.1))
    report = Report(collect([run]))
    parts = [part for section in sections_of(report) for part in section.parts]
    figures = {part.name: part for part in parts if isinstance(part, Figure)}
    assert '"bind": "legend"' in str(for_file(figures["loss"])).replace("'", '"')
    for figure in figures.values():
        spec = for_page(figure)
        assert not [p for p in spec.get("params", []) if p.get("bind") == "legend"]
        series = spec["usermeta"]["series"]
        if series:
            assert {"name": series["param"], "value": []} in spec["params"]
            assert all(colour.startswith("var(--series-") for colour in series["colours"])
    assert for_page(figures["loss"])["usermeta"]["series"]["names"] == ["a", "b"]


@pytest.mark.slow
def test_charts_in_files_stand_alone(fake_run):
    """They hold title and caption, with n, and the null where they show z."""
    from harness.report.pages.vega import caption
    from harness.report.sections import Report, sections_of

    conditions = (("moth", 'a"]+1['), ("moth", "b"), ("moth", "c"))
    run = fake_run(conditions=conditions, networks=3, densities=(1.0, 0.5, 0.1))
    parts = [p for section in sections_of(Report(collect([run]))) for p in section.parts]
    figures = {part.name: part for part in parts if isinstance(part, Figure)}
    assert {"motif_z_all", "motif_z_heatmap", "masks", "loss_front"} <= set(figures)
    for figure in figures.values():
        assert re.search(r"n\s=\s", figure.caption), figure.name
        if figure.name.startswith("motif"):
            assert "null" in figure.caption.lower(), figure.name
        heading = for_file(figure)["title"]
        assert " ".join(heading["text"]) == figure.title
        if isinstance(heading["subtitle"], list):
            assert " ".join(heading["subtitle"]) == caption(figure).replace("`", "")
    for name in ("motif_z_heatmap", "masks"):  # their own title is the level of a slider
        svg, *_ = rendering.drawn(name, for_file(figures[name]), VEGA_LITE)
        texts = "".join(xml.etree.ElementTree.fromstring(svg).itertext())
        assert figures[name].title in texts
        assert "90\u00a0% pruned" in texts
        assert "The slider picks the" in texts


@pytest.mark.slow
def test_files_of_an_earlier_page_go_and_others_stay(fake_run, tmp_path):
    out = tmp_path / "report"
    small = {"networks": 2, "densities": (1.0, 0.1)}
    build([fake_run(conditions=(("moth", "a"), ("moth", "b")), **small)], out)
    assert (out / "charts" / "motif_z_all.svg").is_file()
    mine = [out / "tables" / "mine.tex", out / "charts" / "mine.svg", out / "tables" / "notes.txt"]
    for path in mine:
        path.write_text("mine")
    build([fake_run(statuses=("pending",))], out)
    left = {path for path in out.rglob("*") if path.is_file()}
    linked = re.findall(r'href="((?:tables|charts)/[^"]*)"', (out / "index.html").read_text())
    assert left == {
        out / "index.html",
        out / "answer.json",
        *mine,
        *(out / link for link in linked),
    }


def test_a_page_that_is_not_ours_says_nothing_of_files(tmp_path):
    page = tmp_path / "index.html"
    assert export.linked(page) == set()
    page.write_text('<a href="tables/mine.csv">')
    assert export.linked(page) == set()
    page.write_text(
        f'<meta name="generator" content="{export.GENERATOR}"><a href="tables/mine.csv">'
        '<a href="../mine.csv"><a href="tables/../mine.csv"><a href="tables/x.html">'
    )
    assert export.linked(page) == {"tables/mine.csv"}


def test_a_renderer_that_crashes_is_an_error_that_names_the_chart(monkeypatch):
    rendering._end()
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "_SCRIPT", "import os; os.kill(os.getpid(), 11)")
        with pytest.raises(UserError, match="chart 'losses': the renderer ended with status -11"):
            rendering.drawn("losses", {}, "6.0")
    with pytest.raises(UserError, match="chart 'losses' cannot be drawn"):
        rendering.drawn("losses", {"mark": 1}, "6.0")
    rendering._end()
