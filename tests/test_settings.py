"""Settings of JAX: in the key where they determine a result, and no plugin's to change."""

import jax
import pytest

from harness.errors import UserError
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.machine import settings
from harness.plugin import loading

ASKED = {"tasks": ["digits"], "pruners": ["magnitude"], "networks": 1, "block_width": 1}
UNUSUAL = {
    "jax_enable_x64": True,
    "jax_default_prng_impl": "rbg",
    "jax_threefry_partitionable": False,
    "jax_default_matmul_precision": "bfloat16",
}


def trial(registry):
    (made,) = plan(checked(ASKED, source="test"), registry).trials
    return made


def test_the_usual_settings_are_those_of_jax_and_in_no_key(registry):
    assert settings.determining() == {}
    assert "settings" not in trial(registry).identity


@pytest.mark.parametrize("name", UNUSUAL)
def test_a_setting_that_determines_a_result_is_in_the_key(name, registry):
    usual, before = trial(registry).key, settings.all_settings()
    try:
        jax.config.update(name, UNUSUAL[name])
        assert trial(registry).key != usual
        assert trial(registry).identity["settings"] == {name: UNUSUAL[name]}
    finally:
        assert settings.put_back(before) == [name]
    assert trial(registry).key == usual


def test_a_plugin_that_changes_them_when_imported_is_refused_and_they_are_put_back(tmp_path):
    path = tmp_path / "x64.py"
    path.write_text("import jax\njax.config.update('jax_enable_x64', True)\n")
    with pytest.raises(UserError, match="changes jax_enable_x64 of JAX for the whole process"):
        loading.load([path])
    assert settings.determining() == {}


def test_what_changes_inside_is_put_back_whatever_happens():
    def changing(also):
        with settings.guarded(lambda: "mine"):
            jax.config.update("jax_enable_x64", True)
            also()

    with pytest.raises(RuntimeError, match="mine: it changes jax_enable_x64 of JAX"):
        changing(lambda: None)
    assert settings.determining() == {}
    with pytest.raises(ZeroDivisionError):
        changing(lambda: 1 / 0)
    assert settings.determining() == {}
    with settings.guarded(lambda: "mine"), jax.enable_x64(True):
        pass
