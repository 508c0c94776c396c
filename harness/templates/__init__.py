"""New plugins: a file that works as it is, and its test, written from the templates beside this."""

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


@dataclass(frozen=True)
class Written:
    """The files of a new plugin, and the commands that its author may give next, beside them."""

    plugin: Path
    test_file: Path
    commands: tuple[str, ...]


def write(kind: Kind, name: str, folder: Path, registry: Registry) -> Written:
    """Write a plugin called `name` and its test into a folder.

    Raises `UserError` for a name that cannot be used, and where one of the files is there already;
    nothing is written then.
    """
    words = _words(kind, name, registry)
    plugin, test = folder / words["file"], folder / words["test"]
    for path in (plugin, test):
        if path.exists():
            raise UserError(
                f"'{path}' is there already and is not overwritten: choose another name, another "
                "folder with --out, or move that file away."
            )
    _free_for_import(words["module"])
    text = Template(_template(kind)).substitute(words)
    files.write(plugin, text.encode())
    files.write(test, Template(_template("test")).substitute(words).encode())
    return Written(plugin, test, _commands(text))


def _template(name: str) -> str:
    return (resources.files(__name__) / f"{name}.txt").read_text("utf-8")


def _commands(text: str) -> tuple[str, ...]:
    """The lines of the module's docstring after the first."""
    told = text.split('"""')[1]
    return tuple(line for line in told.splitlines()[1:] if line)


def _words(kind: Kind, name: str, registry: Registry) -> dict[str, str]:
    """What is put into the templates. Raises `UserError` for a name that will not do."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"a {kind} cannot be called '{name}': lower-case letters, digits, - and _ are right, "
            f"as in 'my-{kind}'."
        )
    taken = registry.named(name)
    if taken:
        raise UserError(
            f"'{name}' is the name of a {taken[0].kind} of '{taken[0].owner}' already: choose "
            "another. See `harness list`."
        )
    module = name.replace("-", "_")
    title = "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", name))
    if not module.isidentifier() or keyword.iskeyword(module) or keyword.iskeyword(title):
        raise UserError(
            f"a {kind} in a file of its own cannot be called '{name}': Python has no module "
            f"'{module}' or class '{title}', as names begin with a letter and keywords are none. "
            f"'my-{name}' is right."
        )
    if title in _names(kind):
        raise UserError(
            f"'{name}' would call the class '{title}', which the file needs for something else: "
            f"'my-{name}' is right."
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
    """The names that the code of a template uses besides that of the plugin."""
    tree = ast.parse(_template(kind).replace("${Class}", "plugin"))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.alias)
    }


def _free_for_import(module: str) -> None:
    """Raise `UserError` where a file of that name would hide a module that others import."""
    if importlib.util.find_spec(module) is not None:
        raise UserError(
            f"'{module}.py' would hide the Python module '{module}' from whatever imports it: "
            f"'my-{module}' is right."
        )
