"""Names out of other people's files: in natural order, and fit for a terminal."""

import re
from pathlib import Path

_LONGEST = 80


def natural(name: str) -> tuple[tuple[str, tuple[int, str]], ...]:
    """A key that sorts w2 before w10. Numbers are compared as text: they may have any length."""
    parts = re.findall(r"([^0-9]*)([0-9]*)", name)
    digits = [(text, number.lstrip("0")) for text, number in parts]
    return tuple((text, (len(number), number)) for text, number in digits)


def printable(name: Path | str) -> str:
    """A name without characters that a terminal would obey or could not print."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(name)
    )


def quoted(name: str) -> str:
    """The name of an array in a message, not longer than fits."""
    shown = printable(name)
    return f"'{shown if len(shown) <= _LONGEST else shown[:_LONGEST] + '…'}'"
