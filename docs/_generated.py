"""Parts of pages that are made from the code, where a page has `{{ commands }}` and the like."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from _picture import two_nulls


def commands() -> Iterator[str]:
    """Yield the reference of the command line, from the Typer app."""
    import typer

    from harness.cli.app import app

    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        context = command.make_context(name, [], resilient_parsing=True)
        yield f"## harness {name}\n\n{command.help}\n"
        records = (param.get_help_record(context) for param in command.params)
        rows = [f"| {_code(left)} | {_cell(right)} |" for left, right in filter(None, records)]
        if rows:
            yield "\n".join(["| option | meaning |", "|---|---|", *rows, ""])


def plugins() -> Iterator[str]:
    """Yield every plugin of this package by kind: its name, its sentence, its parameters."""
    from harness.plugin.loading import load
    from harness.plugin.parameters import described
    from harness.plugin.registry import KINDS, PLURALS, describe

    registry = load()
    for kind in KINDS:
        known = [one for one in registry.of(kind) if one.owner == "motif-harness"]
        if not known:
            continue
        yield f"## {PLURALS[kind].capitalize()}\n"
        yield "| name and parameters | what it does |\n|---|---|"
        for one in known:
            values = described(one.factory).items()
            parameters = "<br>".join(_code(f"{field}={value}") for field, value in values)
            yield f"| **{one.name}**<br>{parameters} | {_cell(describe(one.factory))} |"
        yield ""


def classes() -> Iterator[str]:
    """Yield the named motif classes with their drawings."""
    from harness import motifs

    for order in (2, 3):
        yield f"**Order {order}: {order + 1} nodes**\n\n| | name | edges |\n|---|---|---|"
        for one in motifs.classes(order):
            drawn = motifs.drawing(one).replace("\n", "")
            yield f"| {drawn} | `{one.name}` | {_code(motifs.sketch(one.name))} |"
        yield ""


def picture() -> Iterator[str]:
    """Yield the picture of the first page."""
    yield f"```{{raw}} html\n{two_nulls()}\n```"


def cluster() -> Iterator[str]:
    """Yield the name of the page on clusters if there is one."""
    if (Path(__file__).parent / "cluster.md").exists():
        yield "cluster"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", escape(text, quote=False)).replace("|", "\\|").replace("*", "\\*")


_MADE = {
    "commands": commands,
    "plugins": plugins,
    "classes": classes,
    "picture": picture,
    "cluster": cluster,
}


def setup(app: Any) -> dict[str, bool]:
    """Fill in the parts when Sphinx reads a page."""

    def fill(app: Any, page: str, source: list[str]) -> None:
        for name, made in _MADE.items():
            mark = f"{{{{ {name} }}}}"
            if mark in source[0]:
                source[0] = source[0].replace(mark, "\n".join(made()))

    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
