"""The rooms of the harness: who imports whom, what the core does not know, how long files are."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from harness.report import pruner_comparison

ROOT = Path(__file__).parent.parent
HARNESS = ROOT / "harness"
CORE = sorted(HARNESS.rglob("*.py"))
SOURCES = CORE + sorted((ROOT / "plugins").rglob("*.py"))

# From the ground up: a room imports only from rooms above it in this list. `harness.motifs` and
# `harness.report` are one room each, whatever they hold.
LAYERS = (
    ("types", "errors", "progress", "options", "places"),
    ("finite", "settings", "commits"),
    ("files", "seeds", "stats", "masks", "graph", "provenance", "memory"),
    ("compiled", "placement"),
    ("motifs", "cache", "snapshot", "records", "wirings"),
    ("evidence",),
    ("abstract", "trajectory"),
    ("hookspecs", "parameters"),
    ("plugins",),
    ("digest",),
    ("ensemble",),
    ("train", "checkpoint"),
    ("experiment",),
    ("dense",),
    ("runner",),
    ("measuring", "tables"),
    ("store", "estimate", "thinned"),
    ("folders",),
    ("executors",),
    ("report",),
    ("api",),
    ("templates", "testing", "terminal"),
    ("profiles", "studies", "authoring", "bench"),
    ("reporting",),
    ("cli",),
)
# Within a layer a room may import one before it in its tuple, as here.
BESIDE = {("trajectory", "abstract"), ("hookspecs", "abstract")}

TASKS_AND_PRUNERS = {
    path.stem.replace("_", "-")
    for kind in ("tasks", "pruners")
    for path in (ROOT / "plugins" / kind).glob("[!_]*.py")
}
DEFAULTS = {
    # What a run does where nothing is said has to be named somewhere.
    ("experiment.py", "quick"),
    ("experiment.py", "performance"),
    ("experiment.py", "motifs"),
    ("experiment.py", "sampled"),
    ("api.py", "quick"),
    ("api.py", "performance"),
    ("api.py", "motifs"),
    ("api.py", "sampled"),
}
TABLES = {
    # The report and the closing tables read the tables of these metrics where a run has them.
    ("terminal.py", "motifs"),
    ("report/sections/degree_null.py", "sampled"),
    # What was left out of tables that were kept without their run.
    *(("thinned.py", table) for table in ("motifs", "performance", "sampled")),
    ("report/collection.py", "motifs"),
    ("report/collection.py", "performance"),
    ("report/sections/motifs.py", "motifs"),
    ("report/sections/performance.py", "performance"),
    # Sections of these names.
    ("report/sections/__init__.py", "motifs"),
    ("report/sections/__init__.py", "performance"),
    # What a task can offer, which is no schedule.
    ("testing/_tiny.py", "linear"),
    ("testing/_answers.py", "linear"),
    ("testing/_task.py", "linear"),
    # The null of that name, which is no schedule.
    ("motifs/_nulls.py", "published"),
    ("motifs/_sampled.py", "published"),
    ("profiles/_files.py", "published"),
    ("profiles/_show.py", "published"),
    ("options.py", "published"),
    # How p was had, which is no metric.
    ("profiles/_files.py", "sampled"),
    # A module of the harness itself.
    ("__init__.py", "motifs"),
    ("options.py", "motifs"),
}
WRAPPED_BY_DEFAULT = {
    *((control, "magnitude") for control in ("shuffled", "reinitialised", "inverted")),
    ("matched_random", "magnitude"),
    ("jittered", "quick"),
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


class _WithoutTyping(ast.NodeTransformer):
    """What a module runs: no `if TYPE_CHECKING` blocks."""

    def visit_If(self, node):
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(other) for other in node.orelse]
        return self.generic_visit(node)


def imports(path):
    """The modules a file imports when it runs, at its top or later, each as its dotted parts."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(_WithoutTyping().visit(ast.parse(path.read_text()))):
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


def test_every_room_has_its_layer():
    rooms = {room(path) for path in CORE} - {"harness"}
    placed = [one for layer in LAYERS for one in layer]
    assert sorted(placed) == sorted(rooms)


@pytest.mark.parametrize("path", [path for path in CORE if room(path) != "harness"], ids=name)
def test_imports_come_from_layers_above_only(path):
    height = {one: number for number, layer in enumerate(LAYERS) for one in layer}
    here = room(path)
    for other in rooms_imported(path):
        allowed = other == here or height[other] < height[here] or (here, other) in BESIDE
        assert allowed, f"{name(path)} imports harness.{other}, which is not above {here}"


def test_importing_the_package_imports_nothing():
    assert not [parts for parts in imports(HARNESS / "__init__.py") if parts[0] == "harness"]


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
                assert parts[1] == path.parent.name, f"{name(path)} imports {'.'.join(parts)}"
                if not parts[2].startswith("_"):
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
    known.remove("pruners")  # a study, and what the core calls a kind of plugin
    found = set()
    for path in CORE:
        for line, text in texts(path):
            named = re.fullmatch(r"(?:[\w-]+[:.])?([a-z][\w-]*)(?:\[.*\])?", text)
            if named and named[1] in known:
                place = (str(path.relative_to(HARNESS)), named[1])
                allowed = DEFAULTS | TABLES | EXPECTED
                assert place in allowed, f"{name(path)}, line {line}: '{text}'"
                found.add(place)
    found -= EXPECTED
    assert found == DEFAULTS | TABLES, "allowed here, but no longer needed"
    assert not {text for _, text in found} & TASKS_AND_PRUNERS


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= 60, f"{name(path)}: {node.name} has {length} lines"


def test_most_files_are_under_200_lines():
    sizes = [len(path.read_text().splitlines()) for path in SOURCES if path.name != "__init__.py"]
    assert statistics.median(sizes) < 200


def test_no_file_is_called_utils():
    vague = {"utils", "util", "helpers", "misc", "common"}
    assert not {path.stem.strip("_") for path in SOURCES} & vague
