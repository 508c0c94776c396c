"""The classes of layered networks as one self-contained page, each with its drawing."""

from pathlib import Path

from harness import files, motifs

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
_CLASSES = (
    _HEAD
    + "<title>Motif classes</title>\n"
    + _STYLE
    + """<h1>Motif classes of layered networks</h1>
<p>Edges run left to right, to the next layer. Long names give nodes per layer, then edges.</p>
{% for order in orders %}<h2>Order {{ order[0].order }}: {{ order | length }} classes</h2>
<ul class="classes">{% for one in order %}<li>{{ pictures[one.name] }}<br>{{ one.name }}<br>
nodes {{ one.layers | join("-") }}, |Aut| {{ one.automorphisms }}</li>
{% endfor %}</ul>
{% endfor %}</html>
"""
)


def write_classes(path: Path) -> None:
    """Write a page of the motif classes of orders 2 to 4, each with its drawing."""
    from jinja2 import Environment
    from markupsafe import Markup

    orders = [motifs.classes(order) for order in _DRAWN]
    pictures = {one.name: Markup(motifs.drawing(one)) for order in orders for one in order}
    page = Environment(autoescape=True).from_string(_CLASSES)
    files.write(path, page.render(pictures=pictures, orders=orders).encode())
