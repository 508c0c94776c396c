"""Writing the page: one HTML file with everything inside, and beside it the files it links to."""

import base64
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import numpy as np
import pandas as pd

from harness import cache, files
from harness.report.pages import export, vega
from harness.results.answer import Answer
from harness.tables.parts import Figure, Opening, Section

OPEN_FIGURES, OPEN_FINDINGS = 2, 4
"""A section shows so many figures and findings; the others open at a click."""

_CITATION = """\
motif-harness {version}: training, pruning and comparing ensembles of networks.
Zahn, O., Daniel, T. L. and Kutz, J. N. (2024). Motif distribution and function of sparse
deep neural networks. arXiv:2403.00974.""".format(
    version=importlib.metadata.version("motif-harness")
)


def write(
    opening: Opening, sections: Sequence[Section], out: Path, trials: pd.DataFrame | None = None
) -> Path:
    """Write a page with the files it links to; each file is whole or absent.

    `trials` say of which task, architecture and pruner each condition is, to select by them. The
    answer stands beside the page as `answer.json`. Files that only an earlier page at this path
    linked to are removed at the end, so that a page always finds its files.

    **Returns:** the path of the page.
    """
    path = out / "index.html"
    stale = export.linked(path)
    every = [_first(opening), *sections]
    with export.pictures(every) as charts:
        page = render(opening, sections, trials)
        for name, content in export.contents(every, charts):
            files.write(out / name, content)
            stale.discard(name)
    files.write(path, page.encode(errors="replace"))
    answer_of(opening).write(path)
    for name in stale:
        (out / name).unlink(missing_ok=True)
    return path


def write_alone(opening: Opening, sections: Sequence[Section], path: Path) -> None:
    """Write a page as one file, with the CSV files that it links to inside; it has no others."""
    tables = export.spreadsheets_of([_first(opening), *sections])
    inside = {
        name: f"data:text/csv;base64,{base64.b64encode(content).decode()}"
        for name, content in tables.items()
    }
    files.write(path, render(opening, sections, inside=inside).encode(errors="replace"))


def statements(opening: Opening, sections: Sequence[Section]) -> tuple[Answer, Mapping[str, bytes]]:
    """Return what `write` states: the answer, and the CSV files by path, with no chart drawn."""
    return answer_of(opening), export.spreadsheets_of([_first(opening), *sections])


def answer_of(opening: Opening) -> Answer:
    """Return the title, verdict and findings of the first screen."""
    findings = [(finding.claim, finding.detail) for finding in opening.findings]
    return Answer(title=opening.title, verdict=opening.verdict, findings=findings)


def _first(opening: Opening) -> Section:
    """Return the first screen as a section with its chart."""
    return Section("opening", opening.title, parts=[opening.hero] if opening.hero else [])


def render(
    opening: Opening,
    sections: Sequence[Section],
    trials: pd.DataFrame | None = None,
    inside: Mapping[str, str] | None = None,
) -> str:
    """Return the page as HTML. A chart of the first screen is not shown again in its section.

    `inside` are addresses of the files it links to, by path, where none lie beside the page.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report.pages", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code"] = _code
    environment.filters["caption"] = vega.caption
    scripts = [_vega(), vega.resource("page.js") + vega.resource("selection.js")]
    every = [part for one in [_first(opening), *sections] for part in one.parts]
    figures = [part for part in every if isinstance(part, Figure)]
    specs = {figure.name: vega.for_page(figure) for figure in figures}
    policy = " ".join(_hash(script) for script in scripts)
    return environment.get_template("page.html").render(
        generator=export.GENERATOR,
        opening=opening,
        inside=inside or {},
        citation=_CITATION,
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        sections=sections,
        style=markupsafe.Markup(vega.resource("page.css")),
        scripts=[markupsafe.Markup(script) for script in scripts],
        policy=policy,
        figures=figures,
        folded=_folded(sections, opening.hero),
        open_findings=OPEN_FINDINGS,
        several=any(spec["usermeta"]["series"] for spec in specs.values()),
        specs=_json(
            {
                "figures": {name: vega.packed(spec) for name, spec in specs.items()},
                "conditions": _conditions(trials),
            }
        ),
    )


def _folded(sections: Sequence[Section], hero: Figure | None) -> set[str]:
    """Return the names of the figures that a section shows only by their titles."""
    folded: set[str] = set()
    for section in sections:
        own = [one for one in section.parts if isinstance(one, Figure) and one is not hero]
        folded.update(figure.name for figure in own[OPEN_FIGURES:])
    return folded


def _conditions(trials: pd.DataFrame | None) -> dict[str, dict[str, str]]:
    """Return what readers select conditions by.

    A page of several runs may show one of them by itself, whose conditions are its pruners.
    """
    if trials is None:
        return {}
    once = trials.drop_duplicates("condition").astype(str).set_index("condition")
    alone = {pruner: {"pruner": pruner} for pruner in once["pruner"]}
    parts = once[["task", "architecture", "pruner"]]
    return alone | {str(name): dict(row) for name, row in parts.iterrows()}


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
    """Return Vega, Vega-Lite and vega-embed as one script, in the versions that Altair needs.

    Bundling takes over a second: it is done once for each version, and kept in the cache.
    """

    def bundle() -> tuple[dict[str, np.ndarray], dict[str, str]]:
        import vl_convert

        made: Any = vl_convert.javascript_bundle  # its type stub requires a snippet
        return {"script": np.frombuffer(made(vl_version=vega.VEGA_LITE).encode(), np.uint8)}, {}

    versions = {
        "vl_convert": importlib.metadata.version("vl-convert-python"),
        "vega_lite": vega.VEGA_LITE,
    }
    return cache.load_or_make("vega", versions, bundle).arrays["script"].tobytes().decode()


def _hash(script: str) -> str:
    """Return the hash that allows only this script to run in the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
