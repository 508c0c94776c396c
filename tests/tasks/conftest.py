"""What tests of simulated tasks share."""

import pytest


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """Keep the data that a module simulates in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
