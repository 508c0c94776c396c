"""Check plugins against the rules of their kind."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from harness.errors import UserError, unknown
from harness.files import expanded
from harness.machine.settings import all_settings
from harness.plugin.loading import name_of
from harness.plugin.parameters import build, parse
from harness.plugin.registry import KINDS, Plugin, Registry
from harness.testing import (
    _architecture,
    _documented,
    _intervention,
    _metric,
    _pruner,
    _running,
    _study,
    _task,
)
from harness.testing._finding import Finding, Rule, findings
from harness.testing._surroundings import compiling_quickly, left_alone

_RULES: dict[str, Callable[[Any], Iterator[Rule]]] = {
    "task": _task.rules,
    "architecture": _architecture.rules,
    "pruner": _pruner.rules,
    "intervention": _intervention.rules,
    "metric": _metric.metric_rules,
    "schedule": _metric.schedule_rules,
    "study": _study.rules,
    "executor": _running.executor_rules,
    "observer": _running.observer_rules,
    "exporter": _running.exporter_rules,
    "null": _metric.null_rules,
}


class Checked(NamedTuple):
    """A plugin, the findings of its check, and the seconds that it took."""

    plugin: Plugin
    findings: list[Finding]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every rule is kept."""
        return all(finding.passed for finding in self.findings)


def check_plugin(plugin: Plugin, **parameters: Any) -> list[Finding]:
    """Check one plugin, with default parameters except these, against the contract of its kind."""
    label = f"{plugin.kind} {plugin.name}"
    before = all_settings()
    try:
        rules = list(_RULES[plugin.kind](build(plugin.factory, parameters, kind=plugin.kind)))
    except UserError as error:
        return [Finding(label, "can be made with its defaults", False, str(error))]
    except Exception as error:
        return [Finding(label, "can be made with its defaults", False, f"it raised {error!r}")]
    with compiling_quickly():
        found = list(findings(label, [*rules, *_documented.rules(plugin.factory)]))
    rule = Rule("leaves JAX's settings alone", partial(left_alone, before))
    return [*found, *findings(label, [rule])]


def check(target: str, registry: Registry) -> Iterator[Finding]:
    """Check the plugins of a file or of a name against the contracts of their kinds.

    A name may have parameters, as in `name[field=value]`, or a grid of them. Raises `UserError` if
    nothing is registered under the name or by the file.
    """
    found: list[tuple[Plugin, dict[str, Any]]]
    if target.endswith(".py"):
        source = expanded(target).resolve()
        found = [(one, {}) for one in registry.plugins if one.source == str(source)]
        if not found:
            raise UserError(
                f"'{target}' registers no plugin: it needs a @hookimpl function, such as "
                "register_pruners, that returns a list with its class."
            )
    else:
        selections = parse(target)
        name = selections[0].name
        kinds = {plugin.kind for plugin in registry.named(name)}
        if not kinds:
            raise unknown("plugin", name, {plugin.name for plugin in registry.plugins})
        found = [
            (registry.find(kind, name), registry.parameters(kind, one))
            for kind in KINDS
            if kind in kinds
            for one in selections
        ]
    for plugin, parameters in found:
        yield from check_plugin(plugin, **parameters)


def check_all(registry: Registry) -> Iterator[Checked]:
    """Check every registered plugin against the contract of its kind, one after another."""
    with compiling_quickly():
        for plugin in (plugin for kind in KINDS for plugin in registry.of(kind)):
            start = time.perf_counter()
            found = check_plugin(plugin)
            yield Checked(plugin, found, time.perf_counter() - start)


def assert_contract(plugin: type[Any], **parameters: Any) -> None:
    """Check a plugin's class against the contract of its kind, for the tests of its author.

    Parameters have their defaults, except those given, for instance to make less data. Raises
    `AssertionError` with every broken rule and advice on it, and `TypeError` if the class is no
    plugin.
    """
    found = check_plugin(_unregistered(plugin), **parameters)
    broken = [one for one in found if not one.passed]
    if broken:
        lines = "\n".join(f"  {one.plugin}: {one.rule}\n    {one.advice}" for one in broken)
        raise AssertionError(f"{len(broken)} of {len(found)} rules are broken:\n{lines}")


def _unregistered(factory: type[Any]) -> Plugin:
    """Return a class as the harness would register it."""
    for kind, abstract in KINDS.items():
        if issubclass(factory, abstract):
            name = name_of(factory, abstract)
            return Plugin(kind, name, factory.__module__, factory, factory.__module__)
    right = ", ".join(f"harness.{abstract.__name__}" for abstract in KINDS.values())
    raise TypeError(f"{factory.__name__} is no plugin: it must be a subclass of one of {right}")
