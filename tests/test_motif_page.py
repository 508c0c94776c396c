"""The page of `harness motifs`: what its first screen answers, alone and in a browser."""

import base64
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import motif_profiles
from harness.motif_profiles import Asked
from harness.motif_profiles._effects import effects, short_names
from harness.motif_profiles._hero import chosen, figure, table_of
from harness.motif_profiles._opening import about, findings, title, verdict
from harness.tables.parts import MOST_WORDS

FOLDER = Path(__file__).parent / "data" / "mushroom_body"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
COMMAND = "harness motifs left.csv --html page.html"


@pytest.fixture(scope="module")
def layered():
    """One brain beside both nulls."""
    asked = Asked(supports=("all", "live"), nulls=("layered", "degree"), draws=200)
    return motif_profiles.of_files(
        [FOLDER / "left.csv"], nodes=FOLDER / "left_nodes.csv", asked=asked
    )


@pytest.fixture(scope="module")
def digraph(tmp_path_factory):
    """Some edges, half of them mutual, as few are in random networks of these degrees."""
    wires, more = np.random.default_rng(3).random((2, 40, 40)) < 0.03
    np.fill_diagonal(wires, False)
    wires |= np.triu(more, 1) | np.triu(more, 1).T
    file = tmp_path_factory.mktemp("digraph") / "recurrent.csv"
    lines = [f"n{a},n{b}" for a, b in np.argwhere(wires)]
    file.write_text("\n".join(["source,target", *lines]))
    return motif_profiles.of_files([file], asked=Asked(orders=(2, 3), draws=600))


@pytest.fixture(scope="module")
def page(layered, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    motif_profiles.write_html(layered, path, command=COMMAND)
    return path


def opening(profiles):
    found, names = effects(profiles), short_names(list(profiles.wirings))
    return found, names, verdict(found, names), findings(found, names)


def test_the_first_screen_says_what_was_compared_how_much_and_how_sure(layered):
    found, names, said, short = opening(layered)
    assert title(list(names.values())) == "Motifs of left.csv compared with random networks"
    assert "with as many edges between each two layers, of 12 patterns of three and four" in said
    assert "12 are more frequent (most biparallel, 2.90 times)" in said
    assert "every node keeps its number of inputs and of outputs, of these, " in said
    first = short[0]
    assert "biparallel (a→b,c→d) is most over-represented: 2.90 times" in first.claim
    assert "random networks: 0.94 to 1.06." in first.claim
    assert "(exact); z\u00a0=\u00a0+66.4\u00a0sd, q\u00a0< 0.001" in first.detail
    assert any("from 200 draws" in one.detail for one in short)
    assert len(short) <= 3
    assert all(len(one.claim.split()) <= MOST_WORDS for one in short)
    line = about(found, layered.wirings, names)
    assert "left.csv: 1 network (n\u00a0=\u00a01), 188 nodes in layers of 58, 101, 29" in line
    assert "exact, no draws" in line
    assert "200 draws" in line
    assert "not over real ones" in line


def test_triads_of_a_digraph_are_named_before_the_tetrads_that_they_make(digraph):
    _, _, said, short = opening(digraph)
    assert re.search(r"of \d+ patterns of three nodes, .* more frequent \(most (201|300), ", said)
    assert re.search(r"; of \d+ patterns of four nodes, ", said)
    assert said.count("most ") <= 2, "no tetrad is named"
    assert "The random networks do not keep triads" in " ".join(one.detail for one in short)


def test_the_chart_has_a_band_for_each_class_that_varies(layered):
    table = table_of(effects(layered), dict.fromkeys(layered.wirings, "left.csv"))
    order = chosen(table)
    assert order[0] == "biparallel"
    drawn = figure("ratios", "", table, order)
    data = drawn.data.set_index(["null", "motif"])
    assert ("degree", "diverge2") not in data.index, "degrees fix it"
    assert "diverge2" in drawn.caption
    row = data.loc["layered", "bifan"]
    assert row["null_low"] < 1 < row["null_high"] < row["ratio"]
    assert row["verdict"] == "more frequent"
    assert set(data["verdict"]) == {"more frequent", "less frequent", "not shown to differ"}
    assert list(data["series"].unique()) == ["as many edges per layer", "equal inputs and outputs"]


def test_no_copies_and_none_expected_stand_at_the_edges(layered):
    table = table_of(effects(layered), dict.fromkeys(layered.wirings, "left.csv"))
    table = table[table["null"] == "layered"].reset_index(drop=True)
    table.loc[0, ["count", "ratio", "least", "most", "null_low"]] = 0.0
    table.loc[1, ["expected", "sd"]] = 0.0
    table.loc[1, ["ratio", "least", "most"]] = np.inf
    table.loc[1, ["null_low", "null_high"]] = np.nan
    drawn = figure("ratios", "", table, chosen(table)).chart.data
    assert drawn["beyond"].tolist()[:3] == ["below", "above", ""]
    assert (drawn[["ratio", "least", "most"]] > 0).all(axis=None)
    assert np.isfinite(drawn["ratio"]).all()


def test_the_page_is_one_file_with_its_tables_inside(page):
    assert [one.name for one in page.parent.iterdir()] == ["page.html"]
    text = page.read_text()
    assert 'href="charts/' not in text
    assert 'href="tables/' not in text
    (found,) = re.findall(r'href="data:text/csv;base64,([^"]+)" download="degree.csv"', text)
    assert base64.b64decode(found).startswith(b"motif,shape,verdict,count,expected,")
    for part in ("What degrees explain", "All patterns in numbers", "Live nodes only", COMMAND):
        assert part in text
    assert '<a href="#degrees">what degrees explain</a>' in text
    assert "12 patterns that differ from random edges" in text


def test_beside_random_edges_alone_the_page_says_how_to_ask_about_degrees(layered, tmp_path):
    alone = layered.table[layered.table["null"] == "layered"]
    profiles = motif_profiles.Profiles(layered.wirings, alone, layered.notes)
    motif_profiles.write_html(profiles, tmp_path / "page.html", command=COMMAND)
    assert f"{COMMAND} --null layered --null degree" in (tmp_path / "page.html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_in_a_browser(page, width, scheme):
    playwright = pytest.importorskip("playwright.sync_api")
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=CHROMIUM, args=options)
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        said = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(page.as_uri())
        tab.wait_for_selector("[data-chart=ratios] svg.marks")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        chart = tab.locator("[data-chart=ratios]").bounding_box()
        marks = tab.locator("[data-chart=ratios] svg.marks").bounding_box()
        assert marks["width"] <= chart["width"] + 1
        if width == 1440:
            assert chart["y"] + chart["height"] <= 900
            links = tab.locator("p.onward").bounding_box()
            assert links["y"] + links["height"] <= 900
        assert not said
        browser.close()
