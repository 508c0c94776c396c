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
from harness.report.pages import export, vega
from harness.tables.parts import Figure, Section


def write(title: str, sections: Sequence[Section], out: Path) -> Path:
    """Write sections as a page with the files it links to; each file is whole or absent.

    Files that only an earlier page at this path linked to are removed at the end, so that a page
    always finds its files.

    **Returns:** the path of the page.
    """
    path = out / "index.html"
    stale = export.linked(path)
    for name, content in export.contents(sections):
        files.write(out / name, content)
        stale.discard(name)
    files.write(path, render(title, sections).encode(errors="replace"))
    for name in stale:
        (out / name).unlink(missing_ok=True)
    return path


def render(title: str, sections: Sequence[Section]) -> str:
    """Return the page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report.pages", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code"] = _code
    scripts = [_vega(), vega.resource("page.js")]
    figures = [part for section in sections for part in section.parts if isinstance(part, Figure)]
    specs = {figure.name: vega.for_page(figure) for figure in figures}
    policy = " ".join(_hash(script) for script in scripts)
    return environment.get_template("page.html").render(
        generator=export.GENERATOR,
        title=title,
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        sections=sections,
        style=markupsafe.Markup(vega.resource("page.css")),
        scripts=[markupsafe.Markup(script) for script in scripts],
        policy=policy,
        figures=figures,
        several=any(spec["usermeta"]["series"] for spec in specs.values()),
        specs=_json(specs),
    )


def _json(value: Any) -> markupsafe.Markup:
    """Return JSON that cannot end the script element around it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return markupsafe.Markup(text)


def _code(text: str) -> markupsafe.Markup:
    """Return text as HTML, with parts between backquotes set as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return markupsafe.escape(text)
    return markupsafe.Markup().join(
        markupsafe.Markup("<code>{}</code>").format(part) if number % 2 else markupsafe.escape(part)
        for number, part in enumerate(parts)
    )


def _vega() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script, in the versions that Altair needs."""
    # Without a snippet, which the type stub requires, it is made once per process.
    bundle: Any = vl_convert.javascript_bundle
    return bundle(vl_version=vega.VEGA_LITE)


def _hash(script: str) -> str:
    """Return the hash that allows only this script to run in the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
