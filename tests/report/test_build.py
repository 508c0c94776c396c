"""The page as a whole: complete, self-contained, safe, and built of half-finished runs too."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import altair as alt
import numpy as np
import pandas as pd
import pytest

from harness.motifs import classes
from harness.report import build, figures
from harness.report.pages import export

pytestmark = pytest.mark.slow

EVIL = '<script>alert("1")</script>\n\'"&{{ 7*7 }}' + "x" * 300


@pytest.fixture(autouse=True, scope="module")
def quick_pictures():
    """No SVG and PDF of each chart: test_export.py has them, and they are most of a page's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "drawn", lambda name, chart, version: ("<svg/>", b"%PDF"))
        yield


class Page(HTMLParser):
    """Elements, texts and charts of a page."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.texts, self.within, self.charts = [], [], None, None
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.within = (tag, dict(attributes))

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        if self.within and self.within[0] == "script":
            if self.within[1].get("id") == "charts":
                self.charts = json.loads(data)["figures"]
        elif not self.within or self.within[0] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def anchors(page):
    """The names of sections, folded ones included."""
    folded = {"class": "section"}.items()
    return [
        attributes["id"]
        for name, attributes in page.elements
        if name == "section" or (name == "details" and folded <= attributes.items())
    ]


def built(runs, out):
    path = build(runs, out)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def plain(quick_pictures, fake_run_in, tmp_path_factory):
    """A run of one condition, its page, and the folder of the page."""
    folder = tmp_path_factory.mktemp("plain")
    run = fake_run_in(folder)
    return run, built([run], folder / "report"), folder / "report"


def test_page_has_every_section_and_is_small(plain):
    _, page, folder = plain
    assert anchors(page) == [
        *(
            "beside",
            "answer",
            "loss",
            "performance",
            "layers",
            "motifs",
            "alike",
            "pairs",
            "wiring",
        ),
        *("networks", "troubles", "costs", "provenance"),
    ]
    assert (folder / "index.html").stat().st_size < 5e6
    drawn = {
        attributes["data-chart"] for attributes in page.named("div") if "data-chart" in attributes
    }
    assert drawn == set(page.charts)
    assert {"loss", "motif_z", "motif_log2_ratio", "similarity", "edges"} <= drawn


def test_pruners_of_one_task_are_compared_in_sections_of_their_own(fake_run, tmp_path):
    two = (("moth", "magnitude"), ("moth", "random"), ("digits", "random"))
    page = built([fake_run(conditions=two)], tmp_path / "report")
    assert anchors(page)[7:12] == ["pairs", "matched", "ranks", "fronts", "fairness"]
    drawn = {"matched_effective_density", "matched_loss", "matched_loss_motifs", "ranks"}
    assert drawn | {"loss_front", "cost_front"} <= set(page.charts)
    assert "smallest" in page.text
    assert "Missing: Controls of the masks; Hardware and versions recorded." in page.text
    assert "Corrected: for the values of one comparison." in page.text
    assert "Networks of one data seed share data and batch order" in page.text
    tables = {path.stem for path in (tmp_path / "report" / "tables").glob("*.tex")}
    assert {"budgets", "fairness", "ranks_at_levels", "cost_at_levels"} <= tables
    assert "collapsed" not in tables


def test_several_pruners_without_measurements_still_have_a_page(fake_run, tmp_path):
    run = fake_run(conditions=(("moth", "a"), ("moth", "b")), networks=2, when="")
    for name in ("performance", "motifs", "timings"):
        run._tables[name] = []
    page = built([run], tmp_path / "report")
    assert "the run does not record it" in page.text
    assert "not measured for all networks of a and b" in page.text
    assert "cost_front" not in page.charts


def test_density_is_shown_as_percent_pruned(fake_run, tmp_path):
    two = (("moth", "magnitude"), ("moth", "random"))
    page = built([fake_run(conditions=two)], tmp_path / "report")
    meaning = "Density is the share of prunable weights that are kept; % pruned is the rest"
    assert meaning in page.text
    for chart in map(json.dumps, page.charts.values()):
        assert "weights kept" not in chart
        assert ('"density:Q"' in chart) <= ("\\u00a0%" in chart)
    assert "kept" not in page.text.replace(meaning, "")


def test_every_motif_of_the_run_is_drawn_once(plain):
    _, page, folder = plain
    (table,) = (folder / "tables").glob("significance.csv")
    shown = set(pd.read_csv(table)["motif"])
    circles = [attributes for attributes in page.named("circle") if "r" in attributes]
    assert len(page.named("svg")) == len(shown)
    assert len(circles) == sum(
        sum(motif.layers) for order in (2, 3) for motif in classes(order) if motif.name in shown
    )


def test_a_page_opens_with_its_answer(plain):
    _, page, _ = plain
    tags = [name for name, _ in page.elements]
    first = " ".join(page.text.split("Skip to results")[1].split("Repeat it:")[0].split())
    assert first.startswith("What magnitude pruning does to networks on moth At 93 % pruned,")
    assert "10 of 13 motif classes are more frequent than layer densities explain." in first
    assert len(first.split()) < 160
    assert tags.index("figure") < tags.index("nav") < tags.index("section")
    assert "motif_nulls" in page.charts
    assert "harness run" in page.text.split("Repeat it:")[1][:40]


def test_pruners_are_ranked_in_the_first_chart(fake_run, tmp_path):
    two = (("moth", "magnitude"), ("moth", "random"))
    page = built([fake_run(conditions=two)], tmp_path / "report")
    ranks = pd.read_csv(tmp_path / "report" / "tables" / "ranking.csv")
    assert "Magnitude and random pruning compared on moth" in page.text
    assert set(ranks["family"]) == {"by criterion", "control"}
    assert set(ranks["condition"]) == {"magnitude", "random"}
    assert (ranks["low"] < ranks["value"]).all()
    assert (ranks["value"] < ranks["high"]).all()


def test_a_condition_of_too_few_networks_is_not_ranked(fake_run, tmp_path):
    two = (("moth", "magnitude"), ("moth", "random"))
    page = built([fake_run(conditions=two, networks=2)], tmp_path / "report")
    assert "ranking" not in page.charts


def test_long_tables_are_folded_and_short_ones_are_not(fake_run, tmp_path):
    page = built([fake_run(networks=3)], tmp_path / "report")
    folded = [a for a in page.named("details") if a.get("class") == "rows"]
    filtered = {a["data-filter"] for a in page.named("input") if "data-filter" in a}
    assert len(folded) == len(filtered)
    assert "table-significance-body" in filtered
    assert "table-networks-body" not in filtered


def test_page_needs_nothing_from_elsewhere(plain):
    _, page, folder = plain
    assert not [a for a in page.named("script") if "src" in a]
    links = [a["href"] for a in page.named("a")]
    for link in links:
        assert link.startswith("#") or (folder / link).is_file()
    policy = next(a for a in page.named("meta") if "http-equiv" in a)["content"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in json.dumps([{**c, "$schema": ""} for c in page.charts.values()])


def test_figures_in_words_come_from_the_tables(plain):
    run, page, _ = plain
    levels = run.table("levels")
    losses = levels.loc[levels["density"] == 0.07, "validation_loss"]
    assert f"{losses.median():.3g}" in page.text
    assert "8 networks" in page.text
    assert "10 of 13 motifs are over-represented" in page.text
    assert "0 % pruned to 98 % pruned" in page.text.replace("\u00a0", " ")
    assert "Nothing failed" in page.text


def test_names_appear_as_text_only(fake_run, tmp_path):
    conditions = (("moth", "magnitude"), ("moth", EVIL), (EVIL, "random"))
    run = fake_run(conditions=conditions, statuses=("done", "done", "failed"))
    run.experiment[EVIL] = EVIL
    run.provenance[EVIL] = [EVIL]
    run.notes = {EVIL: {EVIL: EVIL}}
    path = build([run], tmp_path / "report")
    source = path.read_text(encoding="utf-8")
    assert "alert(" in source
    assert "<script>alert" not in source
    assert "49xxx" not in source
    page = Page(source)
    assert len(page.named("script")) == 3
    assert " ".join(EVIL.split()) in page.text
    names = {name for chart in page.charts.values() for name in _conditions(chart)}
    assert any(EVIL.replace("\n", " ")[:100] in name for name in names)
    for name in (tmp_path / "report" / "tables").iterdir():
        assert re.fullmatch(r"[a-z0-9_]+\.(csv|tex)", name.name)


def _conditions(chart):
    for columns in chart["datasets"].values():
        names = columns.get("condition", [])
        yield from map(str, names if isinstance(names, list) else names["of"])


@pytest.mark.parametrize(
    "empty",
    [(), ("motifs",), ("performance",), ("motifs", "performance", "timings")],
)
def test_half_finished_runs_are_reported(fake_run, tmp_path, empty):
    run = fake_run(
        conditions=(("moth", "magnitude"), ("moth", "random"), ("digits", "random")),
        statuses=("done", "pending", "skipped"),
    )
    for name in empty:
        run._tables[name] = []
    page = built([run], tmp_path / "report")
    assert "1 of 3 trials not finished" in page.text
    assert "1 of 3 trials skipped" in page.text
    assert "because skipped" in page.text


def test_a_run_with_nothing_finished(fake_run, tmp_path):
    run = fake_run(statuses=("pending",))
    page = built([run], tmp_path / "report")
    assert "No trial has finished yet" in page.text


@pytest.mark.parametrize("networks", [1, 2, 3])
def test_few_networks_get_no_intervals_but_a_page(fake_run, tmp_path, networks):
    page = built([fake_run(networks=networks)], tmp_path / "report")
    assert "networks" in page.text


def test_diverged_networks_are_named_and_left_out(fake_run, tmp_path):
    run = fake_run()

    def diverge(levels):
        gone = (levels["network"] == 3) & (levels["level"] >= 5)
        return levels.assign(
            diverged=gone, validation_loss=levels["validation_loss"].mask(gone, np.nan)
        )

    run.edit("levels", diverge)
    page = built([run], tmp_path / "report")
    assert "1 network: magnitude network 3 (level 5): diverged" in page.text
    table = pd.read_csv(tmp_path / "report" / "tables" / "networks.csv")
    assert sorted(table["network"]) == [0, 1, 2, 4, 5, 6, 7]


def test_several_runs_count_a_shared_trial_once(fake_run, tmp_path):
    first, second = fake_run("first"), fake_run("second")
    page = built([first, second], tmp_path / "report")
    assert "8 networks" in page.text
    assert "Provenance of second" in page.text
    table = pd.read_csv(tmp_path / "report" / "tables" / "networks.csv")
    assert len(table) == 8


def test_a_large_run_gives_a_small_page(fake_run, tmp_path):
    # benchmarks/report.py builds one of 350 networks and five pruners, and times it.
    run = fake_run(conditions=(("moth", "magnitude"), ("moth", "random")), networks=50)
    build([run], tmp_path / "report")
    assert (tmp_path / "report" / "index.html").stat().st_size < 5e6


def test_importing_the_report_loads_nothing_heavy():
    code = (
        "import sys, harness.report; "
        "print({'altair', 'pandas', 'vl_convert', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_notebook_gets_the_charts_of_the_page(plain):
    run, _, folder = plain
    charts = figures([run])
    assert set(charts) == {path.stem for path in (folder / "charts").glob("*.svg")}
    assert all(isinstance(chart, alt.TopLevelMixin) for chart in charts.values())
    assert set(charts["loss"].data["condition"]) == {"magnitude"}


def test_pruners_without_motifs_are_ranked_by_loss(fake_run, tmp_path):
    run = fake_run(conditions=(("moth", "magnitude"), ("moth", "random")), networks=3)
    run._tables["motifs"] = []
    page = built([run], tmp_path / "report")
    ranks = pd.read_csv(tmp_path / "report" / "tables" / "ranking.csv")
    assert "ranking" in page.charts
    assert set(ranks["panel"]) == {"loss over dense loss"}
