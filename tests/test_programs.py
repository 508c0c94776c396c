"""Stored programs are native code: whole, verified, and where nobody else can write."""

import jax
import jax.numpy as jnp
import pytest
from jax._src import compilation_cache

from harness.machine import compilation
from harness.machine.compilation import Programs


def test_a_program_is_verified_before_use_and_deleted_if_damaged(tmp_path):
    store = Programs(tmp_path)
    assert store.get("jit_step-1f") is None
    store.put("jit_step-1f", b"machine code")
    assert store.get("jit_step-1f") == b"machine code"
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.rename(tmp_path / "jit_step-2e.program")
    assert store.get("jit_step-2e") is None, "it is another program"
    for damaged in (whole[:-1], whole[:40], b"", whole[:-1] + b"f"):
        file.write_bytes(damaged)
        assert store.get("jit_step-1f") is None
        assert not file.exists()


@pytest.fixture
def no_folder():
    """JAX without a folder for programs, and with its own again afterwards."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: jax.config.values[name] for name in names}
    store = compilation_cache.get_file_cache
    jax.config.update(names[0], None)
    compilation_cache.reset_cache()
    yield
    compilation_cache.get_file_cache = store
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.mark.slow
def test_jax_stores_programs_so_and_finds_them_again(no_folder, tmp_path, monkeypatch):
    compilation.keep_in(tmp_path / "programs" / "here")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    folder = tmp_path / "programs" / "here"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert jax.jit(lambda x: x * 3 + 1)(jnp.arange(3.0)).tolist() == [1, 4, 7]
    stored = [*folder.glob("*.program")]
    assert stored
    found = []
    get = Programs.get
    monkeypatch.setattr(Programs, "get", lambda *given: found.append(get(*given)) or found[-1])
    jax.clear_caches()
    assert jax.jit(lambda x: x * 3 + 1)(jnp.arange(3.0)).tolist() == [1, 4, 7]
    assert all(found)
    assert found


def test_a_folder_that_others_can_write_is_refused(no_folder, tmp_path):
    folder = tmp_path / "programs" / "here"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.warns(UserWarning, match="others can write to"):
        compilation.keep_in(folder)
    assert jax.config.values["jax_compilation_cache_dir"] is None
