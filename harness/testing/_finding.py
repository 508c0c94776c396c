"""What a check found."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One rule of the contract: kept or broken, and if broken, what to do."""

    plugin: str
    rule: str
    passed: bool
    advice: str = ""


class BrokenRuleError(Exception):
    """A rule of the contract that a plugin breaks. The message is advice to its author."""


def expect(condition: bool, advice: str) -> None:
    """Raise `BrokenRuleError` with this advice unless the condition holds."""
    if not condition:
        raise BrokenRuleError(advice)


def findings(plugin: str, rules: Iterable[tuple[str, Callable[[], None]]]) -> Iterator[Finding]:
    """Try each rule. One that raises anything is broken; the rest go on."""
    for rule, attempt in rules:
        try:
            attempt()
        except BrokenRuleError as error:
            yield Finding(plugin, rule, False, str(error))
        except Exception as error:
            yield Finding(plugin, rule, False, f"it raised {_summary(error)}")
        else:
            yield Finding(plugin, rule, True)


def _summary(error: Exception) -> str:
    """The error with the place in the plugin where it came from, or the last place there is."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if "site-packages" not in frame.filename]
    place = (outside or frames)[-1]
    message = str(error).strip().splitlines()
    first = message[0] if message else ""
    name = Path(place.filename).name
    return f"{type(error).__name__} in {name}, line {place.lineno}: {first}"
