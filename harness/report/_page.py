"""Writing the page: one HTML file with everything inside, and beside it the files it links to."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import vl_convert

from harness import files
from harness.report import _export, _specs
from harness.report._parts import Figure, Section, listed
from harness.report._source import RunTables, collect
from harness.report._specs import resource
from harness.report.sections import Report, sections_of


def write(runs: Sequence[RunTables], out: Path) -> Path:
    """Write the page and the files it links to; each is whole or absent. Returns the page's path.

    What an earlier page in this place linked to and this one does not is removed at the end, so
    that a page always finds its files.
    """
    report = Report(collect(runs))
    title = f"Pruning report: {listed([run.path.name for run in report.data.runs])}"
    return write_sections(title, sections_of(report), out)


def write_sections(title: str, sections: Sequence[Section], out: Path) -> Path:
    """Write any sections as a page, as `write` does."""
    path = out / "index.html"
    stale = _export.linked(path)
    for name, content in _export.contents(sections):
        files.write(out / name, content)
        stale.discard(name)
    files.write(path, render(title, sections).encode(errors="replace"))
    for name in stale:
        (out / name).unlink(missing_ok=True)
    return path


def render(title: str, sections: Sequence[Section]) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code"] = _code
    scripts = [_vega(), resource("page.js")]
    figures = [part for section in sections for part in section.parts if isinstance(part, Figure)]
    specs = {figure.name: _specs.for_page(figure) for figure in figures}
    policy = " ".join(_hash(script) for script in scripts)
    return environment.get_template("page.html").render(
        generator=_export.GENERATOR,
        title=title,
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        sections=sections,
        style=markupsafe.Markup(resource("page.css")),
        scripts=[markupsafe.Markup(script) for script in scripts],
        policy=policy,
        figures=figures,
        several=any(spec["usermeta"]["series"] for spec in specs.values()),
        specs=_json(specs),
    )


def _json(value: Any) -> markupsafe.Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return markupsafe.Markup(text)


def _code(text: str) -> markupsafe.Markup:
    """Text in which what stands between backquotes is set as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return markupsafe.escape(text)
    return markupsafe.Markup().join(
        markupsafe.Markup("<code>{}</code>").format(part) if number % 2 else markupsafe.escape(part)
        for number, part in enumerate(parts)
    )


def _vega() -> str:
    """Vega, Vega-Lite and vega-embed as one script, of the versions that Altair writes for."""
    # Without a snippet it is made once a process; its stub asks for one.
    bundle: Any = vl_convert.javascript_bundle
    return bundle(vl_version=_specs.VEGA_LITE)


def _hash(script: str) -> str:
    """What allows this script, and no other, to run in the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
