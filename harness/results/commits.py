"""The commits that code comes from: the harness's own, and that of a user's plugins."""

import hashlib
import importlib.metadata
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse

CHANGED = "+"
"""Appended to a commit that the files in use differ from."""

_INSTALLED = Path(__file__).parents[1]
_PACKAGES = {"harness": _INSTALLED, "plugins": _INSTALLED.with_name("harness_plugins")}
"""Folders of the checkout, and where `pip install` puts them."""


def of_harness() -> str | None:
    """Return the commit of the checkout that the harness runs in or was installed from, if any.

    A plus sign follows where the code that runs differs from that commit.
    """
    here = _INSTALLED.parent
    if (here / ".git").exists():
        return of_installed(here, {name: here / name for name in _PACKAGES})
    source = _installed_from()
    if source is None:
        return None
    editable = {name: source / name for name in _PACKAGES}
    return of_installed(source, editable if source / "harness" == _INSTALLED else _PACKAGES)


def of_installed(checkout: Path, packages: Mapping[str, Path]) -> str | None:
    """Return the commit of a checkout, with a plus sign if these copies of folders differ from it.

    Python files are compared by their git hashes.
    """
    commit = _head(checkout)
    listed = _git(checkout, "ls-tree", "-r", "-z", "HEAD", "--", *packages)
    if commit is None or listed is None:
        return None
    committed = {}
    for line in filter(None, listed.split("\0")):
        kind, _, path = line.partition("\t")
        if path.endswith(".py"):
            committed[path] = kind.split()[-1]
    found = {
        f"{name}/{path.relative_to(folder).as_posix()}": _blob(path)
        for name, folder in packages.items()
        for path in folder.rglob("*.py")
    }
    return commit if found == committed else commit + CHANGED


def of_plugins(files: Iterable[Path]) -> dict[str, str | None]:
    """Return by file the commit of the checkout that its folder lies in; None if in none.

    A plus sign follows where git reports changed or uncommitted files in the folder.
    """
    found = {}
    for file in sorted(set(files)):
        commit = _head(file.parent)
        changed = _git(file.parent, "status", "--porcelain", "--", ".") if commit else ""
        found[str(file)] = commit and (commit + CHANGED if changed else commit)
    return found


def _installed_from() -> Path | None:
    """Return the folder that pip installed the harness from, as pip recorded it (PEP 610)."""
    try:
        noted = importlib.metadata.distribution("motif-harness").read_text("direct_url.json")
        url = urlparse(json.loads(noted or "{}")["url"])
    except (importlib.metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return None
    return Path(unquote(url.path)) if url.scheme == "file" else None


def _head(folder: Path) -> str | None:
    """Return the commit that a folder's checkout is at, in twelve digits."""
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    return commit and commit.strip()


def _git(folder: Path, *arguments: str) -> str | None:
    """Return the output of git, or None where there is no checkout or no git."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout


def _blob(path: Path) -> str:
    """Return the hash that git gives a file's content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
