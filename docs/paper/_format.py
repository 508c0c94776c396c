"""How the paper writes numbers: a true minus, few digits, intervals in brackets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from _tables import Estimate


def digits(value: float, number: int = 2) -> str:
    """Return a value to so many significant digits, without an exponent."""
    text = f"{value:.{number}g}"
    whole = abs(value) >= 10 ** (number - 1)
    return _minus(f"{float(text):,.0f}" if whole else text)


def fixed(value: float, places: int = 2) -> str:
    """Return a value with so many decimal places."""
    return _minus(f"{value:.{places}f}")


def signed(value: float, places: int = 1) -> str:
    """Return a value with its sign."""
    return _minus(f"{value:+.{places}f}")


def change(factor: float) -> str:
    """Return a factor as a change in percent."""
    return _minus(f"{100 * (factor - 1):+.0f}") + "\u202f%"


def thousands(value: int) -> str:
    """Return a whole number with commas."""
    return f"{value:,}"


def list_of(values: Sequence[int]) -> str:
    """Return whole numbers with commas and an `and`."""
    *some, last = map(str, values)
    return f"{', '.join(some)} and {last}" if some else last


def interval(of: Estimate, write: Callable[..., str] = digits, *settings: Any) -> str:
    """Return the ends of a 95 % interval."""
    low, high = write(of.low, *settings), write(of.high, *settings)
    return f"{low} to {high}"


def _named(name: str) -> Callable[..., str]:
    def write(of: Estimate, *settings: Any) -> str:
        return interval(of, _WRITERS[name], *settings)

    return write


_WRITERS: Mapping[str, Callable[..., str]] = {
    "digits": digits, "fixed": fixed, "signed": signed, "change": change,
}  # fmt: skip

FILTERS: Mapping[str, Callable[..., str]] = {
    **_WRITERS,
    "thousands": thousands,
    "list_of": list_of,
    **{f"{name}_interval": _named(name) for name in _WRITERS},
}
"""The filters of the template: `x | digits`, `estimate | digits_interval`, and so on."""


def _minus(text: str) -> str:
    if not text.strip("-+0."):
        text = text.lstrip("-")
    return text.replace("-", "\u2212")
