"""The page in a browser: every figure drawn, in either colour scheme, the console silent."""

import re
import shutil
import subprocess

import pytest

from harness.report import build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SCHEMES = {"light": "1", "dark": "0"}


def opened(page, profile, scheme):
    """The page's elements after its script has run, and what the console says."""
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--enable-logging=stderr", "--virtual-time-budget=60000", "--window-size=1280,900"),
        f"--user-data-dir={profile}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
    ]
    done = subprocess.run(
        [CHROMIUM, *options, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, said


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_figure_is_drawn_without_a_word_on_the_console(fake_run, tmp_path, scheme):
    conditions = (("moth", "magnitude"), ("moth", "<script>alert(1)</script>"))
    page = build([fake_run(conditions=conditions)], tmp_path / "report")
    document, said = opened(page, tmp_path / "profile", scheme)
    assert not said
    assert 'data-ready="true"' in document
    drawn = re.findall(r'<svg[^>]*class="marks"', document)
    assert len(drawn) == document.count("data-chart=")
    assert "alert(1)" in document
    assert "<script>alert" not in document
