"""The settings of JAX on which results depend, or which a plugin may not change for everyone."""

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
"""Settings that determine a result, with what JAX has where nobody sets them."""


def determining() -> dict[str, Any]:
    """Those of the settings that determine a result which are not as usual."""
    now = {name: jax.config.values[name] for name in DETERMINING}
    return {name: value for name, value in now.items() if value != DETERMINING[name]}


def all_settings() -> dict[str, Any]:
    """Every setting of JAX: they are those of everybody in the process."""
    return dict(jax.config.values)


def put_back(before: Mapping[str, Any]) -> list[str]:
    """Put settings back as they were. Returns the names of those that had changed."""
    now = all_settings()
    changed = sorted(name for name, value in before.items() if now.get(name, value) != value)
    for name in changed:
        jax.config.update(name, before[name])
    return changed


def advice(changed: list[str]) -> str:
    """What to tell the author of a plugin that changes settings."""
    return (
        f"it changes {', '.join(changed)} of JAX for everyone in the process: use it as a context, "
        "as in `with jax.enable_x64(True):`, where only the plugin itself is concerned."
    )


@contextmanager
def guarded(what: Callable[[], str]) -> Iterator[None]:
    """Raise `RuntimeError` where a plugin, which `what` names, changes settings of JAX inside.

    They are put back, whatever happens.
    """
    before = all_settings()
    try:
        yield
    except BaseException:
        put_back(before)
        raise
    if changed := put_back(before):
        raise RuntimeError(f"{what()}: {advice(changed)}")
