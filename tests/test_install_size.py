"""What each dependency takes on the disk, on packages made by hand."""

from harness_benchmarks import install_size

PACKAGES = {
    "motif-harness": ([], ["one", "two", 'three; extra == "more"']),
    "one": ([100], ["Shared_Part"]),
    "two": ([10], ["shared-part", "absent"]),
    "shared-part": ([1, 1], ["one"]),
}


class Made:
    def __init__(self, folder, name):
        sizes, self.requires = PACKAGES[name]
        self.files = [f"{name}-{place}" for place in range(len(sizes))]
        for file, size in zip(self.files, sizes, strict=True):
            (folder / file).write_bytes(bytes(size))
        self.locate_file = folder.joinpath


def test_each_is_counted_with_what_it_needs_and_alone(tmp_path, monkeypatch, capsys):
    def found(name):
        key = name.lower().replace("_", "-")
        if key not in PACKAGES:
            raise install_size.PackageNotFoundError(name)
        return Made(tmp_path, key)

    monkeypatch.setattr(install_size, "distribution", found)
    monkeypatch.setattr(install_size, "size", lambda made: 10**6 * _bytes(made))
    install_size.main()
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| two | 112.0 | 10.0 |",
        "| one | 102.0 | 0.0 |",
        "| all 3 packages | 112.0 | |",
    ]


def _bytes(made):
    return sum(made.locate_file(file).stat().st_size for file in made.files)


def test_files_that_are_gone_count_nothing(tmp_path):
    made = Made(tmp_path, "one")
    made.files.append("gone")
    assert install_size.size(made) == 100
