"""Finding plugins: entry points, one-file plugins, owners, and keeping the broken ones apart."""

import inspect
import os
import textwrap
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness import UserError, testing
from harness.plugin import hookspecs, loading
from harness.plugin.parameters import Selection, parse

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HOOKS = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "harness_spec")}

IMPORTS = """
from dataclasses import dataclass
from typing import ClassVar
import pandas as pd
from harness import AbstractMetric, hookimpl
"""

GOOD = """
@dataclass(frozen=True)
class Zero(AbstractMetric):
    '''Nothing at all.'''
    name: ClassVar[str] = "zero"
    value: float = 0.0
    columns = {}
    def measure(self, trajectory):
        return pd.DataFrame()
"""

REGISTER = """
@hookimpl
def register_metrics():
    return [Zero]
"""


@pytest.fixture
def write(tmp_path):
    """Write a one-file plugin: `write(name, *parts)`."""

    def make(name, *parts):
        path = tmp_path / f"{name}.py"
        path.write_text(IMPORTS + "".join(textwrap.dedent(part) for part in parts))
        return path

    return make


def names(registry):
    return {(plugin.kind, plugin.name) for plugin in registry.plugins}


def failures(registry):
    """The failures of one-file plugins."""
    return [failure for failure in registry.failures if failure.source.endswith(".py")]


def test_entry_points_are_the_modules_of_plugins():
    points = PYPROJECT["project"]["entry-points"]["harness"]
    modules = {
        f"{path.parent.name}.{path.stem}": f"harness_plugins.{path.parent.name}.{path.stem}"
        for path in (ROOT / "plugins").glob("*/[!_]*.py")
    }
    assert points == modules


def test_packages_are_the_folders_of_the_tree():
    told = PYPROJECT["tool"]["setuptools"]
    assert told["package-dir"] == {"harness_plugins": "plugins", "harness_benchmarks": "benchmarks"}
    found = {
        ".".join((package, *path.parent.relative_to(ROOT / folder).parts))
        for package, folder in (("harness", "harness"), *told["package-dir"].items())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert sorted(told["packages"]) == sorted(found)
    for package in found:
        first, *rest = package.split(".")
        folder = ROOT.joinpath(told["package-dir"].get(first, first), *rest)
        assert (folder / "__init__.py").is_file(), f"{folder} has no __init__.py"


def test_the_wheel_has_every_other_file_of_the_packages():
    settings = PYPROJECT["tool"]["setuptools"]
    left_out = []
    for package in settings["packages"]:
        first, *rest = package.split(".")
        folder = ROOT.joinpath(settings["package-dir"].get(first, first), *rest)
        kept = settings["package-data"].get(package, [])
        others = (path for path in folder.iterdir() if path.is_file() and path.suffix != ".md")
        left_out += [
            path
            for path in others
            if path.suffix not in (".py", ".pyc") and not any(path.match(one) for one in kept)
        ]
    assert left_out == []


def test_built_in_plugins_are_found_under_the_distribution(registry):
    assert not registry.failures
    singular = {many: kind for kind, many in loading.PLURALS.items()}
    for name in PYPROJECT["project"]["entry-points"]["harness"]:
        kind, _, short = name.partition(".")
        plugin = registry.find(singular[kind], f"motif-harness:{short.replace('_', '-')}")
        assert plugin.source == f"motif-harness/{name}"


def test_every_hook_is_documented():
    assert HOOKS
    for name, hook in HOOKS.items():
        assert inspect.getdoc(hook), name
        assert inspect.signature(hook).return_annotation is not inspect.Signature.empty, name


def test_every_hook_is_in_the_guide_and_has_a_template_and_a_contract():
    guide = (ROOT / "plugins" / "README.md").read_text()
    for kind, many in loading.PLURALS.items():
        assert f"| `register_{many}` |" in guide
        assert f"| {many} | " in guide.partition("## What is checked")[2]
        template = (ROOT / "harness" / "templates" / f"{kind}.txt").read_text()
        assert f"@hookimpl\ndef register_{many}()" in template
        assert kind in testing._check._RULES


def test_every_hook_is_exercised_by_a_built_in_and_every_kind_has_one(registry):
    assert {f"register_{many}" for many in loading.PLURALS.values()} == set(HOOKS)
    built_in = {plugin.kind for plugin in registry.plugins if plugin.owner == "motif-harness"}
    assert built_in == set(loading.KINDS)


def test_every_plugin_is_described(registry):
    from harness.plugin.registry import describe

    for plugin in registry.plugins:
        assert describe(plugin.factory)[-1:] in (".", "?"), plugin


def test_file_named_is_loaded(write):
    path = write("mine", GOOD, REGISTER)
    registry = loading.load([path])
    plugin = registry.find("metric", "zero")
    assert (plugin.owner, plugin.source) == ("mine", str(path))
    assert plugin is registry.find("metric", "mine:zero")
    made = registry.make("metric", parse("zero[value=2]")[0])
    assert made == plugin.factory(value=2.0)


def test_unknown_parameter_names_the_plugin(write):
    registry = loading.load([write("mine", GOOD, REGISTER)])
    with pytest.raises(UserError, match=r"metric 'zero': unknown parameter 'valu'.*'value'"):
        registry.make("metric", Selection("zero", {"valu": 1}))


def test_path_of_files_and_folders_is_searched(write, tmp_path, monkeypatch):
    one = write("one", GOOD, REGISTER)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, plugin in (("two", "second"), ("three", "third"), ("_private", "hidden")):
        text = one.read_text().replace('"zero"', f'"{plugin}"')
        (folder / f"{name}.py").write_text(text)
    (folder / "notes.txt").write_text("no plugin")
    monkeypatch.setenv("HARNESS_PLUGINS", os.pathsep.join([str(one), "", str(folder)]))
    registry = loading.load()
    assert not failures(registry)
    assert {("metric", "zero"), ("metric", "second"), ("metric", "third")} <= names(registry)
    assert ("metric", "hidden") not in names(registry)
    assert registry.find("metric", "third").owner == "three"


def test_file_found_twice_is_loaded_once(write, monkeypatch):
    path = write("mine", GOOD, REGISTER)
    monkeypatch.setenv("HARNESS_PLUGINS", str(path))
    registry = loading.load([path, path])
    assert [plugin.name for plugin in registry.of("metric")].count("zero") == 1


BROKEN = {
    "raises": ("raise ValueError('out of order')", "ValueError: out of order"),
    "syntax": ("def (", "SyntaxError"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "imports": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "hook-raises": (
        """
        @hookimpl
        def register_metrics():
            raise RuntimeError("hook trouble")
        """,
        "RuntimeError: hook trouble",
    ),
    "hook-stops": (
        """
        @hookimpl
        def register_metrics():
            raise SystemExit("hook stop")
        """,
        "SystemExit: hook stop",
    ),
    "hook-unknown": (
        """
        @hookimpl
        def register_metricks():
            return []
        """,
        "register_metricks",
    ),
    "no-iterable": (
        """
        @hookimpl
        def register_metrics():
            return 3
        """,
        "TypeError",
    ),
    "no-class": (
        """
        @hookimpl
        def register_metrics():
            return [print]
        """,
        "is not a subclass of harness.AbstractMetric",
    ),
    "wrong-kind": (
        GOOD
        + """
@hookimpl
def register_tasks():
    return [Zero]
""",
        "is not a subclass of harness.AbstractTask",
    ),
    "abstract": (GOOD.replace("def measure", "def gauge") + REGISTER, "does not implement measure"),
    "not-frozen": (GOOD.replace("(frozen=True)", "") + REGISTER, "is not a frozen dataclass"),
    "no-dataclass": (
        GOOD.replace("@dataclass(frozen=True)", "") + REGISTER,
        "Zero is not a frozen dataclass",
    ),
    "nameless": (GOOD.replace('name: ClassVar[str] = "zero"', "") + REGISTER, "Zero.name is None"),
    "bad-name": (GOOD.replace('"zero"', '"Zero Point"') + REGISTER, "Zero.name is 'Zero Point'"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_plugin_is_listed_and_the_rest_load(write, tmp_path, monkeypatch, fault):
    text, error = BROKEN[fault]
    broken = write("broken", text)
    good = write("good", GOOD.replace('"zero"', '"fine"'), REGISTER)
    monkeypatch.setenv("HARNESS_PLUGINS", os.pathsep.join([str(broken), str(good)]))
    registry = loading.load()
    (failure,) = failures(registry)
    assert (failure.owner, failure.source) == ("broken", str(broken))
    assert error in failure.error
    assert "Traceback" in failure.traceback or fault == "syntax"
    assert {("metric", "fine"), ("pruner", "magnitude")} <= names(registry)
    assert ("metric", "zero") not in names(registry)
    with pytest.raises(UserError, match=r"unknown metric 'zero'.*failed to load: broken"):
        registry.find("metric", "zero")


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_plugin_that_was_named_is_the_users_error(write, fault):
    text, error = BROKEN[fault]
    broken = write("broken", text)
    with pytest.raises(UserError) as told:
        loading.load([broken])
    message = str(told.value)
    assert str(broken) in message
    assert error in message
    assert message.endswith("Fix the file, or leave it out.")


def test_error_of_a_named_file_has_its_line(write):
    path = write("broken", "def trouble():\n    return 1 / 0\n\n\nvalue = trouble()\n")
    line = path.read_text().splitlines().index("    return 1 / 0") + 1
    with pytest.raises(UserError, match=f'File "{path}", line {line}, in trouble'):
        loading.load([path])


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.py"):
        loading.load([tmp_path / "none.py"])
    (tmp_path / "some.txt").write_text("text")
    with pytest.raises(UserError, match=r"some\.txt"):
        loading.load([tmp_path / "some.txt"])


def test_broken_entry_point_is_listed(monkeypatch):
    broken = EntryPoint("metrics.gone", "no_such_package.gone", "harness")
    found = loading.entry_points

    def with_broken(**selection):
        return [*found(**selection), broken]

    monkeypatch.setattr(loading, "entry_points", with_broken)
    registry = loading.load()
    assert "no_such_package" in registry.failures[-1].error
    assert ("pruner", "magnitude") in names(registry)


def test_two_plugins_of_one_name(write):
    registry = loading.load([write("one", GOOD, REGISTER), write("two", GOOD, REGISTER)])
    listed = [plugin.owner for plugin in registry.of("metric") if plugin.name == "zero"]
    assert listed == ["one", "two"]
    with pytest.raises(UserError) as error:
        registry.find("metric", "zero")
    message = "metric 'zero' is registered by 'one' and 'two': write 'one:zero' or 'two:zero'."
    assert str(error.value) == message
    assert registry.find("metric", "two:zero").owner == "two"
    assert registry.make("metric", parse("one:zero[value=1]")[0]).value == 1


def test_a_name_taken_by_a_built_in_does_not_hide_it(write):
    text = GOOD.replace('"zero"', '"performance"')
    registry = loading.load([write("mine", text, REGISTER)])
    with pytest.raises(UserError, match="'mine' and 'motif-harness'"):
        registry.find("metric", "performance")
    assert registry.find("metric", "motif-harness:performance").owner == "motif-harness"


def test_files_of_one_stem_can_be_told_apart(write, tmp_path):
    one = write("same", GOOD, REGISTER)
    other = tmp_path / "folder" / "same.py"
    other.parent.mkdir()
    other.write_text(one.read_text())
    registry = loading.load([one, other])
    owners = [plugin.owner for plugin in registry.of("metric") if plugin.name == "zero"]
    assert len(set(owners)) == 2
    for owner in owners:
        assert registry.find("metric", f"{owner}:zero").owner == owner


def test_unknown_name_lists_the_closest_and_all(registry):
    with pytest.raises(UserError) as error:
        registry.find("pruner", "magnitud")
    message = str(error.value)
    assert "unknown pruner 'magnitud'. Did you mean 'magnitude'?" in message
    for plugin in registry.of("pruner"):
        assert plugin.name in message
    with pytest.raises(UserError, match="unknown pruner 'nobody:magnitude'"):
        registry.find("pruner", "nobody:magnitude")
