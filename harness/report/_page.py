"""Writing the page: one HTML file with everything inside, and its tables beside it."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import markupsafe
import vl_convert

from harness import files
from harness.report import charts
from harness.report._parts import Figure, Section, Table, listed
from harness.report._sections import SECTIONS, Report
from harness.report._source import Collection, RunTables, collect

# Chart text and lines take the colours of the page, light or dark, on screen and on paper: the SVG
# renderer puts these names into attributes, where the style sheet resolves them.
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--quiet)",
        "titleColor": "var(--quiet)",
        "gridColor": "var(--line)",
        "domainColor": "var(--rule)",
        "tickColor": "var(--rule)",
        "labelFontSize": 11.5,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "tickSize": 4,
        "labelLimit": 220,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False},
    "header": {"labelColor": "var(--ink)", "labelFontSize": 12.5, "labelFontWeight": 600},
    "legend": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--quiet)",
        "labelFontSize": 12.5,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "symbolStrokeWidth": 3,
        "columnPadding": 18,
        "offset": 10,
    },
}


def write(runs: Sequence[RunTables], out: Path) -> Path:
    """Write the page and its tables; each file is whole or absent. Returns the page's path."""
    report = Report(collect(runs))
    sections = [make(report) for make in SECTIONS]
    for part in (part for section in sections for part in section.parts):
        if isinstance(part, Figure | Table):
            frame = part.data if isinstance(part, Figure) else part.frame
            files.write(out / "tables" / f"{part.name}.csv", frame.to_csv(index=False).encode())
    path = out / "index.html"
    files.write(path, render(report.data, sections).encode())
    return path


def render(data: Collection, sections: Sequence[Section]) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code"] = _code
    scripts = [_vega(), _resource("page.js")]
    figures = [part for section in sections for part in section.parts if isinstance(part, Figure)]
    policy = " ".join(_hash(script) for script in scripts)
    return environment.get_template("page.html").render(
        title=f"Pruning report: {listed([run.path.name for run in data.runs])}",
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        sections=sections,
        style=markupsafe.Markup(_resource("page.css")),
        scripts=[markupsafe.Markup(script) for script in scripts],
        policy=policy,
        specs=_json({figure.name: _spec(figure) for figure in figures}),
    )


def _spec(figure: Figure) -> dict[str, Any]:
    """A chart for the page: colours by name, and what the page needs to lay it out."""
    spec = charts.to_dict(figure.chart)
    spec.pop("config", None)
    named = _named_colours(spec)
    named["config"] = _CONFIG
    named["usermeta"] = {
        "panel": figure.panel,
        "longest": figure.longest,
        "axis": figure.axis,
    }
    named["description"] = figure.description
    return named


def _named_colours(value: Any) -> Any:
    """The chart with its palette as names that the style sheet gives a colour to."""
    if isinstance(value, dict):
        # What comes from tables is left as it is.
        return {
            key: part if key in ("datasets", "domain", "sort") else _named_colours(part)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_named_colours(part) for part in value]
    if value in charts.SERIES:
        return f"var(--series-{charts.SERIES.index(value) + 1})"
    return "var(--rule)" if value == charts.RULE else value


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
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    # Without a snippet it is made once a process; its stub asks for one.
    bundle: Any = vl_convert.javascript_bundle
    return bundle(vl_version=version)


def _resource(name: str) -> str:
    return resources.files("harness.report").joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What allows this script, and no other, to run in the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
