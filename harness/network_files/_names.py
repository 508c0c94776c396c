"""Names from other people's files: sorted in natural order, and safe for a terminal."""

import re
from collections.abc import Sequence
from pathlib import Path

_LONGEST, _MOST = 80, 20


def natural(name: str) -> tuple[tuple[str, tuple[int, str]], ...]:
    """Return a key that sorts w2 before w10. Numbers of any length are compared as text."""
    parts = re.findall(r"([^0-9]*)([0-9]*)", name)
    digits = [(text, number.lstrip("0")) for text, number in parts]
    return tuple((text, (len(number), number)) for text, number in digits)


def printable(name: Path | str) -> str:
    """Return a name with control and other unprintable characters escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(name)
    )


def quoted(name: str) -> str:
    """Return a name in quotes for a message, cut if it is long."""
    shown = printable(name)
    return f"'{shown if len(shown) <= _LONGEST else shown[:_LONGEST] + '…'}'"


def listed(names: Sequence[str]) -> str:
    """Return names in quotes; of many, the first and how many there are."""
    more = f", … ({len(names):,} in all)" if len(names) > _MOST else ""
    return ", ".join(map(quoted, names[:_MOST])) + more


def some(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural if it is not one."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
