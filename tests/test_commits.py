"""The commits that code comes from."""

import shutil
import subprocess

import pytest

from harness.results import commits

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b")


def git(folder, *arguments):
    told = subprocess.run(
        ["git", "-C", str(folder), *IDENTITY, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A checkout of two packages, and its commit."""
    root = tmp_path / "checkout"
    for name in ("harness/deep", "plugins", "docs"):
        (root / name).mkdir(parents=True)
        (root / name / "one.py").write_text(f"# {name}\n")
    git(root.parent, "init", "-q", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


@pytest.fixture
def installed(checkout, tmp_path):
    """Copies of its packages, as pip makes them."""
    found = {"harness": tmp_path / "site" / "harness", "plugins": tmp_path / "site" / "others"}
    for name, place in found.items():
        shutil.copytree(checkout / name, place)
    (found["harness"] / "__pycache__").mkdir()
    return found


def test_what_is_installed_from_a_checkout_has_its_commit_if_it_is_equal(checkout, installed):
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    assert commits.of_installed(checkout, installed) == commit
    # What is not installed, or not committed there and elsewhere, does not matter.
    (checkout / "docs" / "one.py").write_text("# changed\n")
    (checkout / "harness" / "two.py").write_text("# new\n")
    assert commits.of_installed(checkout, installed) == commit


CHANGES = {
    "changed": lambda site: (site / "harness" / "deep" / "one.py").write_text("# other\n"),
    "added": lambda site: (site / "others" / "two.py").write_text("# new\n"),
    "removed": lambda site: (site / "others" / "one.py").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_plus_sign_where_what_runs_is_not_as_committed(checkout, installed, tmp_path, change):
    change(tmp_path / "site")
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    assert commits.of_installed(checkout, installed) == f"{commit}+"


def test_without_a_checkout_there_is_no_commit(tmp_path):
    assert commits.of_installed(tmp_path, {"harness": tmp_path}) is None
    assert commits.of_plugins([tmp_path / "mine.py"]) == {str(tmp_path / "mine.py"): None}


def test_plugins_have_the_commit_of_their_folder(checkout):
    file = checkout / "plugins" / "one.py"
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    assert commits.of_plugins([file, file]) == {str(file): commit}
    (checkout / "docs" / "one.py").write_text("# changed\n")
    assert commits.of_plugins([file]) == {str(file): commit}
    new = file.with_name("new.py")
    new.write_text("# not committed\n")
    assert commits.of_plugins([new]) == {str(new): f"{commit}+"}


def test_a_harness_that_runs_in_its_checkout_has_its_commit(checkout, monkeypatch):
    monkeypatch.setattr(commits, "_INSTALLED", checkout / "harness")
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    assert commits.of_harness() == commit
    (checkout / "plugins" / "one.py").write_text("# changed\n")
    assert commits.of_harness() == f"{commit}+"


def test_of_an_installed_harness_the_copies_count(checkout, installed, monkeypatch):
    monkeypatch.setattr(commits, "_INSTALLED", installed["harness"])
    monkeypatch.setattr(commits, "_PACKAGES", installed)
    monkeypatch.setattr(commits, "_installed_from", lambda: checkout)
    commit = git(checkout, "rev-parse", "--short=12", "HEAD")
    (checkout / "plugins" / "one.py").write_text("# changed\n")
    assert commits.of_harness() == commit
    (installed["plugins"] / "one.py").write_text("# changed\n")
    assert commits.of_harness() == f"{commit}+"


def test_the_harness_of_these_tests_runs_from_a_checkout():
    found = commits.of_harness()
    assert found is not None
    assert len(found.rstrip("+")) == 12
