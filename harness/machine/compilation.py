"""Programs compiled ahead of time: timed apart from their running, and one for all that are equal.

Another pruner, data seed or block of networks often means the same program again. What is lowered
is compared as text, and compiled once in a process; and where a folder is given, kept on disk.
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
"""Of matrix products: what accelerators round their factors to. Sums are float32. Processors
compute in float32 whatever is asked for."""

# Algorithms by name: jax's "bfloat16" means whatever is fastest, which on a GPU is TF32.
_NAMES = {"float32": "float32", "tf32": "TF32_TF32_F32", "bfloat16": "BF16_BF16_F32"}
_MOST_KEPT = 64
_programs: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
"""Executables by what they were lowered to, the last used last."""


class Compiled:
    """A jitted function, compiled once for each shape of its first argument: each block width."""

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
        """Run it. Other arguments than the first have the same shapes in every call."""
        return self._program(arguments)(*arguments)

    def memory(self, *arguments: Any) -> int:
        """Bytes that running it takes on each device, its arguments and results included.

        They are those of the compiled program; of arguments only shapes, dtypes and shardings are
        looked at.
        """
        told = self._program(arguments).memory_analysis()
        results = told.output_size_in_bytes - told.alias_size_in_bytes
        return int(told.argument_size_in_bytes + results + told.temp_size_in_bytes)

    def shapes(self, *arguments: Any) -> Any:
        """The shapes and dtypes of its result."""
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
        # Arguments that a program does not use are not in its text, and are looked at all the same.
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
    """The context in which products are lowered; none on processors, where it changes nothing."""
    if platform == "cpu":
        return nullcontext()
    return jax.default_matmul_precision(_NAMES[precision])


def keep_in(folder: Path) -> None:
    """Keep what takes long to compile in a folder, for later processes.

    Where JAX has such a folder already (its own setting), that one stays.
    """
    if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
