"""The colours of the page: legible in both schemes, and those of charts in files the same."""

import re
from importlib import resources

import pytest

from harness.report import charts
from harness.report.pages import vega

CSS = resources.files("harness.report.pages").joinpath("page.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)
)


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_enough_contrast(colours):
    for text in ("ink", "quiet", "link"):
        for ground in ("paper", "tint"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_drawn_has_enough_contrast(colours):
    for drawn in ("mark", *(f"series-{number}" for number in range(1, len(charts.SERIES) + 1))):
        assert contrast(colours[drawn], colours["paper"]) >= 3, drawn


def test_both_schemes_give_every_colour_and_charts_have_the_light_ones():
    assert set(LIGHT) == set(DARK)
    assert [LIGHT[f"series-{n}"] for n in range(1, len(charts.SERIES) + 1)] == [*charts.SERIES]
    for name in set(re.findall(r"var\(--([\w-]+)\)", str(vega._CONFIG))):
        assert vega._light(f"var(--{name})") == LIGHT[name]
