"""The channel by which long work says how far it is."""

import pytest

from harness import progress


def test_nobody_listens():
    progress.update("training", 1, 2)


def test_updates_reach_the_innermost_listener_with_their_facts():
    outer, inner = [], []
    with progress.listening(outer.append):
        progress.update("training", 1, 2, level=3)
        with progress.listening(inner.append), progress.within(trial=1):
            progress.update("measuring", 0, 1, metric="motifs")
        progress.update("training", 2, 2)
    progress.update("training", 3, 2)
    assert outer == [
        progress.Update("training", 1, 2, {"level": 3}),
        progress.Update("training", 2, 2, {}),
    ]
    assert inner == [progress.Update("measuring", 0, 1, {"trial": 1, "metric": "motifs"})]


def test_the_listener_goes_also_after_an_error():
    heard = []
    with pytest.raises(RuntimeError), progress.listening(heard.append):
        raise RuntimeError
    progress.update("training", 1, 2)
    assert heard == []
