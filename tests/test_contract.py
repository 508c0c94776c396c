"""Every registered plugin keeps the contract of its kind."""

from pathlib import Path

import pytest

from harness.plugin import loading
from harness.plugin.registry import KINDS
from harness.testing import check_plugin

FOLDER = Path(__file__).parent / "plugins"
FILES = [FOLDER / "small_tasks.py", FOLDER / "small_pruners.py"]
_FEW = {"flights": 200, "flown": 16}
SMALL = {"moth": _FEW, "quadrotor": _FEW, "mlp": {"sizes": (12, 6)},
         "pendulum-swing": {"swings": 400, "swung": 16},
         "closed-loop": {"strokes": 2, "flights": 16}, "higher-orders": {"draws": 40}}  # fmt: skip
"""Parameters with which a plugin is checked instead of its defaults, which take too long here."""

REGISTRY = loading.load(FILES)
PLUGINS = [plugin for kind in KINDS for plugin in REGISTRY.of(kind)]


def test_every_plugin_that_comes_with_the_harness_loads():
    assert REGISTRY.failures == ()
    assert {plugin.kind for plugin in PLUGINS} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: f"{plugin.kind}-{plugin.name}")
def test_plugin_keeps_its_contract(plugin):
    found = check_plugin(plugin, **SMALL.get(plugin.name, {}))
    assert found
    broken = [f"{finding.rule}: {finding.advice}" for finding in found if not finding.passed]
    assert not broken, "\n".join(broken)
