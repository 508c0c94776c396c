"""Find the files of a pattern in a folder."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError, unknown
from harness.network_files import printable

_NUMBER = r"\d*\.?\d+(?:[eE]-?\d+)?"
FIELDS = {
    "pruner": r"[\w.+-]+?",
    "seed": r"\d+",
    "density": _NUMBER,
    "sparsity": _NUMBER,
    "level": r"\d+",
}
"""The fields of a pattern, with what fits each."""
LEVELS = ("density", "sparsity", "level")
"""The fields of which a pattern has one: kept share, pruned share, or only an order."""


class Place(NamedTuple):
    """A network by its pruner, seed and level; `level` is the number in the file's name."""

    pruner: str
    seed: int
    level: float


@dataclass(frozen=True)
class Found:
    """The files of a folder that fit a pattern.

    `level` is the field that stands for the level; `others` are files that do not fit.
    """

    folder: Path
    pattern: str
    level: str
    files: dict[Place, Path]
    others: tuple[str, ...]

    @property
    def pruners(self) -> list[str]:
        """The names of the pruners."""
        return sorted({place.pruner for place in self.files})

    @property
    def seeds(self) -> list[int]:
        """The seeds: network n of the run has the n-th."""
        return sorted({place.seed for place in self.files})

    @property
    def levels(self) -> list[float]:
        """The levels as named, dense first where names say densities."""
        named = {place.level for place in self.files}
        return sorted(named, reverse=self.level == "density")

    @property
    def missing(self) -> list[Place]:
        """The combinations of pruner, seed and level without a file."""
        product = itertools.product(self.pruners, self.seeds, self.levels)
        return [place for one in product if (place := Place(*one)) not in self.files]

    def described(self, place: Place) -> str:
        """Return a combination in words."""
        return f"{place.pruner} seed {place.seed} {self.level} {place.level:g}"


def find(folder: Path, pattern: str, without: Sequence[str] = ()) -> Found:
    """Return the files of a folder whose paths in it fit the pattern; none is opened.

    **Arguments:** `pattern`, as in "{pruner}/seed{seed}/density{density}.npz", has one of the
    fields density, sparsity and level; without pruner or seed these are "imported" and 0.
    `without` leaves out files, as "seed=3".

    **Errors:** UserError for a wrong pattern, no file that fits, two files of one combination.
    """
    if not folder.is_dir():
        raise UserError(f"'{folder}' is no folder. Give the one that holds the checkpoints.")
    fits, level = _compiled(pattern)
    left_out, used = [_left_out(one) for one in without], set()
    files: dict[Place, Path] = {}
    others = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if (match := fits.fullmatch(name)) is None:
            others.append(printable(name))
            continue
        fields = match.groupdict()
        if out := {pair for pair in left_out if _equal(fields.get(pair[0]), pair[1])}:
            used |= out
            continue
        value = float(fields[level])
        if level != "level" and not 0 <= value <= 1:
            raise UserError(
                f"'{printable(name)}': {level} {value:g} is no share from 0 to 1. Write {{level}} "
                "in the pattern: densities are counted from the masks."
            )
        place = Place(fields.get("pruner") or "imported", int(fields.get("seed") or 0), value)
        if place in files:
            first = files[place].relative_to(folder).as_posix()
            raise UserError(
                f"'{printable(first)}' and '{printable(name)}' are one combination. Remove one, or "
                "tell them apart in the pattern."
            )
        files[place] = path
    if idle := ["=".join(pair) for pair in left_out if pair not in used]:
        raise UserError(f"--without {idle[0]} fits no file in '{folder}'. Omit it.")
    if not files:
        held = ", ".join(f"'{name}'" for name in others[:3]) or "no file"
        raise UserError(f"no file in '{folder}' fits '{pattern}'. It holds {held}.")
    return Found(folder, pattern, level, files, tuple(others))


def refuse_missing(found: Found) -> None:
    """Raise UserError, naming combinations, if some have no file."""
    if missing := found.missing:
        named = "; ".join(found.described(place) for place in missing[:5])
        more = f"; and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise UserError(
            f"'{found.folder}' lacks {len(missing)} of {len(missing) + len(found.files)} "
            f"combinations: {named}{more}. Add them, or leave out a seed, level or pruner: "
            f"--without seed={missing[0].seed}."
        )


def _compiled(pattern: str) -> tuple[re.Pattern[str], str]:
    """Return the pattern as a regular expression, and its field of the level."""
    literals, names = (parts := re.split(r"\{([^{}]*)\}", pattern))[::2], parts[1::2]
    for name in names:
        if name not in FIELDS:
            raise unknown("field", name, FIELDS, f"pattern '{pattern}': ")
    levels = [name for name in LEVELS if name in names]
    if len(levels) != 1:
        have = " and ".join(levels) if levels else "none"
        raise UserError(
            f"pattern '{pattern}' needs one of {{density}}, {{sparsity}} and {{level}}; it has "
            f"{have}."
        )
    expression = re.escape(literals[0])
    for number, (name, literal) in enumerate(zip(names, literals[1:], strict=True)):
        again = name in names[:number]
        expression += f"(?P={name})" if again else f"(?P<{name}>{FIELDS[name]})"
        expression += re.escape(literal)
    return re.compile(expression), levels[0]


def _left_out(text: str) -> tuple[str, str]:
    field, separator, value = text.partition("=")
    if not separator:
        raise UserError(f"--without '{text}': write FIELD=VALUE, as seed=3.")
    if field not in FIELDS:
        raise unknown("field", field, FIELDS, "--without: ")
    return field, value


def _equal(found: str | None, asked: str) -> bool:
    """Return whether two values of a field are equal, as numbers or as text."""
    if found is None:
        return False
    try:
        return float(found) == float(asked)
    except ValueError:
        return found == asked
