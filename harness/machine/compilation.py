"""Programs compiled ahead of time: timed apart from their run, and compiled once if they are equal.

Another pruner, data seed or block of networks often needs the same program again. Lowered programs
are compared as text, and compiled once per process; they are stored on disk if a folder is given.
"""

import hashlib
import os
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import equinox as eqx
import jax
import numpy as np

from harness import files, progress
from harness.errors import CannotWriteError

Precision = Literal["float32", "tf32", "bfloat16"]
"""The precision to which accelerators round the factors of matrix products. Sums are float32.
CPUs always compute in float32."""

# Algorithms by name: JAX's "bfloat16" means whatever is fastest, which on a GPU is TF32.
_NAMES = {"float32": "float32", "tf32": "TF32_TF32_F32", "bfloat16": "BF16_BF16_F32"}
_Made = TypeVar("_Made")
_SHORTEST = "jax_persistent_cache_min_compile_time_secs"
_WORTH_STORING = 0.02  # seconds that compiling took: reading a program takes a few milliseconds
_MOST_KEPT = 64
_MOST_AREAS = 30_000
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
            progress.update("compiling, once", 0, 1)
            self._mine[shapes] = self._compile(arguments)
            progress.update("compiling, once", 1, 1)
            self.seconds += time.perf_counter() - start
        return self._mine[shapes]

    def _compile(self, arguments: tuple[Any, ...]) -> Any:
        # One trial of many levels and metrics can compile thousands.
        forget_if_full()
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


def compiled_soon(function: Callable[..., _Made]) -> Callable[..., _Made]:
    """Return a jitted function that compiles sooner and runs slower, for what runs once."""
    options = {"xla_backend_optimization_level": 0}
    # Its stubs leave out what it hands on to `jax.jit`.
    made = eqx.filter_jit(function, compiler_options=options)  # type: ignore[call-overload]
    return cast(Callable[..., _Made], made)


def forget_if_full() -> None:
    """Forget compiled programs before they use up the areas that Linux lets a process map.

    A program takes several of the 65,530, and at the limit LLVM ends the process.
    """
    areas = Path("/proc/self/maps")
    if areas.exists() and areas.read_bytes().count(b"\n") > _MOST_AREAS:
        forget()


def forget() -> None:
    """Forget all compiled programs that nothing holds."""
    _programs.clear()
    jax.clear_caches()


def rounding(precision: Precision, platform: str) -> Any:
    """Return the context in which products are lowered; an empty one on CPUs."""
    if platform == "cpu":
        return nullcontext()
    return jax.default_matmul_precision(_NAMES[precision])


def keep_in(folder: Path) -> None:
    """Store compiled programs in a folder, for later processes.

    If JAX already has such a folder (by its own setting), that one stays, and so does a setting of
    the environment of how long a program must take to compile. Nothing is stored, with a warning,
    where others could write: stored programs are native code.
    """
    if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
        try:
            from jax._src import compilation_cache

            _refuse_open(folder)
            # JAX's own store writes in place and verifies nothing; later versions may have another.
            store: Any = lambda path: (Programs(Path(path)), path)  # noqa: E731
            compilation_cache.get_file_cache = store
        except (ImportError, OSError) as error:
            warnings.warn(f"compiled programs are not stored: {error}", stacklevel=2)
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
        if _SHORTEST.upper() not in os.environ:
            jax.config.update(_SHORTEST, _WORTH_STORING)


def _refuse_open(folder: Path) -> None:
    """Make a folder that only its owner can use. Raises `OSError` where others can write."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix":  # access is by lists on Windows, and a user's folders are theirs
        return
    for place in (folder, folder.parent):
        state = place.stat()
        if state.st_uid != os.getuid() or state.st_mode & 0o022:
            raise OSError(f"others can write to '{place}'. Delete it, or set HARNESS_CACHE")
    folder.chmod(0o700)


class Programs:
    """Compiled programs in files: written whole, with a checksum that is verified before use.

    A damaged file is deleted, and its program compiled again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder

    def _file(self, key: str) -> Path:
        return self._path / f"{key}.program"

    def get(self, key: str) -> bytes | None:
        """Return a stored program, or None if there is none that is undamaged."""
        try:
            content = files.read(self._file(key))
        except files.DamagedFileError:
            return None
        checksum, program = content[:32], content[32:]
        if hashlib.sha256(key.encode() + program).digest() == checksum:
            return program
        self._file(key).unlink(missing_ok=True)
        return None

    def put(self, key: str, value: bytes) -> None:
        """Store a program, unless the disk is full."""
        checksum = hashlib.sha256(key.encode() + value).digest()
        with suppress(CannotWriteError):
            files.write(self._file(key), checksum + value)
