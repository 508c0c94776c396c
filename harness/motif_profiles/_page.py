"""Profiles as one self-contained page, with a drawing of each class."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import files, motifs
from harness.motif_profiles._files import Profiles
from harness.motif_profiles._headlines import headlines
from harness.motif_profiles._show import by_null, described, explained, summary
from harness.motif_profiles._similarity import HEADS, MEANING, answer, similarity_tables
from harness.network_files import printable

if TYPE_CHECKING:
    import pandas as pd

_DRAWN = (2, 3, 4)

_STYLE = """<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
div { overflow-x: auto } table { border-collapse: collapse }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8885 }
td { white-space: nowrap } th:first-child, td:first-child { text-align: left }
caption { text-align: left; font-weight: 600; margin: 1rem 0 .3rem }
svg { vertical-align: middle; margin-right: .6rem }
ul.classes { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem;
  list-style: none; padding: 0; overflow-wrap: anywhere }
</style>
"""
_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
"""
_PAGE = (
    _HEAD
    + "<title>{{ title }}</title>\n"
    + _STYLE
    + """<h1>{{ title }}</h1>
{% for line in headlines %}<p><strong>{{ line }}</strong></p>
{% endfor %}<ul>{% for line in described %}<li>{{ line }}</li>
{% endfor %}</ul>
{% for title, heads, rows in tables %}<div><table><caption>{{ title }}</caption>
<thead><tr>
{%- for head in heads %}<th scope="col">{{ head | replace(" | ", ", ") }}</th>{% endfor -%}
</tr></thead>
<tbody>{% for row in rows %}<tr>{% for cell in row %}<td>
{%- if loop.first %}{{ drawn(cell) }}{% endif %}{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{% endfor %}{% for line in explained %}<p>{{ line }}</p>
{% endfor %}</html>
"""
)
_CLASSES = (
    _HEAD
    + "<title>Motif classes</title>\n"
    + _STYLE
    + """<h1>Motif classes of layered networks</h1>
<p>Edges run left to right, to the next layer. Long names give nodes per layer, then edges.</p>
{% for order in orders %}<h2>Order {{ order[0].order }}: {{ order | length }} classes</h2>
<ul class="classes">{% for one in order %}<li>{{ drawn(one.name) }}<br>{{ one.name }}<br>
nodes {{ one.layers | join("-") }}, |Aut| {{ one.automorphisms }}</li>
{% endfor %}</ul>
{% endfor %}</html>
"""
)


def write_html(profiles: Profiles, path: Path, alike: "pd.DataFrame | None" = None) -> None:
    """Write the short table and its explanation as one self-contained page.

    `alike` is the result of `similarities`, if it is wanted too.
    """
    tables = [(title, *summary(part)) for title, part in by_null(profiles)]
    if alike is not None:
        tables += [(title, list(HEADS), rows) for title, rows in similarity_tables(alike)]
    _write(
        path,
        _PAGE,
        title=_title(profiles),
        headlines=[*([] if alike is None else [answer(alike)]), *headlines(profiles)],
        described=described(profiles.wirings, profiles.notes),
        tables=tables,
        explained=[*explained(profiles), *([] if alike is None else [MEANING])],
    )


def _title(profiles: Profiles) -> str:
    """Return a title that names the files, up to three, without their folders."""
    names = [printable(Path(str(one)).name) for one in profiles.table["file"].unique()]
    return f"Motifs of {', '.join(names) if len(names) <= 3 else f'{len(names)} files'}"


def write_classes(path: Path) -> None:
    """Write a page of the motif classes of orders 2 to 4, each with its drawing."""
    _write(path, _CLASSES, orders=[motifs.classes(order) for order in _DRAWN])


def _write(path: Path, template: str, **facts: Any) -> None:
    from jinja2 import Environment
    from markupsafe import Markup

    pictures = {
        motif.name: Markup(motifs.drawing(motif))
        for order in _DRAWN
        for motif in motifs.classes(order)
    }

    def drawn(name: str) -> str:
        pattern = motifs.named(name)
        if pattern is not None and len(pattern.layers) == 1:
            return Markup(motifs.digraph_drawing(name))
        return pictures.get(name, "")

    page = Environment(autoescape=True).from_string(template)
    html = page.render(drawn=drawn, **facts)
    files.write(path, html.encode())
