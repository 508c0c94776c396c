"""Measure a report page in Chromium: bytes, height, paints, marks and tab stops, as a table.

python benchmarks/page.py report/index.html [WIDTH ...]
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

_MEASURED = """() => ({
    "first paint (ms)": performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    "height (px)": document.documentElement.scrollHeight,
    "charts": document.querySelectorAll("[data-chart]").length,
    "marks": document.querySelectorAll("[data-chart] .role-mark path, .role-mark text").length,
    "tab stops": [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
        .filter((one) => one.checkVisibility()).length,
})"""


def measured(page: Page, path: Path) -> dict[str, float]:
    """Return what is measured of a page: first as it opens, then with all charts drawn."""
    page.goto(path.resolve().as_uri())
    page.locator("[data-chart] svg.marks").first.wait_for()
    first = page.evaluate("performance.now()")
    page.evaluate("drawAll()")
    figures = {"bytes": path.stat().st_size, "first chart (ms)": first}
    return figures | page.evaluate(_MEASURED)


def main(path: Path, widths: list[int]) -> None:
    """Print a column of figures for each width."""
    with sync_playwright() as runner:
        chromium = runner.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        columns = []
        for width in widths:
            page = chromium.new_page(viewport={"width": width, "height": 900})
            columns.append(measured(page, path))
            page.close()
        chromium.close()
    print(f"{'width (px)':<18}" + "".join(f"{width:>12,}" for width in widths))
    for name in columns[0]:
        print(f"{name:<18}" + "".join(f"{column[name]:>12,.0f}" for column in columns))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(width) for width in sys.argv[2:]] or [1440, 390])
