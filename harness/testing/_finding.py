"""What a check found."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.errors import of_library

_HARNESS = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Finding:
    """One rule of the contract: kept or broken, and if broken, what to do.

    A rule may be kept and have advice all the same, where the contract asks for nothing but good
    practice does. A note is for information only.
    """

    plugin: str
    rule: str
    passed: bool
    advice: str = ""
    note: str = ""


class Rule(NamedTuple):
    """A rule and the check of it, which raises where it is broken and may return a note.

    Where a vital rule is broken, the rules after it are not tried: they would only say so again.
    """

    text: str
    attempt: Callable[[], str | None]
    vital: bool = False


class BrokenRuleError(Exception):
    """A rule of the contract that a plugin breaks. The message is advice to its author."""


class SuggestionError(Exception):
    """Something that the contract leaves open and that would be better done. Advice, again."""


def expect(condition: bool, advice: str) -> None:
    """Raise `BrokenRuleError` with this advice unless the condition holds."""
    if not condition:
        raise BrokenRuleError(advice)


def findings(plugin: str, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Try each rule. One that raises anything is broken; the rest go on unless it is vital."""
    for rule in rules:
        found = _tried(plugin, rule)
        yield found
        if rule.vital and not found.passed:
            return


def _tried(plugin: str, rule: Rule) -> Finding:
    try:
        note = rule.attempt()
    except SuggestionError as error:
        return Finding(plugin, rule.text, True, str(error))
    except BrokenRuleError as error:
        return Finding(plugin, rule.text, False, str(error))
    except Exception as error:
        return Finding(plugin, rule.text, False, f"it raised {_summary(error)}")
    return Finding(plugin, rule.text, True, note=note or "")


def _summary(error: Exception) -> str:
    """The error with the last place in the plugin that it passed, if it passed one.

    One that did not came from what the harness, or a library, made of an answer of the plugin.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _of_others(frame.filename)]
    message = str(error).strip().splitlines()
    first = message[0] if message else ""
    if not own:
        return f"{type(error).__name__} from what one of its methods returned: {first}"
    name = Path(own[-1].filename).name
    return f"{type(error).__name__} in {name}, line {own[-1].lineno}: {first}"


def _of_others(file: str) -> bool:
    """Whether a frame is the harness's, a library's or Python's own, and so not the plugin's."""
    return file.startswith(_HARNESS) or of_library(file)
