"""What the documentation shows is so: its commands, its Python, its plugins, its lists."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest
import typer

import harness
from harness import motifs, network_files, report, testing
from harness.cli.app import app
from harness.plugin import loading

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {str(page.relative_to(DOCS)): page.read_text("utf-8") for page in DOCS.rglob("*.md")}
GROUP = typer.main.get_command(app)


def blocks(language, text):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files of the tutorial, to work in."""
    for file in (ROOT / "tests" / "data" / "mushroom_body").glob("left*.csv"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(text):
    """The commands of console blocks, each with the lines that it is to print."""
    for block in blocks("console", text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            yield command, [" ".join(line.split()) for line in lines if line.strip(" .")]


@pytest.mark.slow
def test_the_commands_of_the_tutorial_print_what_it_shows(folder):
    known = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "JAX_COMPILATION_CACHE_DIR": jax.config.values["jax_compilation_cache_dir"],
    }
    commands = list(shown(PAGES["tutorial.md"]))
    assert len(commands) > 3
    for command, lines in commands:
        ran = subprocess.run(
            shlex.split(command), capture_output=True, text=True, check=False, env=known
        )
        assert ran.returncode == 0, ran.stderr
        printed = iter(" ".join(line.split()) for line in ran.stdout.splitlines())
        missing = [line for line in lines if line not in printed]  # each after the one before it
        assert lines
        assert missing == [], f"$ {command}\n{ran.stdout}"


@pytest.mark.parametrize("page", [page for page in PAGES if ">>>" in PAGES[page]])
def test_python_of_a_page_gives_what_it_shows(page, folder):
    text = re.sub("^```.*", "", PAGES[page], flags=re.MULTILINE)  # a blank line ends an example
    examples = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    assert examples.examples
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(examples, out=said.append).failed == 0, "".join(said)


PLUGINS = {
    f"{page}: {name}": (name, code)
    for page, text in PAGES.items()
    for name, code in re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", text, re.DOTALL | re.M)
}
ELSEWHERE = {"howto/pruner.md: my_pruner.py"}  # checked, and its lines counted, in test_readme.py


@pytest.mark.slow
@pytest.mark.parametrize("shown_in", sorted(PLUGINS.keys() - ELSEWHERE))
def test_a_plugin_of_a_page_keeps_the_contract(shown_in, tmp_path):
    name, code = PLUGINS[shown_in]
    file = tmp_path / name
    file.write_text(code)
    findings = list(testing.check(str(file), loading.load([file])))
    assert findings
    assert [finding.advice for finding in findings if not finding.passed] == []


def test_every_kind_that_has_a_page_shows_a_plugin():
    kinds = ("pruner", "task", "architecture", "intervention", "metric", "study")
    assert [kind for kind in kinds if f"howto/{kind}.md" not in " ".join(PLUGINS)] == []


def commands():
    for page, text in PAGES.items():
        for line in text.splitlines():
            command = re.match(r"(?:    |\$ )(harness [a-z].*)", line)
            if command:
                yield page, command[1].split("  #")[0]


def test_every_command_of_a_page_has_these_options():
    found = 0
    for page, line in commands():
        _, name, *arguments = shlex.split(line, comments=True)
        assert name in GROUP.commands, f"{page}: {line}"
        command, found = GROUP.commands[name], found + 1
        known = {opt for one in command.params for opt in (*one.opts, *one.secondary_opts)}
        options = [word.split("=")[0] for word in arguments if word.startswith("-")]
        assert [option for option in options if option not in known] == [], f"{page}: {line}"
    assert found > 30


@pytest.mark.parametrize(
    ("module", "public"),
    [
        (harness, harness.__all__),
        *((one, None) for one in (motifs, network_files, report, testing)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_reference_has_every_public_name(module, public):
    pages = "\n".join(text for page, text in PAGES.items() if page.startswith("reference/"))
    if public is None:
        source = Path(module.__file__).read_text("utf-8")
        public = re.findall(r"^\s*from [\w.]+ import (\w+) as \1$", source, re.MULTILINE)
    named = {word for name in re.findall(r"harness(?:\.\w+)+", pages) for word in name.split(".")}
    assert sorted({*public} - named) == []
