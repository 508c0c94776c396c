"""The package that `plugins/README.md` shows can be built, installed, found and checked."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest

PAGE = (Path(__file__).parent.parent / "plugins" / "README.md").read_text("utf-8")
FILES = dict(re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
COMMANDS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package's sources, and the folder that it is installed into, without a network."""
    source, target = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("installed")
    for name, text in FILES.items():
        (source / name).write_text(text)
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "install", "-q", *offline, "--target", str(target))
    ran = subprocess.run((*pip, str(source)), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return source, target


@pytest.fixture
def with_it(installed, tmp_path):
    """Run a command of this environment in a process that sees the installed package."""

    def call(command, *arguments):
        environment = {
            **os.environ,
            "PYTHONPATH": str(installed[1]),
            "COLUMNS": "200",
            "JAX_COMPILATION_CACHE_DIR": jax.config.values["jax_compilation_cache_dir"],
        }
        return subprocess.run(
            (str(COMMANDS / command), *arguments),
            capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
        )  # fmt: skip

    return call


def test_the_page_shows_all_of_it():
    assert list(FILES) == ["pyproject.toml", "harness_travelled.py", "test_harness_travelled.py"]


def test_it_is_installed_with_its_entry_point(installed):
    _, target = installed
    assert (target / "harness_travelled.py").read_text() == FILES["harness_travelled.py"]
    (points,) = target.glob("*.dist-info/entry_points.txt")
    assert points.read_text().split() == ["[harness]", "travelled", "=", "harness_travelled"]


def test_it_is_listed_under_its_owner(with_it):
    ran = with_it("harness", "list", "pruners")
    assert (ran.returncode, ran.stderr) == (0, "")
    (line,) = (line for line in ran.stdout.splitlines() if "  travelled  " in line)
    assert "Keep the weights that training has moved farthest." in line
    assert line.endswith("harness-travelled")


@pytest.mark.slow
def test_it_keeps_the_contract(with_it):
    ran = with_it("harness", "check", "travelled")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert len(lines) > 5
    assert all(line.startswith("ok  ") for line in lines)


@pytest.mark.slow
def test_its_own_test_passes(installed, with_it):
    test = installed[0] / "test_harness_travelled.py"
    ran = with_it("pytest", "-p", "no:cacheprovider", "--rootdir", str(test.parent), str(test))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout
