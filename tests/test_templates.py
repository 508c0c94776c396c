"""`harness new`: what it writes works as it is, and it refuses what would not."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness import UserError, templates, testing
from harness.plugin import loading
from harness.plugin.registry import KINDS

REGISTRY = loading.load()
RUFF = Path(sys.executable).parent / "ruff"


def write(kind, folder, name=None):
    return templates.write(kind, name or f"new-{kind}", folder, REGISTRY)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One plugin of each kind, in one folder."""
    folder = tmp_path_factory.mktemp("new plugins")
    return {kind: write(kind, folder) for kind in KINDS}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_keeps_the_contract(written, kind):
    file = written[kind].plugin
    assert file.name == f"new_{kind}.py"
    found = list(testing.check(str(file), loading.load([file])))
    assert {finding.plugin for finding in found} == {f"{kind} new-{kind}"}
    assert [finding.advice for finding in found if not finding.passed] == []


@pytest.mark.slow
def test_its_own_test_passes_and_finds_a_fault(written, tmp_path):
    file = written["metric"].plugin
    broken = file.read_text().replace('"kept": "how much of it is kept"', "")
    assert broken != file.read_text()
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / file.name).write_text(broken)
    (folder / "test_broken.py").write_text(written["metric"].test_file.read_text())
    # A process of its own, as its author has it: plain pytest, none of this project's settings.
    for place, code, told in ((file.parent, 0, "11 passed"), (folder, 1, "columns")):
        pytest_here = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(place))
        ran = subprocess.run(pytest_here, cwd=place, capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert told in ran.stdout


def test_ruff_has_nothing_to_say(written):
    folder = written["pruner"].plugin.parent
    for arguments in (("check",), ("format", "--diff")):
        ruff = (str(RUFF), *arguments, "--isolated", "--no-cache", ".")
        ran = subprocess.run(ruff, cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout


def test_a_pruner_is_short_and_asks_for_a_citation(written):
    text = written["pruner"].plugin.read_text()
    assert len(text.splitlines()) <= 40
    assert "cite" in text


def test_the_next_commands_are_in_the_file(written):
    for kind, one in written.items():
        check, test, run = one.commands
        assert check == f"harness check {one.plugin.name}"
        assert test == f"pytest {one.test_file.name}"
        others = {
            "study": f"harness study --plugin {one.plugin.name} new-study --networks 2",
            "exporter": f"harness export RUN --plugin {one.plugin.name} --as new-exporter --out",
            "null": f"harness run --plugin {one.plugin.name} ",
        }
        assert run.startswith(others.get(kind, f"harness run --plugin {one.plugin.name} "))
        named = {"study": "new-study", "exporter": "--as new-exporter", "null": "[null=new-null]"}
        assert named.get(kind, f"--{kind} new-{kind}") in run
        assert all(command in one.plugin.read_text() for command in one.commands)


@pytest.mark.parametrize("there", ["plugin", "test"])
def test_nothing_is_overwritten(tmp_path, there):
    first = write("metric", tmp_path)
    kept, other = (
        (first.plugin, first.test_file) if there == "plugin" else (first.test_file, first.plugin)
    )
    kept.write_text("mine")
    other.unlink()
    with pytest.raises(UserError, match=rf"'{kept}' exists and is not.*another name.*--out"):
        write("metric", tmp_path)
    assert kept.read_text() == "mine"
    assert not other.exists()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Mine", "lower-case letters"),
        ("my pruner", "lower-case letters"),
        ("../mine", "lower-case letters"),
        ("", "lower-case letters"),
        ("magnitude", "is already the name of a pruner of 'motif-harness'"),
        ("digits", "is already the name of a task of 'motif-harness'"),
        ("class", "Python allows no module 'class'"),
        ("true", "class 'True'"),
        ("2nd", "Use 'my-2nd'"),
        ("json", "would hide the Python module 'json'"),
        ("jax", "would hide the Python module 'jax'"),
        ("evidence", "would name the class 'Evidence', which the file needs"),
        ("score-pruner", "use 'my-score-pruner'"),
    ],
)
def test_names_that_will_not_do(tmp_path, name, problem):
    with pytest.raises(UserError) as error:
        templates.write("pruner", name, tmp_path, REGISTRY)
    assert problem in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_workflow_runs_the_tests_of_all_plugins(tmp_path):
    written = templates.write("pruner", "first", tmp_path, REGISTRY, workflow=True)
    assert written.workflow == tmp_path / ".github" / "workflows" / "plugins.yml"
    text = written.workflow.read_text()
    assert "python-version: ${{ matrix.python }}" in text
    assert text.endswith("- run: pytest\n")
    assert write("metric", tmp_path).workflow is None
    with pytest.raises(UserError, match=r"plugins\.yml' exists and is not overwritten"):
        templates.write("pruner", "second", tmp_path, REGISTRY, workflow=True)
    assert not (tmp_path / "second.py").exists()


def test_a_word_of_the_template_may_be_a_name(tmp_path):
    assert "class Keep(ScorePruner)" in write("pruner", tmp_path, "keep").plugin.read_text()
