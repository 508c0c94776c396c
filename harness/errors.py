"""Errors that are the user's to mend: what is wrong, where, and what would be right."""

import difflib
import errno
import re
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

_LIBRARIES = re.compile(
    r"[\\/]site-packages[\\/](jax|jaxlib|numpy|pandas|scipy|equinox|optax|jaxtyping|beartype)[\\/]"
)
_STANDARD = sysconfig.get_paths()["stdlib"]


class UserError(Exception):
    """A mistake in what was asked for. The message is complete; no traceback is shown."""


class CannotWriteError(OSError):
    """A file could not be written: a full disk, mostly. The message says what to do about it."""

    def __init__(self, path: Path, error: OSError) -> None:
        cause = error.strerror or str(error)
        super().__init__(
            f"cannot write '{path}': {cause}. What was finished before is kept. "
            f"{_REMEDIES.get(error.errno or 0, 'Mend that')}, then give the same command again."
        )


_REMEDIES = {
    errno.ENOSPC: "Free space on that disk",
    errno.EDQUOT: "Free space in your quota",
    errno.EACCES: "Allow writing there",
    errno.EROFS: "Make that disk writable",
    errno.EISDIR: "Remove the folder that stands there",
}


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UserError:
    """The error for a name that is not known: the closest one, and all the right ones."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    right = ", ".join(names) if names else "none"
    return UserError(f"{where}unknown {kind} '{name}'.{hint} Known: {right}.")


def of_library(file: str) -> bool:
    """Whether a file of a traceback is a library's or Python's own: no plugin's, not ours."""
    if file.startswith("<") or _LIBRARIES.search(file):
        return True
    return file.startswith(_STANDARD) and "site-packages" not in file


def summary(error: Exception) -> str:
    """The type of an error and its message or, where it has none, the last place of ours in it."""
    kind, message = type(error).__name__, str(error)
    if message.strip():
        return f"{kind}: {message}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not of_library(frame.filename)] or frames
    if not own:
        return kind
    place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}, in {own[-1].name}"
    return f"{kind} without a message, raised in {place}"
