"""What each dependency of the default install takes on the disk.

    python -m harness_benchmarks.install_size

A package is counted with all that it needs, and beside it with what nothing else needs: what the
install would lose without it.
"""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

PRODUCT = "motif-harness"


def size(package: Distribution) -> int:
    """The bytes of a package's files."""
    places = (package.locate_file(file) for file in package.files or ())
    return sum(place.stat().st_size for place in places if place.exists())  # type: ignore[attr-defined]


def needed(package: Distribution, extras: Iterable[str] = ()) -> list[Requirement]:
    """What a package requires here, with some of its extras."""
    found = map(Requirement, package.requires or ())
    chosen = ("", *extras)
    return [
        one
        for one in found
        if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in chosen)
    ]


def closure(requirements: Iterable[Requirement]) -> Mapping[str, int]:
    """The bytes of all packages that some requirements bring, by name."""
    found: dict[str, int] = {}
    waiting = list(requirements)
    while waiting:
        one = waiting.pop()
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        if name in found:
            continue
        try:
            package = distribution(one.name)
        except PackageNotFoundError:  # for another platform
            continue
        found[name] = size(package)
        waiting += needed(package, one.extras)
    return found


def main() -> None:
    """Print a row for each dependency, the largest first, and the sum."""
    direct = needed(distribution(PRODUCT))
    rows = []
    for one in direct:
        others = closure(other for other in direct if other is not one)
        with_all = closure([one])
        alone = sum(with_all[name] for name in with_all.keys() - others.keys())
        rows.append((alone, sum(with_all.values()), one.name))
    print("| dependency | with all it needs (MB) | what nothing else needs (MB) |\n|---|---|---|")
    for alone, whole, name in sorted(rows, reverse=True):
        print(f"| {name} | {whole / 1e6:,.1f} | {alone / 1e6:,.1f} |")
    everything = closure(direct)
    print(f"| all {len(everything)} packages | {sum(everything.values()) / 1e6:,.1f} | |")


if __name__ == "__main__":
    main()
