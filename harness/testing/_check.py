"""Which rules a plugin is held to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.errors import UserError, unknown
from harness.plugins import KINDS, Plugin, Registry
from harness.testing import _metric, _pruner, _study, _task
from harness.testing._finding import Finding, findings

_RULES: dict[str, Callable[[Any], Any]] = {
    "task": _task.rules,
    "pruner": _pruner.rules,
    "metric": _metric.metric_rules,
    "schedule": _metric.schedule_rules,
    "study": _study.rules,
}


def check_plugin(plugin: Plugin) -> Iterator[Finding]:
    """Hold one plugin, with its default parameters, to the contract of its kind."""
    label = f"{plugin.kind} {plugin.name}"
    try:
        rules = list(_RULES[plugin.kind](plugin.factory()))
    except Exception as error:
        yield Finding(label, "can be made with its defaults", False, f"it raised {error!r}")
        return
    yield from findings(label, rules)


def check(target: str, registry: Registry) -> Iterator[Finding]:
    """Hold the plugins of a file, or those of a name, to the contracts of their kinds.

    Raises `UserError` where nothing is registered under the name or by the file.
    """
    if target.endswith(".py"):
        source = Path(target).expanduser().resolve()
        found = [plugin for plugin in registry.plugins if plugin.source == str(source)]
        if not found:
            raise UserError(f"'{target}' registers no plugin: has it a @hookimpl function?")
    else:
        named = {plugin.name for plugin in registry.plugins}
        kinds = [kind for kind in KINDS if _has(registry, kind, target)]
        if not kinds:
            raise unknown("plugin", target, named)
        found = [registry.find(kind, target) for kind in kinds]
    for plugin in found:
        yield from check_plugin(plugin)


def _has(registry: Registry, kind: Any, target: str) -> bool:
    short = target.rpartition(":")[2]
    return any(plugin.name == short for plugin in registry.of(kind))
