"""Errors that the user can fix: what is wrong, where, and what would be right."""

import difflib
import errno
import re
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LIBRARIES = re.compile(
    r"[\\/]site-packages[\\/](jax|jaxlib|numpy|pandas|scipy|equinox|optax|jaxtyping|beartype)[\\/]"
)
_STANDARD = sysconfig.get_paths()["stdlib"]


class UserError(Exception):
    """A mistake in the user's request. The message is complete; no traceback is shown."""


class NoDataError(UserError):
    """The task has no data: metrics that read them are skipped, with this reason."""


class CannotWriteError(OSError):
    """A file could not be written, usually for a full disk. The message says what to do."""

    def __init__(self, path: Path, error: OSError) -> None:
        cause = error.strerror or str(error)
        super().__init__(
            f"cannot write '{path}': {cause}. Finished work is kept. "
            f"{_REMEDIES.get(error.errno or 0, 'Fix that')}, then run the same command again."
        )
        self.path, self.error = path, error

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process makes it again."""
        return type(self), (self.path, self.error)


_REMEDIES = {
    errno.ENOSPC: "Free space on that disk",
    errno.EDQUOT: "Free space in your quota",
    errno.EACCES: "Allow writing there",
    errno.EROFS: "Make that disk writable",
    errno.EISDIR: "Remove the folder of that name",
}


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UserError:
    """Return the error for an unknown name. It gives the closest name and all known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    right = ", ".join(names) if names else "none"
    return UserError(f"{where}unknown {kind} '{name}'.{hint} Known: {right}.")


def of_library(file: str) -> bool:
    """Return whether a file in a traceback belongs to a library or to Python itself."""
    if file.startswith("<") or _LIBRARIES.search(file):
        return True
    return file.startswith(_STANDARD) and "site-packages" not in file


def summary(error: Exception) -> str:
    """Return an error's type and message; without a message, the last line outside libraries."""
    kind, message = type(error).__name__, str(error)
    if message.strip():
        return f"{kind}: {message}"
    if not (frames := traceback.extract_tb(error.__traceback__)):
        return kind
    last = innermost(frames)
    place = f"{Path(last.filename).name}, line {last.lineno}, in {last.name}"
    return f"{kind} without a message, raised in {place}"


def innermost(frames: traceback.StackSummary) -> traceback.FrameSummary:
    """Return the last place of a stack outside libraries, or the last of all."""
    return ([frame for frame in frames if not of_library(frame.filename)] or frames)[-1]


def package_of(error: BaseException) -> str:
    """Return the package whose code raised an error, such as "harness"; "" if unknown."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__", "")).split(".")[0] if frames else ""
