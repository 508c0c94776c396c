"""Rules, and the findings of trying them."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.errors import of_library

_HARNESS = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Finding:
    """One rule of the contract: kept, or broken with advice on what to do.

    A rule that is kept has advice if good practice asks for more than the contract. A note is for
    information only.
    """

    plugin: str
    rule: str
    passed: bool
    advice: str = ""
    note: str = ""


class Rule(NamedTuple):
    """A rule and its check, which raises if the rule is broken and may return a note.

    If a vital rule is broken, later rules are not tried: they would only repeat it.
    """

    text: str
    attempt: Callable[[], str | None]
    vital: bool = False


class BrokenRuleError(Exception):
    """A rule of the contract that a plugin breaks. The message is advice to its author."""


class SuggestionError(Exception):
    """Something the contract does not ask for, but that would be better. The message is advice."""


def expect(condition: bool, advice: str) -> None:
    """Raise `BrokenRuleError` with this advice unless the condition holds."""
    if not condition:
        raise BrokenRuleError(advice)


def findings(plugin: str, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Try each rule. A rule that raises anything is broken; a broken vital rule is the last."""
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
    """Return the error with the last line of the plugin in its traceback, if there is one.

    Otherwise the harness or a library raised it from an answer of the plugin.
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
    """Return whether a file belongs to the harness, a library or Python, not to the plugin."""
    return file.startswith(_HARNESS) or of_library(file)
