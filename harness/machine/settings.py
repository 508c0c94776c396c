"""The settings of JAX: which of them determine results, and a guard against plugins' changes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax

DETERMINING: Mapping[str, Any] = {
    "jax_enable_x64": False,
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": True,
    "jax_default_matmul_precision": None,
}
"""Settings that determine a result, with JAX's defaults."""


def determining() -> dict[str, Any]:
    """Return the settings that determine a result and differ from JAX's defaults."""
    now = {name: jax.config.values[name] for name in DETERMINING}
    return {name: value for name, value in now.items() if value != DETERMINING[name]}


def all_settings() -> dict[str, Any]:
    """Return every setting of JAX. The whole process shares them."""
    return dict(jax.config.values)


def put_back(before: Mapping[str, Any]) -> list[str]:
    """Restore settings. Returns the names of those that had changed."""
    now = all_settings()
    changed = sorted(name for name, value in before.items() if now.get(name, value) != value)
    for name in changed:
        jax.config.update(name, before[name])
    return changed


def advice(changed: list[str]) -> str:
    """Return advice for the author of a plugin that changes settings."""
    return (
        f"it changes {', '.join(changed)} of JAX for the whole process. Set it in a context around "
        "the plugin's own code, as in `with jax.enable_x64(True):`."
    )


@contextmanager
def guarded(what: Callable[[], str]) -> Iterator[None]:
    """Raise `RuntimeError` if a plugin, named by `what`, changes settings of JAX inside.

    The settings are restored in any case.
    """
    before = all_settings()
    try:
        yield
    except BaseException:
        put_back(before)
        raise
    if changed := put_back(before):
        raise RuntimeError(f"{what()}: {advice(changed)}")
