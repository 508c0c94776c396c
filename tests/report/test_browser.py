"""The page in a browser, opened as a file: what readers see, point at, press and print."""

import contextlib
import itertools
import re
import shutil

import pandas as pd
import pytest

from harness.report import build
from harness.tables.parts import percent_pruned

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]

OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DRAWN = "document.querySelectorAll('[data-chart] svg.marks').length"
UNFOLDED = "document.querySelectorAll('main details').forEach((part) => (part.open = true))"
OPACITIES = """names => Object.fromEntries([...document.querySelectorAll('[data-chart]')]
    .filter((element) => names.includes(element.dataset.chart))
    .map((element) => [element.dataset.chart,
        [...element.querySelectorAll('.mark-line.role-mark path')]
            .map((path) => Number(path.getAttribute('opacity') ?? 1))]))"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as runner:
        launched = runner.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture
def opened(browser):
    """Open a page; at the end nothing may have left it, and the console must be silent."""
    with contextlib.ExitStack() as stack:

        def open_page(path, scheme="light", width=1280, query=""):
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}
            )
            stack.callback(context.close)
            page = context.new_page()
            said, asked = [], []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))

            def dialog(box):
                said.append(f"dialog: {box.message}")
                box.dismiss()

            page.on("dialog", dialog)

            def check():
                assert not said
                assert {url for url in asked if not url.startswith("data:")} == {
                    path.as_uri() + query
                }

            stack.callback(check)
            page.goto(path.as_uri() + query)
            # Not wait_for_function, which evaluates texts in the page: its policy forbids that.
            page.wait_for_selector("html[data-ready=true]", state="attached")
            return page

        yield open_page


def tooltip(page):
    """What the tooltip says, by its keys."""
    rows = page.locator("#vg-tooltip-element.visible tr")
    rows.first.wait_for()
    return dict(map(str.strip, row.split("\t")) for row in rows.all_inner_texts())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_is_drawn_and_nothing_leaves_the_page(two_page, opened, scheme):
    page = opened(two_page, scheme)
    charts = page.locator("[data-chart]").count()
    assert charts > 10
    assert page.evaluate(DRAWN) < charts, "those far below wait"
    page.evaluate("drawAll()")
    assert page.evaluate(DRAWN) == charts
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}[scheme]
    line = page.locator("[data-chart=loss] .mark-line.role-mark path").first
    stroke = line.evaluate("path => getComputedStyle(path).stroke")
    assert stroke == {"light": "rgb(10, 110, 189)", "dark": "rgb(86, 169, 236)"}[scheme]


def test_too_few_networks_for_intervals_are_no_fault(fake_run, opened, tmp_path):
    run = fake_run(networks=2, densities=(1.0, 0.07))
    page = opened(build([run], tmp_path / "report"))
    page.evaluate("drawAll()")
    assert page.evaluate(DRAWN) == page.locator("[data-chart]").count()


def test_charts_are_drawn_when_they_come_near(two_page, opened):
    page = opened(two_page)
    page.evaluate(UNFOLDED)
    last = page.locator("[data-chart]").last
    assert last.locator("svg.marks").count() == 0
    last.scroll_into_view_if_needed()
    last.locator("svg.marks").wait_for()


def test_pointing_at_a_symbol_shows_its_values(two_page, opened):
    page = opened(two_page)
    page.evaluate("drawAll()")
    table = pd.read_csv(two_page.parent / "tables" / "loss.csv")
    table = table[table["split"] == "validation"]
    symbols = page.locator("[data-chart=loss] .mark-symbol.role-mark path")
    assert symbols.count() == len(table)
    symbols.nth(5).hover(force=True)
    said = tooltip(page)
    pruned = table["density"].map(percent_pruned)
    row = table[(table["condition"] == said["condition"]) & (pruned == said["pruned"])]
    assert len(row) == 1
    for key, column in {
        "median loss": "median",
        "lower quartile": "lower",
        "networks": "n",
    }.items():
        assert float(said[key]) == pytest.approx(row[column].item(), rel=1e-3)


@pytest.mark.parametrize("means", ["mouse", "Enter", "Space"])
def test_a_name_picks_its_series_out_in_all_figures(two_page, opened, means):
    page = opened(two_page)
    page.evaluate("drawAll()")
    some = ["loss", "motif_z_all", "edges"]
    before = page.evaluate(OPACITIES, some)
    assert {opacity for one in before.values() for opacity in one} == {1}
    buttons = page.get_by_role("button", name="random", exact=True)
    assert buttons.count() > 5

    def press(button):
        if means == "mouse":
            button.click()
        else:
            button.focus()
            page.keyboard.press(means)

    press(buttons.first)
    faint = page.locator("[data-chart=motif_z_all] .mark-line.role-mark path").first
    playwright.expect(faint).to_have_attribute("opacity", "0.12")
    picked = page.evaluate(OPACITIES, some)
    assert picked["loss"] == [0.12, 1]
    assert picked["motif_z_all"] == [0.12, 1] * 13
    assert picked["edges"] == before["edges"], "it has no such series"
    pressed = {button.get_attribute("aria-pressed") for button in buttons.all()}
    assert pressed == {"true"}
    press(buttons.last)
    playwright.expect(faint).to_have_attribute("opacity", "1")
    assert page.evaluate(OPACITIES, some) == before
    assert page.locator("button[aria-pressed=true]").count() == 0


def test_what_was_picked_holds_for_charts_drawn_later(two_page, opened):
    page = opened(two_page)
    button = page.get_by_role("button", name="random", exact=True).first
    button.evaluate("button => button.click()")  # a pointer would draw its chart on the way
    page.evaluate("drawAll()")
    assert set(page.evaluate(OPACITIES, ["motif_z_live"])["motif_z_live"]) == {0.12, 1}


def test_a_slider_moves_by_keyboard_and_says_its_level(two_page, opened):
    page = opened(two_page)
    page.evaluate(UNFOLDED)
    page.evaluate("drawAll()")
    chart = page.locator("[data-chart=significance_profile]")
    slider = chart.get_by_role("slider", name="level")
    title = chart.locator(".role-title-text")
    shown, path = title.text_content(), chart.locator(".mark-line path").first.get_attribute("d")
    assert slider.get_attribute("aria-valuetext") == shown
    assert "pruned" in shown
    slider.focus()
    page.keyboard.press("ArrowLeft")
    playwright.expect(title).not_to_have_text(shown)
    playwright.expect(slider).to_have_attribute("aria-valuetext", title.text_content())
    assert chart.locator(".mark-line path").first.get_attribute("d") != path


def test_sorting_rises_then_falls_with_undefined_last(two_page, opened):
    page = opened(two_page)
    table = page.locator("table[aria-labelledby=table-networks]")
    button = table.get_by_role("button", name="z bifan")
    number = table.locator("thead th").all_inner_texts().index("z bifan")

    def column():
        trials = table.locator(f"tbody td:nth-child({number + 1})")
        return trials.evaluate_all("trials => trials.map((trial) => trial.dataset.value)")

    unsorted = column()
    for order in ("ascending", "descending"):
        button.focus()
        page.keyboard.press("Enter")
        values = column()
        defined = [float(value) for value in values if value]
        assert defined == sorted(defined, reverse=order == "descending")
        assert values[len(defined) :] == ["", ""]
        assert sorted(values) == sorted(unsorted)
        sorts = table.locator("th[aria-sort]")
        assert [one.get_attribute("aria-sort") for one in sorts.all()] == [order]
    table.get_by_role("button", name="condition").click()
    assert table.locator("th[aria-sort]").all_inner_texts() == ["condition"]


def test_sorting_by_percent_pruned_rises_with_it(two_page, opened):
    page = opened(two_page)
    page.evaluate(UNFOLDED)
    table = page.locator("table[aria-labelledby=table-ranks_at_levels]")
    table.get_by_role("button", name="pruned", exact=True).click()
    shown = table.locator("tbody td.kept").all_inner_texts()
    percents = [float(text.rstrip("\u00a0%")) for text in shown]
    assert percents == sorted(percents)
    assert percents[0] < percents[-1]


@pytest.mark.parametrize("width", [380, 1280])
def test_hostile_names_are_text(hostile_page, hostile_names, opened, width):
    page = opened(hostile_page, width=width)
    page.evaluate("drawAll()")
    assert page.evaluate(DRAWN) == page.locator("[data-chart]").count()
    assert page.locator("script").count() == 3
    assert page.locator("main img, main script, main style, iframe, object, [onerror]").count() == 0
    text = " ".join(page.locator("main").text_content().split())
    for name in hostile_names:
        visible = " ".join(name.replace("\x00", "\ufffd").split())
        assert visible in text or visible.replace("\ufffd", "") in text, name
    assert "{{7*7}} ${1}" in page.locator(".series button").nth(3).text_content()
    page.locator(".series button").nth(4).click()
    symbol = page.locator("[data-chart=loss] .mark-symbol.role-mark path").nth(1)
    symbol.scroll_into_view_if_needed()
    symbol.hover(force=True)
    assert tooltip(page)["condition"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_telephone(two_page, opened, scheme):
    page = opened(two_page, scheme, width=380)
    page.evaluate("drawAll()")
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    wide = page.locator("figure svg.marks").evaluate_all(
        "charts => charts.filter((one) => one.getBoundingClientRect().right > 381).length"
    )
    assert wide == 0


def test_everything_is_drawn_before_printing(two_page, opened, tmp_path):
    page = opened(two_page)
    assert page.evaluate(DRAWN) < page.locator("[data-chart]").count()
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert page.evaluate(DRAWN) == page.locator("[data-chart]").count()
    page.emulate_media(media="print")
    for unwanted in ("nav", ".help", ".links", ".vega-bindings", ".skip"):
        assert not any(one.is_visible() for one in page.locator(unwanted).all()), unwanted
    legends = page.locator("figure:has([data-chart=motif_z_all]) .series button")
    assert legends.first.is_visible(), "it is the legend"


def test_readers_of_other_means_find_their_way(two_page, opened):
    page = opened(two_page)
    page.evaluate("drawAll()")
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map((one) => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))
    named = page.locator("[aria-labelledby]").evaluate_all(
        "all => all.every((one) => document.getElementById(one.getAttribute('aria-labelledby')))"
    )
    assert named
    for role in ("button", "link", "slider", "group", "region", "navigation"):
        found = page.get_by_role(role)
        assert found.count() == page.get_by_role(role, name=re.compile(".")).count(), role
    assert page.locator("html").get_attribute("lang") == "en"
    for landmark in ("main", "banner", "navigation"):
        assert page.get_by_role(landmark).count() == 1


def test_the_keyboard_shows_where_it_is(two_page, opened):
    page = opened(two_page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        kind, style = page.evaluate(
            "[document.activeElement.tagName + document.activeElement.className,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert style == "solid", kind
        seen.add(kind)
    assert {"A", "DIVchart", "BUTTON"} <= {kind.replace(" vega-embed", "") for kind in seen}


def test_a_section_opens_with_two_figures_and_a_link_opens_the_others(two_page, opened):
    page = opened(two_page)
    figures = page.locator("#motifs figure")
    shown = [figure.is_visible() for figure in figures.all()]
    assert shown[:2] == [True, True]
    assert len(shown) > 2
    assert not any(shown[2:])
    page.evaluate("location.hash = 'figure-significance_profile'")
    page.locator("[data-chart=significance_profile] svg.marks").wait_for()
    assert page.locator("[data-chart=significance_profile] svg.marks").bounding_box()["width"] > 600


def test_a_selection_is_followed_everywhere_and_kept_in_the_address(two_page, opened):
    page = opened(two_page)
    page.evaluate("drawAll()")
    lines = page.locator("[data-chart=loss] .mark-line.role-mark path")
    assert lines.count() == 2
    page.locator("#selection summary").click()
    page.locator("#selection").get_by_label("random", exact=True).press("Space")
    page.locator("#selection").get_by_label("93 %", exact=True).check()
    playwright.expect(lines).to_have_count(1)
    address = page.evaluate("location.search")
    assert address == "?pruner=random&density=0.07"

    def followed(page):
        page.evaluate(UNFOLDED)
        page.evaluate("drawAll()")
        symbols = page.locator("[data-chart=loss] .mark-symbol.role-mark path")
        playwright.expect(symbols).to_have_count(1)
        cells = page.locator("[data-chart=motif_z_heatmap] .mark-rect.role-mark path")
        playwright.expect(cells).to_have_count(13)
        title = page.locator("[data-chart=motif_z_heatmap] .role-title-text")
        assert title.text_content() == "93\u00a0% pruned"
        shown = page.locator("#table-significance-body tr:visible")
        assert {row.split("\t")[0] for row in shown.all_inner_texts()} == {"random"}

    followed(page)
    again = opened(two_page, query=address)
    followed(again)
    assert (
        again.locator("#selection summary").text_content() == "Only Pruner: random; % pruned: 93 %"
    )
    again.get_by_role("button", name="Reset").click()
    playwright.expect(again.locator("[data-chart=loss] .mark-line.role-mark path")).to_have_count(2)
    assert again.evaluate("location.search") == ""


@pytest.mark.parametrize("width", [1280, 390])
def test_lines_are_named_at_their_ends_where_there_is_room(two_page, opened, width):
    page = opened(two_page, width=width)
    page.evaluate("drawAll()")
    names = page.locator("[data-chart=loss] .mark-text.role-mark text")
    buttons = page.locator("figure:has([data-chart=loss]) .series")
    if width > 600:
        assert names.all_text_contents() == ["magnitude", "random"]
        assert not buttons.is_visible()
    else:
        assert names.count() == 0
        assert buttons.get_by_role("button").all_inner_texts() == ["magnitude", "random"]


def test_panels_say_n_in_their_titles(two_page, opened):
    page = opened(two_page)
    page.evaluate("drawAll()")
    titles = page.locator("[data-chart=edges] .role-title-text").all_text_contents()
    assert titles == ["magnitude, n = 4 networks", "random, n = 4 networks"]


@pytest.mark.parametrize("width", [1280, 390])
def test_two_conditions_stand_side_by_side(three_page, opened, width):
    page = opened(three_page, width=width)
    beside = page.locator("#beside")
    assert not beside.is_visible()
    page.locator("#selection summary").press("Enter")
    page.get_by_label("First condition").select_option("random")
    assert not beside.is_visible(), "one of two"
    page.get_by_label("Second condition").select_option("snip")
    playwright.expect(beside.get_by_role("heading", level=2)).to_have_text("random beside snip")
    address = page.evaluate("location.search")
    assert address == "?beside=random&beside=snip"

    def seen(page):
        title = page.locator("#beside [data-chart=loss] .role-title-text")
        assert [text.split(",")[0] for text in title.all_text_contents()] == ["random", "snip"]
        column = page.locator("#beside [data-chart=motif_z_heatmap] .role-axis-label text")
        columns = [
            text for text in column.all_text_contents() if text in ("magnitude", "random", "snip")
        ]
        assert columns == ["random", "snip"]
        pair = page.locator("#beside [data-chart=pairs_motifs] .role-title-text")
        assert pair.first.text_content().startswith("snip \u2212 random")
        assert (
            page.locator("#beside figure svg.marks").count()
            == page.locator("#beside figure").count()
        )
        ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
        assert len(ids) == len(set(ids))
        assert page.evaluate("document.documentElement.scrollWidth") == width

    page.locator("#beside [data-chart=pairs_motifs] svg.marks").wait_for()
    seen(page)
    again = opened(three_page, width=width, query=address)
    again.locator("#beside [data-chart=pairs_motifs] svg.marks").wait_for()
    seen(again)
    again.get_by_role("button", name="Reset").click()
    playwright.expect(again.locator("#beside")).to_be_hidden()
    assert again.evaluate("location.search") == ""
    assert again.locator("#beside figure").count() == 0
