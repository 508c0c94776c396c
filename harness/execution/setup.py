"""What another process must have in common with this one to carry out its trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness import files
from harness.experiment.trial import RESULT_VERSION

PACKAGES = ("motif-harness", "jax", "jaxlib")


@dataclass(frozen=True)
class Setup:
    """Versions, the plugin files with their checksums, and the run folder."""

    versions: tuple[tuple[str, str], ...]
    plugins: tuple[tuple[Path, str], ...]
    root: Path

    @classmethod
    def here(cls, plugins: Sequence[Path], root: Path) -> "Setup":
        """Return the setup of this process."""
        digests = tuple((path, files.digest(path)) for path in plugins)
        return cls(_versions(), digests, root)

    def difference(self) -> str:
        """Return in words how the process that calls this differs; "" if it does not."""
        for (name, ours), (_, theirs) in zip(self.versions, _versions(), strict=True):
            if ours != theirs:
                return f"it has {name} {theirs}, where the run has {ours}"
        for path, digest in self.plugins:
            if not path.is_file():
                return f"it cannot see the plugin file '{path}'"
            if files.digest(path) != digest:
                return f"its plugin file '{path}' has another content"
        return "" if self.root.is_dir() else f"it cannot see the run folder '{self.root}'"


def _versions() -> tuple[tuple[str, str], ...]:
    results = ("results of the harness", str(RESULT_VERSION))
    return (*((name, _version(name)) for name in PACKAGES), results)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
