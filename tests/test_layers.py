"""The rooms of the harness: who imports whom, what the core does not know, how long files are."""

import ast
import graphlib
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from harness.report import pruner_comparison

ROOT = Path(__file__).parent.parent
HARNESS = ROOT / "harness"
CORE = sorted(HARNESS.rglob("*.py"))
SOURCES = CORE + sorted((ROOT / "plugins").rglob("*.py"))

# From the ground up: a room imports only from rooms before it, in type-only imports too.
ROOMS = (
    *("errors", "types", "progress", "files", "cache", "machine", "sparse", "datasets"),
    *("networks", "stats", "motifs", "tables", "results", "plugin", "report"),
    *("experiment", "training", "execution", "api", "studies"),
    *("network_files", "motif_profiles", "importing", "bench", "templates", "testing", "cli"),
)

TASKS_AND_PRUNERS = {
    path.stem.replace("_", "-")
    for kind in ("tasks", "pruners")
    for path in (ROOT / "plugins" / kind).glob("[!_]*.py")
}
DEFAULTS = {
    # What a run does where nothing is said has to be named somewhere.
    ("experiment/config.py", "performance"),
    ("experiment/config.py", "motifs"),
    ("experiment/config.py", "sampled"),
    ("plugin/task.py", "quick"),
    ("api.py", "performance"),
    ("api.py", "motifs"),
    ("api.py", "sampled"),
    ("plugin/task.py", "mlp"),
    ("cli/run.py", "serial"),
}
OTHER_MEANINGS = {
    # What a task can offer, which is no schedule.
    ("testing/_tiny.py", "linear"),
    ("testing/_answers.py", "linear"),
    ("testing/_architecture.py", "linear"),
    # The null of that name, which is no schedule.
    ("motifs/_nulls.py", "published"),
    ("motifs/_sampled.py", "published"),
    ("motif_profiles/_files.py", "published"),
    ("motif_profiles/_show.py", "published"),
    ("motif_profiles/_words.py", "published"),
    ("cli/options.py", "published"),
    # How p was had, which is no metric.
    ("motif_profiles/_files.py", "sampled"),
    # A module of the harness itself.
    ("__init__.py", "motifs"),
    ("cli/options.py", "motifs"),
}
WRAPPED_BY_DEFAULT = {
    ("by_layer", "geometric"),
    ("finer", "quick"),
    ("frozen_ends", "geometric"),
    ("inverted", "magnitude"),
    ("jittered", "quick"),
    ("near_teacher", "teacher"),
    ("shuffled_targets", "digits"),
    ("snapshots", "quick"),
}
EXPECTED = {
    # Baselines and controls that a report looks for among a run's pruners, whether or not there is
    # a plugin of that name.
    ("report/pruner_comparison.py", pruner)
    for pruner in (*pruner_comparison.BASELINES, *pruner_comparison.CONTROLS)
}


def name(path):
    return str(path.relative_to(ROOT))


def room(path):
    """The room of a file of the harness: its module or its package."""
    parts = path.relative_to(HARNESS).with_suffix("").parts
    return "harness" if parts == ("__init__",) else parts[0]


def imports(path):
    """The modules a file imports, at its top or later or for types only, as their dotted parts."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = tuple((node.module or "").split(".")) if node.module else ()
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield from ((*base, *module, alias.name) for alias in node.names)


def rooms_imported(path):
    own = {room(other) for other in CORE}
    for parts in imports(path):
        if parts[0] == "harness":
            assert len(parts) > 1, f"{name(path)} imports all of harness"
            assert parts[1] in own, f"{name(path)} imports {'.'.join(parts)}: name its module"
            yield parts[1]


def test_the_rooms_are_listed():
    assert sorted(ROOMS) == sorted({room(path) for path in CORE} - {"harness"})


@pytest.mark.parametrize("path", [path for path in CORE if room(path) != "harness"], ids=name)
def test_a_room_imports_from_rooms_before_it(path):
    here = room(path)
    for other in rooms_imported(path):
        allowed = ROOMS.index(other) <= ROOMS.index(here)
        assert allowed, f"{name(path)} imports harness.{other}, which comes after {here}"


def test_modules_do_not_import_each_other_in_a_circle():
    known = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in CORE}
    sorter = graphlib.TopologicalSorter()
    for module, path in known.items():
        if path.name == "__init__.py":  # it names what its package offers
            continue
        for parts in imports(path):
            while parts and ".".join(parts) not in known:
                parts = parts[:-1]
            if parts:
                sorter.add(module, ".".join(parts))
    sorter.prepare()


def test_importing_the_package_imports_nothing():
    run = "import sys, harness; print([m for m in sys.modules if m.startswith('harness.')])"
    assert subprocess.check_output([sys.executable, "-c", run], text=True).strip() == "[]"


def test_the_core_imports_no_plugin():
    for path in CORE:
        outside = {parts[0] for parts in imports(path)}
        assert not outside & {"harness_plugins", "plugins", "tests"}, name(path)


def test_plugins_import_public_modules_of_the_core_only():
    for path in (ROOT / "plugins").rglob("*.py"):
        for parts in imports(path):
            private = [part for part in parts[1:] if part.startswith("_")]
            assert parts[0] != "harness" or not private, f"{name(path)} imports {'.'.join(parts)}"


def test_plugins_do_not_import_each_other():
    """But for private modules of their own folder, which take part in `source_digest`.

    And for what a plugin that wraps another wraps by default: the source of what it wraps takes
    part in its digest, whichever it is.
    """
    found = set()
    for path in (ROOT / "plugins").rglob("[!_]*.py"):
        for parts in imports(path):
            if parts[0] in ("harness_plugins", "plugins") and len(parts) > 2:
                if parts[2].startswith("_"):
                    assert parts[1] == path.parent.name, f"{name(path)} imports {'.'.join(parts)}"
                else:
                    found.add((path.stem, parts[2]))
    assert found == WRAPPED_BY_DEFAULT


def texts(path):
    """The strings of a file's code with their lines, docstrings and messages left out.

    Of messages, f-strings are left out here; sentences are no plugin's name anyway.
    """
    tree = ast.parse(path.read_text())
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if not isinstance(parents[node], ast.Expr | ast.JoinedStr):
            yield node.lineno, node.value


def test_the_core_names_no_built_in_plugin():
    known = {path.stem.replace("_", "-") for path in (ROOT / "plugins").glob("*/[!_]*.py")}
    assert {"magnitude", "moth", "motifs", "quick"} <= known
    # Studies; the core calls kinds of plugin, and a table, so.
    known -= {"pruners", "architectures", "training", "schedules", "tasks", "function", "scale"}
    found = set()
    for path in CORE:
        for line, text in texts(path):
            named = re.fullmatch(r"(?:[\w-]+[:.])?([a-z][\w-]*)(?:\[.*\])?", text)
            if named and named[1] in known:
                place = (str(path.relative_to(HARNESS)), named[1])
                allowed = DEFAULTS | OTHER_MEANINGS | EXPECTED
                assert place in allowed, f"{name(path)}, line {line}: '{text}'"
                found.add(place)
    found -= EXPECTED
    assert found == DEFAULTS | OTHER_MEANINGS, "allowed here, but no longer needed"
    assert not {text for _, text in found} & TASKS_AND_PRUNERS


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= 60, f"{name(path)}: {node.name} has {length} lines"


def test_most_files_are_under_150_lines():
    sizes = [len(path.read_text().splitlines()) for path in SOURCES if path.name != "__init__.py"]
    assert statistics.median(sizes) < 150


def test_no_file_is_called_utils():
    vague = {"utils", "util", "helpers", "misc", "common"}
    assert not {path.stem.strip("_") for path in SOURCES} & vague
