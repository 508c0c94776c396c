"""The kept copy of what `harness list` shows: used for the same code alone."""

import os
import subprocess
import sys

import pytest

from harness import cache
from harness.plugin import listing


@pytest.fixture
def lines(registry, tmp_path, monkeypatch):
    """All lines, kept in an empty folder, for code that is one file."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    code = tmp_path / "code.py"
    code.write_text("one = 1")
    monkeypatch.setattr(listing, "_files", lambda package: iter([code]))
    lines = listing.listing(registry)
    listing.keep(lines)
    return lines


def test_what_is_kept_is_what_was_made(lines):
    assert listing.kept() == lines
    assert "magnitude" in {line.name for line in lines["pruners"]}


def test_a_changed_file_makes_it_anew(lines, tmp_path):
    (tmp_path / "code.py").write_text("one = 12")
    assert listing.kept() is None
    listing.keep(lines)
    assert listing.kept() == lines
    assert len(list(cache.listing().iterdir())) == 1, "older copies go"


def test_an_installed_package_makes_it_anew(lines, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    assert listing.kept() is None
    listing.keep(lines)
    (tmp_path / "package").mkdir()
    assert listing.kept() is None


def test_plugins_of_the_environment_can_import_anything(lines, monkeypatch):
    monkeypatch.setenv("HARNESS_PLUGINS", "some.py")
    assert listing.kept() is None


@pytest.mark.parametrize("content", ["", "[1]", '{"pruners": [{"name": 1}]}', '{"pruners": 3}'])
def test_a_damaged_copy_is_as_none(lines, content):
    (path,) = cache.listing().iterdir()
    path.write_text(content)
    assert listing.kept() is None


def test_a_folder_that_cannot_be_written_is_no_error(lines, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file" / "cache"))
    listing.keep(lines)
    assert listing.kept() is None


def test_clearing_the_cache_clears_it(lines):
    assert cache.clear() > 0
    assert listing.kept() is None


SECOND = (
    "import sys; from harness import cli\ntry: cli.main(['list'])\nfinally: print(*sys.modules)"
)


@pytest.mark.slow
def test_the_second_list_is_the_first_without_jax(tmp_path):
    def listed():
        own = {**os.environ, "HARNESS_CACHE": str(tmp_path)}
        command = [sys.executable, "-c", SECOND]
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=True)
        *lines, modules = done.stdout.splitlines()
        return lines, "jax" in modules.split()

    (first, by_jax), (second, again) = listed(), listed()
    assert first == second
    assert (by_jax, again) == (True, False)


def test_a_reader_that_goes_is_no_error(tmp_path):
    own = {**os.environ, "HARNESS_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "harness.cli", "list", "motifs"]
    with subprocess.Popen(command, env=own, stdout=-1, stderr=-1, text=True) as child:
        child.stdout.close()
        assert child.stderr.read() == ""
