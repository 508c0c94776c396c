"""Build the paper from committed tables: `python docs/paper/build.py --out FOLDER`.

Writes `paper.html`, which needs no network, and `paper.pdf` where there is Chromium. Needs the
extra `docs`. The committed PDF is set in TeX Gyre Pagella and Heros (Debian: `fonts-texgyre`).
"""

import argparse
import hashlib
import html
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import jinja2
from _answers import answers, designed, rules
from _charts import charts
from _facts import facts
from _format import FILTERS
from _tables import Reports
from latex2mathml.converter import convert
from markdown_it import MarkdownIt

from harness.errors import UserError

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
TITLE = "What pruning does to the wiring of networks, and how much of it is degrees"
AUTHORS = "The harness authors"
TEXT, STYLE = "paper.md.jinja", "paper.css"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_PART = re.compile(r"^::: (\w+)\n(.*?)^:::$", re.DOTALL | re.MULTILINE)
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--no-pdf-header-footer",
)  # fmt: skip


def page(reports: Reports, results: Path) -> str:
    """Return the paper as one HTML page. Raises `UserError` if a table or a row is not there.

    The title ends with the digest of what was read, by which a PDF shows whether it is current.
    """
    made = _environment(charts(reports)).get_template(TEXT)
    text = made.render(
        **facts(reports, results),
        answers=answers(reports),
        designed=designed(reports),
        rules=rules(reports),
    )
    style = (HERE / STYLE).read_text("utf-8")
    whole = _environment({}).get_template("page.html.jinja")
    digest = digest_of(reports.folder, reports.read)
    return whole.render(title=TITLE, authors=AUTHORS, digest=digest, style=style, body=body(text))


def digest_of(folder: Path, read: Iterable[str]) -> str:
    """Return a digest of the text, the style and the files of reports that were read."""
    found = hashlib.sha256()
    for file in (HERE / TEXT, HERE / STYLE, *(folder / name for name in sorted(read))):
        found.update(file.read_bytes())
    return found.hexdigest()[:8]


def body(text: str) -> str:
    """Return Markdown with formulas between dollars as HTML, the formulas as MathML."""
    kept: list[str] = []

    def keep(made: str) -> str:
        kept.append(made)
        return f"\x02{len(kept) - 1}\x03"

    def block(found: re.Match[str]) -> str:
        return keep(f'<div class="math">{convert(found[1], display="block")}</div>')

    text = re.sub(r"<svg.*?</svg>", lambda found: keep(found[0]), text, flags=re.DOTALL)
    text = re.sub(r"\bn = (?=\d)", "n\u00a0=\u00a0", text)  # as is a unit, kept on one line
    text = re.sub(r"\b(Figure|Table) (?=\d)", "\\1\u00a0", text)
    text = re.sub(r"(?<=\d) %", "\u202f%", text)
    text = re.sub(r"\$\$(.+?)\$\$", block, text, flags=re.DOTALL)
    text = re.sub(r"\$(.+?)\$", lambda found: keep(convert(found[1])), text, flags=re.DOTALL)
    text = re.sub(
        r"^::: (\w+)\n(.*?)^:::$", r'<div class="\1">\n\n\2\n</div>', text, flags=re.S | re.M
    )
    shown = MarkdownIt("commonmark", {"html": True}).render(text)
    shown = re.sub(r"<p>\x02(\d+)\x03</p>", lambda found: kept[int(found[1])], shown)
    return re.sub(r"\x02(\d+)\x03", lambda found: kept[int(found[1])], shown)


def _environment(drawn: dict[str, str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
    )
    environment.filters |= {**FILTERS, "code": _code}
    environment.globals["figure"] = _figures(drawn)
    return environment


def _figures(drawn: dict[str, str]) -> Callable[[str, str], str]:
    """Return a function that writes a chart with its caption, numbered in order."""
    number = 0

    def figure(name: str, caption: str) -> str:
        nonlocal number
        number += 1
        shown = f"<b>Figure {number}.</b> {_code(caption)}"
        return f"<figure>{drawn[name]}<figcaption>{shown}</figcaption></figure>"

    return figure


def _code(text: str) -> str:
    """Return text for HTML, words between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(str(text), quote=False))


def printed(source: Path, chromium: str) -> bytes:
    """Return a page as PDF, printed by Chromium. Raises `UserError` if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "paper.pdf"
        profile = f"--user-data-dir={folder}/profile"
        command = [
            chromium,
            *_OPTIONS,
            profile,
            f"--print-to-pdf={target}",
            source.resolve().as_uri(),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if not target.is_file():
            raise UserError(
                f"Chromium printed nothing (status {ran.returncode}): {ran.stderr[-500:]}"
            )
        return target.read_bytes()


def main() -> int:
    """Write the page and, where Chromium is there, the PDF. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for paper.html, paper.pdf")
    parser.add_argument("--reports", type=Path, default=ROOT / "reports", help="committed reports")
    parser.add_argument("--html-only", action="store_true", help="do not print a PDF")
    asked = parser.parse_args()
    try:
        made = page(Reports(asked.reports), ROOT / "benchmarks" / "RESULTS.md")
        asked.out.mkdir(parents=True, exist_ok=True)
        target = asked.out / "paper.html"
        target.write_text(made, encoding="utf-8")
        chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
        if not asked.html_only and chromium is None:
            raise UserError(f"No Chromium to print with: {target} is written, paper.pdf is not.")
        if not asked.html_only:
            (asked.out / "paper.pdf").write_bytes(printed(target, str(chromium)))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
