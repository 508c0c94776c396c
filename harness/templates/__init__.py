"""Write new plugins, each a working file and its test, from the templates beside this file."""

import ast
import importlib.util
import keyword
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from harness import files
from harness.errors import UserError
from harness.plugin.loading import NAME
from harness.plugin.registry import Kind, Registry

WORKFLOW = Path(".github", "workflows", "plugins.yml")
"""Where GitHub looks for the workflow that tests the plugins of a repository."""


@dataclass(frozen=True)
class Written:
    """The files of a new plugin, and the next commands for its author, to run in their folder."""

    plugin: Path
    test_file: Path
    commands: tuple[str, ...]
    workflow: Path | None = None


def write(
    kind: Kind, name: str, folder: Path, registry: Registry, *, workflow: bool = False
) -> Written:
    """Write a plugin called `name` and its test into a folder, and a GitHub workflow if asked for.

    Raises `UserError`, and writes nothing, if the name cannot be used or one of the files exists.
    """
    words = _words(kind, name, registry)
    plugin, test, check = folder / words["file"], folder / words["test"], folder / WORKFLOW
    texts = {plugin: kind, test: "test"} | ({check: "workflow"} if workflow else {})
    for path in texts:
        if path.exists():
            raise UserError(
                f"'{path}' exists and is not overwritten: choose another name, another folder with "
                "--out, or move that file away."
            )
    _free_for_import(words["module"])
    for path, template in texts.items():
        files.write(path, Template(_template(template)).substitute(words).encode())
    commands = _commands(plugin.read_text("utf-8"))
    return Written(plugin, test, commands, check if workflow else None)


def _template(name: str) -> str:
    return (resources.files(__name__) / f"{name}.txt").read_text("utf-8")


def _commands(text: str) -> tuple[str, ...]:
    """Return the lines of the module's docstring after the first."""
    docstring = text.split('"""')[1]
    return tuple(line for line in docstring.splitlines()[1:] if line)


def _words(kind: Kind, name: str, registry: Registry) -> dict[str, str]:
    """Return the words to fill into templates. Raises `UserError` if the name cannot be used."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"a {kind} cannot be called '{name}': use lower-case letters, digits, - and _, as in "
            f"'my-{kind}'."
        )
    taken = registry.named(name)
    if taken:
        raise UserError(
            f"'{name}' is already the name of a {taken[0].kind} of '{taken[0].owner}': choose "
            "another. See `harness list`."
        )
    module = name.replace("-", "_")
    title = "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", name))
    if not module.isidentifier() or keyword.iskeyword(module) or keyword.iskeyword(title):
        raise UserError(
            f"a {kind} cannot be called '{name}': Python allows no module '{module}' or class "
            f"'{title}', because names begin with a letter and are no keywords. Use 'my-{name}'."
        )
    if title in _names(kind):
        raise UserError(
            f"'{name}' would name the class '{title}', which the file needs for something else: "
            f"use 'my-{name}'."
        )
    return {
        "kind": kind,
        "name": name,
        "module": module,
        "Class": title,
        "file": f"{module}.py",
        "test": f"test_{module}.py",
    }


def _names(kind: Kind) -> set[str]:
    """Return the names that a template's code uses, besides the plugin's."""
    tree = ast.parse(_template(kind).replace("${Class}", "plugin"))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.alias)
    }


def _free_for_import(module: str) -> None:
    """Raise `UserError` if a file of that name would hide a module that others import."""
    if importlib.util.find_spec(module) is not None:
        raise UserError(
            f"'{module}.py' would hide the Python module '{module}' from code that imports it: "
            f"use 'my-{module}'."
        )
