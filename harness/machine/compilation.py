"""Programs compiled ahead of time: timed apart from their run, and compiled once if they are equal.

Another pruner, data seed or block of networks often needs the same program again. Lowered programs
are compared as text, and compiled once per process; they are stored on disk if a folder is given.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

Precision = Literal["float32", "tf32", "bfloat16"]
"""The precision to which accelerators round the factors of matrix products. Sums are float32.
CPUs always compute in float32."""

# Algorithms by name: JAX's "bfloat16" means whatever is fastest, which on a GPU is TF32.
_NAMES = {"float32": "float32", "tf32": "TF32_TF32_F32", "bfloat16": "BF16_BF16_F32"}
_MOST_KEPT = 64
_programs: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
"""Executables by their lowered program, most recently used last."""


class Compiled:
    """A jitted function, compiled once for each shape of its first argument (each block width)."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        donate: bool = False,
        precision: Precision = "float32",
    ) -> None:
        self._jitted = jax.jit(function, donate_argnums=0 if donate else ())
        self._precision = precision
        self._mine: dict[tuple[tuple[int, ...], ...], Any] = {}
        self.seconds = 0.0

    def __call__(self, *arguments: Any) -> Any:
        """Run it. All arguments but the first must have the same shapes in every call."""
        return self._program(arguments)(*arguments)

    def memory(self, *arguments: Any) -> int:
        """Return the bytes that a run takes on each device, arguments and results included.

        The compiled program says so; only shapes, dtypes and shardings of the arguments matter.
        """
        sizes = self._program(arguments).memory_analysis()
        results = sizes.output_size_in_bytes - sizes.alias_size_in_bytes
        return int(sizes.argument_size_in_bytes + results + sizes.temp_size_in_bytes)

    def shapes(self, *arguments: Any) -> Any:
        """Return the shapes and dtypes of its result."""
        return jax.eval_shape(self._jitted, *arguments)

    def _program(self, arguments: tuple[Any, ...]) -> Any:
        shapes = tuple(np.shape(leaf) for leaf in jax.tree.leaves(arguments[0]))
        if shapes not in self._mine:
            start = time.perf_counter()
            self._mine[shapes] = self._compile(arguments)
            self.seconds += time.perf_counter() - start
        return self._mine[shapes]

    def _compile(self, arguments: tuple[Any, ...]) -> Any:
        with rounding(self._precision, jax.default_backend()):
            lowered = self._jitted.lower(*arguments)
        text = hashlib.sha256(lowered.as_text().encode()).hexdigest()
        # The text leaves out arguments that the program does not use, but a call checks them too.
        leaves = tuple(
            (np.shape(leaf), getattr(leaf, "dtype", type(leaf)), getattr(leaf, "sharding", None))
            for leaf in jax.tree.leaves(arguments)
        )
        key = (text, lowered.in_tree, lowered.out_tree, leaves)
        if key not in _programs:
            _programs[key] = lowered.compile()
        _programs.move_to_end(key)
        while len(_programs) > _MOST_KEPT:
            _programs.popitem(last=False)
        return _programs[key]


def rounding(precision: Precision, platform: str) -> Any:
    """Return the context in which products are lowered; an empty one on CPUs."""
    if platform == "cpu":
        return nullcontext()
    return jax.default_matmul_precision(_NAMES[precision])


def keep_in(folder: Path) -> None:
    """Store programs that take long to compile in a folder, for later processes.

    If JAX already has such a folder (by its own setting), that one stays.
    """
    if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
