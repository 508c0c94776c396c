"""The contract of studies."""

import inspect
import re
from collections.abc import Iterator

from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.loading import ONE_FILE, load
from harness.plugin.study import AbstractStudy
from harness.testing._finding import Rule, expect


def rules(study: AbstractStudy) -> Iterator[Rule]:
    """Yield the rules of studies."""
    kind = type(study)
    # A study of a one-file plugin may ask for the plugins beside it in its file.
    own = [inspect.getfile(kind)] if kind.__module__.startswith(ONE_FILE) else []

    def planned() -> None:
        experiments = study.experiments()
        expect(bool(experiments), "it has no experiments.")
        for name, fields in experiments.items():
            expect(
                re.fullmatch("[a-z0-9][a-z0-9_-]*", name) is not None,
                f"'{name}' cannot name a folder: use lower-case letters, digits, - and _.",
            )
            plan(checked(dict(fields), source=name), load(own), source=name)

    def asked() -> None:
        expect(study.question.endswith("?"), f"its question has no '?': {study.question!r}.")

    yield Rule("has experiments that can be planned, under names that folders can have", planned)
    yield Rule("asks a question", asked)
