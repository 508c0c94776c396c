"""Reads, checks and writes plugins with their parameters, as `name[field=value]`."""

import dataclasses
import itertools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import UserError, unknown
from harness.files import parsed_json

_SELECTION = re.compile(r"(?P<name>[^\[\]\s]+)\s*(?:\[(?P<parameters>.*)\])?", re.DOTALL)
_ASSIGNMENT = re.compile(r"\s*(?P<name>[^=\s]+)\s*=(?P<value>.*)", re.DOTALL)
MOST_IN_A_GRID = 100_000
"""Larger grids are refused before they fill the memory."""
_BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}


@dataclass(frozen=True)
class Selection:
    """A plugin as asked for: `name` or `owner:name`, and its parameters."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it as `parse` reads it."""
        return label(self.name, self.parameters)


def label(name: str, parameters: Mapping[str, Any]) -> str:
    """Return `name[field=value, ...]`, or the name alone where there are no parameters."""
    if not parameters:
        return name
    inside = ", ".join(f"{field}={_written(value)}" for field, value in parameters.items())
    return f"{name}[{inside}]"


def _written(value: Any) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w.-]*", value)
    return value if plain and _value(value) == value else json.dumps(value, ensure_ascii=False)


def _split(text: str, separator: str) -> list[str]:
    """Split `text` at the separators that stand outside brackets and quotes."""
    pieces, depth, quoted, current, escaped = [], 0, False, "", False
    for character in text:
        if character == separator and depth == 0 and not quoted:
            pieces.append(current)
            current = ""
            continue
        current += character
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            depth += _BRACKETS.get(character, 0)
    return [*pieces, current]


def _value(text: str) -> Any:
    text = text.strip()
    try:
        return parsed_json(text)
    except json.JSONDecodeError:
        return text
    except ValueError as error:
        raise UserError(f"the value {text[:30]}… cannot be read: {error}.") from None


def parse(text: str) -> list[Selection]:
    """Return all selections that `text` means.

    `mlp|cnn` is two selections, and so is `magnitude[scope=layer|global]`: bars between values make
    a grid. Values are read as JSON where they are JSON, otherwise as text; lists are values.
    """
    parts = _split(text, "|")
    return list(itertools.chain.from_iterable(_of_one(part) for part in parts))


def _of_one(text: str) -> list[Selection]:
    """Return the selections of one plugin."""
    match = _SELECTION.fullmatch(text.strip())
    if not match:
        raise UserError(f"cannot read '{text}': write NAME or NAME[field=value, field=value].")
    name, inside = match["name"], match["parameters"]
    if not inside or not inside.strip():
        return [Selection(name)]
    choices: dict[str, list[Any]] = {}
    for piece in _split(inside, ","):
        assignment = _ASSIGNMENT.fullmatch(piece)
        if not assignment:
            raise UserError(f"cannot read '{piece.strip()}' in '{text}': write field=value.")
        if assignment["name"] in choices:
            raise UserError(f"'{assignment['name']}' is given twice in '{text}'.")
        choices[assignment["name"]] = [_value(part) for part in _split(assignment["value"], "|")]
    if (number := math.prod(map(len, choices.values()))) > MOST_IN_A_GRID:
        raise UserError(f"'{text[:60]}…' means {number:,} plugins, over {MOST_IN_A_GRID:,}.")
    return [
        Selection(name, dict(zip(choices, values, strict=True)))
        for values in itertools.product(*choices.values())
    ]


def build(plugin: type[Any], parameters: Mapping[str, Any], *, kind: str) -> Any:
    """Return an instance of a plugin with these parameters, names and values checked.

    Raises `UserError` with the list of right names, or with what is right for a value.
    """
    from pydantic import TypeAdapter, ValidationError

    fields = {field.name for field in dataclasses.fields(plugin)}
    where = f"{kind} '{plugin.name}': "
    for name in parameters:
        if name not in fields:
            raise unknown("parameter", name, fields, where)
    # Defaults are checked too: a dataclass does not, and its default scope might be "layers".
    defaults = {field.name: _default(field) for field in dataclasses.fields(plugin)}
    given = {name: value for name, value in defaults.items() if value is not dataclasses.MISSING}
    try:
        return TypeAdapter(plugin).validate_python({**given, **parameters})
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))} = {problem['input']!r}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise UserError(where + "; ".join(problems) + ".") from None
    except ValueError as error:
        raise UserError(f"{where}{error}") from None


def values(instance: Any) -> dict[str, Any]:
    """Return all parameters of a plugin's instance by name, as JSON can hold them.

    One that is itself a plugin is given as text, with all its parameters.
    """
    plain = {field.name: getattr(instance, field.name) for field in dataclasses.fields(instance)}
    return json.loads(json.dumps(plain, default=lambda inner: label(inner.name, values(inner))))


def changed(instance: Any) -> dict[str, Any]:
    """Return the parameters of a plugin's instance that differ from their defaults."""
    defaults = {field.name: _default(field) for field in dataclasses.fields(instance)}
    plain = {name: _plain(default) for name, default in defaults.items()}
    found = {name: value for name, value in values(instance).items() if value != plain[name]}
    inner = {name: getattr(instance, name) for name in found}
    return {
        name: _short(inner[name]) if dataclasses.is_dataclass(inner[name]) else value
        for name, value in found.items()
    }


def described(plugin: type[Any]) -> dict[str, str]:
    """Return the default of every parameter of a plugin, as it would be written."""
    return {
        field.name: "required" if default is dataclasses.MISSING else _written(_plain(default))
        for field in dataclasses.fields(plugin)
        for default in [_default(field)]
    }


def _default(field: "dataclasses.Field[Any]") -> Any:
    make = field.default_factory
    return field.default if make is dataclasses.MISSING else make()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return label(value.name, values(value))  # type: ignore[union-attr]
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _short(instance: Any) -> str:
    return label(instance.name, changed(instance))
