"""The whole state of a trial in training, saved often so that an interruption loses little.

A state is any pytree of arrays.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from harness import files

State = TypeVar("State")


def save(
    path: Path, state: Any, history: Mapping[str, np.ndarray], facts: Mapping[str, Any]
) -> None:
    """Write the state, the losses of the level so far, and the position in training."""
    files.write_arrays(path, _arrays(state, history), facts)


class Saver:
    """Writes checkpoints in a thread while training goes on, one at a time.

    An error of a write is raised by the next call.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[str] | None = None

    def save(self, state: Any, history: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Begin to write what the function `save` writes, once the write before has ended."""
        self.wait()
        # Copies: training goes on in the same memory.
        arrays = {name: np.array(values) for name, values in _arrays(state, history).items()}
        self._writing = self._pool.submit(files.write_arrays, self._path, arrays, facts)

    def wait(self) -> None:
        """Wait until what was saved is on disk."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Let a write end, whatever it comes to: its checkpoint is not needed any more."""
        self._pool.shutdown()


def load(path: Path, like: State) -> tuple[State, dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save` wrote, in the structure of `like`.

    Raises `DamagedFileError` if the file is damaged or belongs to another trial.
    """
    arrays, facts = files.read_arrays(path)
    leaves, structure = jax.tree.flatten(like)
    try:
        stored = [arrays[f"state/{index}"] for index in range(len(leaves))]
    except KeyError as error:
        raise files.DamagedFileError(f"'{path}' lacks {error}") from error
    for saved, leaf in zip(stored, leaves, strict=True):
        plain = _plain(leaf)
        if saved.shape != plain.shape or saved.dtype != plain.dtype:
            raise files.DamagedFileError(f"'{path}' belongs to another trial")
    restored = [_restored(saved, leaf) for saved, leaf in zip(stored, leaves, strict=True)]
    history = {
        name.removeprefix("history/"): array
        for name, array in arrays.items()
        if name.startswith("history/")
    }
    return jax.tree.unflatten(structure, restored), history, facts


def _arrays(state: Any, history: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    arrays = {f"state/{index}": _plain(leaf) for index, leaf in enumerate(jax.tree.leaves(state))}
    return arrays | {f"history/{name}": values for name, values in history.items()}


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _restored(saved: np.ndarray, leaf: Any) -> jax.Array:
    array = jnp.asarray(saved)
    return jax.random.wrap_key_data(array) if _is_key(leaf) else array
