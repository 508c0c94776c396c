"""The hash of a plugin's code changes with what the plugin imports, and with nothing else."""

import inspect
import sys
from pathlib import Path

import pytest

from harness.plugin import digest, loading

PLUGIN = '''
"""A metric."""
from dataclasses import dataclass
from typing import ClassVar
import json
import pandas as pd
from harness import AbstractMetric, hookimpl
{imports}

@dataclass(frozen=True)
class Zero(AbstractMetric):
    """Zero."""
    name: ClassVar[str] = "zero"
    columns = {{}}
    def measure(self, trajectory):
        {inside}
        return pd.DataFrame()
    def sections(self, report):
        from lab import unused
        return []

@hookimpl
def register_metrics():
    return [Zero]
'''


def edit(path):
    path.write_text(path.read_text() + "# edited\n")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose plugin imports `used` at its top and `later` inside a function."""
    files = {
        "__init__": "",
        "plugin": PLUGIN.format(imports="from . import used", inside="from lab.deep import later"),
        "used": "import lab.through as through\n",
        "through": "from .deep.named import value\n",
        "unused": "",
        "deep/__init__": "",
        "deep/later": "",
        "deep/named": "value = 1\n",
        "deep/other": "",
    }
    for name, text in files.items():
        path = tmp_path / "lab" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "lab"
    for name in [name for name in sys.modules if name.split(".")[0] == "lab"]:
        del sys.modules[name]


def test_what_is_imported_is_hashed_and_its_neighbours_are_not(package):
    from lab.plugin import Zero  # type: ignore[import-not-found]

    seen = {digest.source_digest(Zero())}
    for name in ("plugin", "used", "through", "deep/later", "deep/named"):
        edit(package / f"{name}.py")
        seen.add(digest.source_digest(Zero()))
    assert len(seen) == 6
    for name in ("unused", "deep/other"):  # a report alone imports the first
        edit(package / f"{name}.py")
    (package / "_new.py").write_text("new = 1\n")
    assert digest.source_digest(Zero()) in seen


@pytest.mark.parametrize("text", ["import shared", "from shared import value"])
def test_a_plugin_of_one_file_shares_the_files_beside_it(tmp_path, monkeypatch, text):
    monkeypatch.syspath_prepend(tmp_path)
    shared = tmp_path / "shared.py"
    shared.write_text("value = 1\n")
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(imports=text, inside="pass"))
    (plugin,) = (one for one in loading.load([path]).plugins if one.name == "zero")
    once = digest.source_digest(plugin.factory())
    (tmp_path / "_beside.py").write_text("other = 1\n")
    assert digest.source_digest(plugin.factory()) == once
    edit(shared)
    assert digest.source_digest(plugin.factory()) != once
    sys.modules.pop("shared", None)


@pytest.mark.parametrize(
    "text",
    [
        "from lab.deep.named import value",
        "import lab.deep.named as named",
        "try:\n    from .deep import named\nexcept ImportError:\n    from deep import named",
    ],
)
def test_a_file_of_a_package_that_is_given_by_its_path_has_what_it_imports(
    package, monkeypatch, text
):
    monkeypatch.syspath_prepend(package)
    path = package / "mine.py"
    path.write_text(PLUGIN.format(imports=text, inside="pass"))
    (plugin,) = (one for one in loading.load([path]).plugins if one.name == "zero")
    once = digest.source_digest(plugin.factory())
    edit(package / "unused.py")
    edit(package / "deep" / "other.py")
    assert digest.source_digest(plugin.factory()) == once
    edit(package / "deep" / "named.py")
    assert digest.source_digest(plugin.factory()) != once
    for name in [name for name in sys.modules if name.split(".")[0] == "deep"]:
        del sys.modules[name]


def test_every_file_of_the_built_in_plugins_is_in_the_digest_of_one(registry):
    """A helper that no plugin imports could be edited without a change of any key."""
    hashed = set()
    for plugin in registry.plugins:
        hashed |= digest._files(plugin.factory)
    (home,) = {
        Path(inspect.getfile(p.factory)).parents[1]
        for p in registry.plugins
        if "harness_plugins." in p.factory.__module__
    }
    private = {path for path in home.rglob("*.py") if path.name != "__init__.py"}
    computed = {"_nulls.py", "_teacher_matching.py", "_topology_measures.py", "_would_be.py"}
    shown = {path for path in home.glob("metrics/_*.py") if path.name not in computed}
    assert private - shown == hashed & private, "and what only shows numbers changes none"


def test_the_source_of_what_a_plugin_wraps_is_in_its_digest(registry):
    inverted = registry.find("pruner", "inverted").factory
    names = ("magnitude", "random")
    one, other = (inverted(of=registry.find("pruner", name).factory()) for name in names)
    assert digest.source_digest(one) != digest.source_digest(other)
