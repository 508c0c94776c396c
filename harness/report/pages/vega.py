"""A figure's chart as Vega-Lite, for the page (with its colours and buttons) and for files."""

import hashlib
import json
import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

import altair as alt

from harness.report.legible import notes
from harness.tables.parts import Figure

SERIES = ("#0a6ebd", "#c8500a", "#0b7a5b", "#a4418f", "#8a6a00", "#5a4fcf", "#b3263e", "#4d6470")
"""Colours of series: distinct in all common forms of colour blindness, on white at 4:1."""

RULE = "#8c8c8c"
"""The colour of axes and reference lines."""

VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
"""The version of Vega-Lite that Altair writes for."""

LONGEST_NAME = 200
"""A longer name is cut in charts."""

PANEL = 200
"""The least width of a panel of small multiples, in pixels, of figures that give none."""
ENDS = "line_ends"
"""The name of the layer with labels at the ends of lines, which replace the legend."""

# Text and lines of a chart by the names that page.css gives colours to, light or dark, on screen
# and on paper: the SVG renderer puts the names into attributes, where the style sheet resolves
# them. In files, which have no style sheet, its light colours stand for the names.
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
    "title": {
        "anchor": "start",
        "color": "var(--ink)",
        "subtitleColor": "var(--quiet)",
        "fontSize": 15,
        "subtitleFontSize": 11.5,
        "subtitlePadding": 5,
        "offset": 14,
    },
    "legend": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--quiet)",
        "labelFontSize": 12.5,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 420,
        "symbolStrokeWidth": 3,
        "columnPadding": 18,
        "offset": 10,
    },
}
_FILE_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
_FILE_WIDTH, _FILE_HEIGHT = 640, 300  # of a chart that has no size of its own
_FILE_ROOM = 900  # for the names in its legend
_FILE_LINE = 110  # characters of title and caption


def to_dict(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as Vega-Lite, its data inside."""
    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict(validate=False)


def for_page(figure: Figure) -> dict[str, Any]:
    """Return a chart for the page: colours by name, and what page.js needs to lay it out."""
    spec = _mapped(_spec(figure), str)  # a copy, whose legend is taken out
    series = _take_legend(spec)
    spec = _mapped(spec, _named)
    spec["config"] = _CONFIG
    spec["usermeta"] = {
        "panel": figure.panel or PANEL,
        "longest": figure.longest,
        "axis": figure.axis,
        "series": series and _mapped(series, _named),
    }
    spec["description"] = figure.description
    return spec


def caption(figure: Figure) -> str:
    """Return the caption of a figure, and what its chart leaves out."""
    return figure.caption + notes(getattr(figure.chart, "data", None))


def for_file(figure: Figure) -> dict[str, Any]:
    """Return the chart for a file that stands alone, in a size fit for a paper.

    It is on white, with title, caption and legend.
    """
    spec = _mapped(_spec(figure), _light)
    spec["title"] = _heading(figure, spec.get("title"))
    config = _mapped(_CONFIG, _light) | {"background": "#ffffff", "font": _FILE_FONT}
    columns = max(1, _FILE_ROOM // (8 * figure.longest + 60))
    spec["config"] = config | {"legend": config["legend"] | {"columns": columns}}
    if "mark" in spec or "layer" in spec:
        spec["width"] = _FILE_WIDTH
        spec.setdefault("height", _FILE_HEIGHT)
    spec["description"] = figure.description
    return spec


def _heading(figure: Figure, level: dict[str, Any] | None) -> dict[str, Any]:
    """Return title and caption for a file; `level` is the chart's own title, the level shown."""
    shown = _printable(caption(figure)).replace("`", "")
    lines: Any = textwrap.wrap(shown, _FILE_LINE)
    if level is not None:
        expression = level["text"]["expr"] if isinstance(level["text"], dict) else None
        first = expression or json.dumps(level["text"])
        lines = {"expr": f"[{', '.join([first, *map(json.dumps, lines)])}]"}
    return {"text": textwrap.wrap(_printable(figure.title), _FILE_LINE), "subtitle": lines}


@lru_cache(maxsize=128)  # the page and the file of a chart need it
def _spec(figure: Figure) -> dict[str, Any]:
    return _mapped(to_dict(figure.chart), str, _plain)


def _plain(name: str) -> str:
    """Return a name that a chart can show; tables have it in full.

    XML and Vega's expressions exclude some characters, and very long names take seconds to measure.
    A name that is cut ends with its hash, so that it stays unique.
    """
    shown = _printable(name)
    if len(shown) <= LONGEST_NAME or shown.startswith("data:image/"):
        return shown
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()
    return f"{shown[:LONGEST_NAME]}… ({digest[:8]})"


def _printable(text: str) -> str:
    """Return text on one line, without characters that XML excludes."""
    lined = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]", " ", text)
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", lined)


def _take_legend(spec: dict[str, Any]) -> dict[str, Any] | None:
    """Remove the legend that picks series from a chart; return what its buttons need.

    Vega's legend cannot be used with a keyboard, and each has a selection of its own. The page has
    buttons instead, which set a plain variable: the names picked, where none means all.
    """
    params = spec.get("params", [])
    for number, param in enumerate(params):
        if param.get("bind") != "legend":
            continue
        name, (field,) = param["name"], param["select"]["fields"]
        colour, *colours = _encodings(spec, "color", field)
        shapes = _encodings(spec, "shape", field)
        for encoding in (colour, *colours, *shapes):
            encoding["legend"] = None
        params[number] = {"name": name, "value": []}
        picked = f"!length({name}) || indexof({name}, datum[{json.dumps(field)}]) >= 0"
        for condition in _dicts(spec):
            if condition.get("param") == name:
                del condition["param"]
                condition["test"] = picked
        return {
            "param": name,
            "title": colour.get("title") or "",
            "names": colour["scale"]["domain"],
            "colours": colour["scale"]["range"],
            "shapes": shapes[0]["scale"]["range"] if shapes else [],
            "ends": any(part.get("name") == ENDS for part in spec.get("layer", [])),
        }
    return None


def _encodings(spec: dict[str, Any], channel: str, field: str) -> list[dict[str, Any]]:
    found = (encodings.get(channel) for encodings in _dicts(spec))
    return [one for one in found if isinstance(one, dict) and one.get("field") == field]


_DATA = ("data", "datasets", "domain", "sort", "names")
"""The keys of a chart that hold texts from tables."""


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return all mappings within a chart, without its data."""
    if isinstance(value, dict):
        within = [_dicts(part) for key, part in value.items() if key not in _DATA]
        return [value, *(found for part in within for found in part)]
    if isinstance(value, list):
        return [found for part in value for found in _dicts(part)]
    return []


def _mapped(value: Any, change: Callable[[str], str], names: Callable[[str], str] = str) -> Any:
    """Return a chart with its texts changed by `change`, and texts from tables by `names`."""
    if isinstance(value, dict):
        return {
            key: _mapped(part, names if key in _DATA else change, names)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_mapped(part, change, names) for part in value]
    return change(value) if isinstance(value, str) else value


def _named(colour: str) -> str:
    if colour in SERIES:
        return f"var(--series-{SERIES.index(colour) + 1})"
    return "var(--rule)" if colour == RULE else colour


def _light(text: str) -> str:
    """Return the colour that a name has in the light scheme."""
    if text == "currentColor":
        return _light("var(--ink)")
    name = re.fullmatch(r"var\((--[\w-]+)\)", text)
    # The light scheme stands first in the style sheet.
    return re.findall(rf"{name[1]}: (#[0-9a-f]{{6}});", resource("page.css"))[0] if name else text


_PICKED = ("condition", "comparison", "task", "architecture", "pruner", "density", "null",
           "support", "step")  # fmt: skip
"""Columns that page.js and selection.js read, whether or not a chart shows them."""


def packed(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a chart with its data small: by column, numbers to six digits, repeated values once.

    A column is a list of values, or `{"of": values, "at": their numbers}`. Columns that neither the
    chart nor the page uses are left out. page.js makes rows of them.
    """
    rest = {key: part for key, part in spec.items() if key != "datasets"}
    used = json.dumps(rest, ensure_ascii=False)
    data = {
        name: {
            column: _column([row.get(column) for row in rows])
            for column in (rows[0] if rows else ())
            if column in _PICKED or column in used
        }
        for name, rows in spec.get("datasets", {}).items()
    }
    return {**rest, "datasets": data}


def _column(values: list[Any]) -> Any:
    rounded = [
        float(f"{value:.6g}") if isinstance(value, float) and not value.is_integer() else value
        for value in values
    ]
    if any(isinstance(value, list | dict) for value in values):
        return values
    places = {value: place for place, value in enumerate(dict.fromkeys(rounded))}
    if 3 * len(places) > len(values):
        return rounded
    return {"of": list(places), "at": [places[value] for value in rounded]}


def resource(name: str) -> str:
    """Return a file of this package as text."""
    return resources.files("harness.report.pages").joinpath(name).read_text(encoding="utf-8")
