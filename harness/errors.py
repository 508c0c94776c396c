"""Errors that are the user's to mend: what is wrong, where, and what would be right."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in what was asked for. The message is complete; no traceback is shown."""


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UserError:
    """The error for a name that is not known: the closest one, and all the right ones."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    right = ", ".join(names) if names else "none"
    return UserError(f"{where}unknown {kind} '{name}'.{hint} Known: {right}.")
