"""What the tests of studies share."""

import pytest

from harness import AbstractStudy


@pytest.fixture
def no_pages_of_runs(monkeypatch):
    """Leave out the page of each run of a study: it takes seconds, and tests/report is about it."""
    monkeypatch.setattr(AbstractStudy, "pages_of_runs", False)
