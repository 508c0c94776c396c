"""The rules about the documentation of a plugin of any kind."""

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Any

from harness.plugin.pruner import AbstractPruner
from harness.plugin.registry import KINDS
from harness.testing._finding import Rule, SuggestionError, expect

_HEADING = "**Parameters:**"
_YEAR = re.compile(r"\b(1[89]|20)\d\d\b")
_BULLET = re.compile(r"^\s*- `(\w+)`", re.MULTILINE)


def rules(plugin: type[Any]) -> Iterator[Rule]:
    """Yield the rules of documentation."""
    yield Rule("says in a sentence what it is", partial(_described, plugin))
    yield Rule("documents its parameters", partial(_parameters, plugin))
    yield Rule("annotates its parameters", partial(_annotated, plugin))
    if issubclass(plugin, AbstractPruner):
        yield Rule("cites the paper that it implements, if it does", partial(_cites, plugin))


def _docstring(plugin: type[Any]) -> str:
    """Return what the author wrote, without the signature that `dataclass` puts in its place."""
    text = plugin.__doc__ or ""
    return "" if text.startswith(f"{plugin.__name__}(") else text


def _described(plugin: type[Any]) -> None:
    text = _docstring(plugin).strip()
    first = text.splitlines()[0].rstrip() if text else ""
    state = f"begins with {first!r}" if first else "is missing"
    expect(
        first.endswith((".", "?", "!")),
        f"the docstring of {plugin.__name__} {state}: write one whole sentence into its first "
        "line, which `harness list` shows.",
    )


def _parameters(plugin: type[Any]) -> None:
    """Check that docstrings of the class and its bases name all parameters, and no others."""
    lists = "\n".join(_list(base) for base in plugin.__mro__)
    own = {field.name for field in fields(plugin)}
    missing = [name for name in own - _shared(plugin) if f"`{name}`" not in lists]
    expect(
        not missing,
        f"the docstring of {plugin.__name__} says nothing of {_ticked(missing)}: after a line "
        f"'{_HEADING}' write a line for each, '- `name`: what it does, its unit'.",
    )
    gone = set(_BULLET.findall(_list(plugin))) - own
    expect(
        not gone,
        f"the docstring of {plugin.__name__} names {_ticked(gone)}, but the class has no such "
        f"field: its fields are {_ticked(own) or 'none'}.",
    )


def _annotated(plugin: type[Any]) -> None:
    """Check for assignments without annotation, which a dataclass does not make parameters."""
    base = {
        name
        for parent in plugin.__mro__[1:]
        for name in (*vars(parent), *vars(parent).get("__annotations__", {}))
    }
    plain = (int, float, str, bool, tuple)
    bare = [
        name
        for name, value in vars(plugin).items()
        if isinstance(value, plain) and not name.startswith("_") and name not in base
        if name not in vars(plugin).get("__annotations__", {})
    ]
    expect(
        not bare,
        f"{_ticked(bare)} of {plugin.__name__} has no annotation, so it is no parameter: write "
        "`name: int = 3`, or `name: ClassVar[int] = 3` if nobody may set it.",
    )


def _list(plugin: type[Any]) -> str:
    return _docstring(plugin).partition(_HEADING)[2]


def _shared(plugin: type[Any]) -> set[str]:
    """Return fields that the harness's abstract classes document, as `scope` of ScorePruner."""
    interfaces = {kind.__module__ for kind in KINDS.values()}
    bases = [base for base in plugin.__mro__ if base.__module__ in interfaces]
    return {name for base in bases for name in vars(base).get("__annotations__", {})}


def _ticked(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _cites(plugin: type[Any]) -> None:
    if not any(_YEAR.search(_docstring(base)) for base in plugin.__mro__):
        raise SuggestionError(
            f"the docstring of {plugin.__name__} has no year in it. If it implements a paper, cite "
            "it: authors, year, where to find it, which equation."
        )
