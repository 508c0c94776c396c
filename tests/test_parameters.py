"""Reading `name[field=value]`, checking it against a plugin, and writing it back."""

import string
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import hypothesis.strategies as st
import pytest
from annotated_types import Ge, Lt
from hypothesis import example, given

from harness import UserError
from harness.plugin.parameters import Selection, build, changed, described, label, parse, values


@dataclass(frozen=True)
class Example:
    name: ClassVar[str] = "example"
    scope: Literal["layer", "global"] = "layer"
    batches: Annotated[int, Ge(1)] = 8
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    sizes: tuple[int, ...] = (400, 16)
    title: str = "a b"
    limit: int | None = None


@dataclass(frozen=True)
class Demanding:
    name: ClassVar[str] = "demanding"
    start: int
    end: int = 3


@dataclass(frozen=True)
class Fussy:
    name: ClassVar[str] = "fussy"
    low: int = 0
    high: int = 1

    def __post_init__(self):
        if self.low >= self.high:
            raise ValueError("low must be under high")


def make(text, plugin=Example):
    (selection,) = parse(text)
    return build(plugin, selection.parameters, kind="pruner")


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("example", {}),
        ("  example  ", {}),
        ("example[]", {}),
        ("example[ ]", {}),
        ("owner:example[scope=global]", {"scope": "global"}),
        ("example[scope=global, batches = 3]", {"scope": "global", "batches": 3}),
        ("example[a=1.5,b=true,c=null,d=-2e-3]", {"a": 1.5, "b": True, "c": None, "d": -2e-3}),
        ("example[sizes=[1, 2, 3]]", {"sizes": [1, 2, 3]}),
        ("example[sizes=[[1, 2], [3]], batches=2]", {"sizes": [[1, 2], [3]], "batches": 2}),
        ('example[a={"b": [1, 2], "c": "d|e"}, f=1]', {"a": {"b": [1, 2], "c": "d|e"}, "f": 1}),
        ('example[title="a, b=[c] | \\" d"]', {"title": 'a, b=[c] | " d'}),
        ("example[title=x=y]", {"title": "x=y"}),
        ("example[path=~/data/file.npz]", {"path": "~/data/file.npz"}),
    ],
)
def test_text_is_read(text, parameters):
    name = text.strip().partition("[")[0]
    assert parse(text) == [Selection(name, parameters)]


def test_bars_make_a_grid():
    grid = parse('example[scope=layer|global, batches=1, sizes=[1]|[2, 3]|"4|5"]')
    assert [one.parameters for one in grid] == [
        {"scope": scope, "batches": 1, "sizes": sizes}
        for scope in ("layer", "global")
        for sizes in ([1], [2, 3], "4|5")
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "write NAME or NAME"),
        ("example[scope=layer", "write NAME or NAME"),
        ("two words", "write NAME or NAME"),
        ("example[scope]", "'scope' in 'example[scope]': write field=value"),
        ("example[scope=layer,]", "write field=value"),
        ("example[=layer]", "write field=value"),
        ("example[a=1, a=2]", "'a' is given twice"),
    ],
)
def test_what_cannot_be_read_is_refused(text, problem):
    with pytest.raises(UserError) as error:
        parse(text)
    assert problem in str(error.value)
    assert text in str(error.value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.sampled_from(string.ascii_letters + string.digits + '_.-|,=[]{}"\\ é\n'))
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)
identifiers = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


@given(
    st.from_regex(r"([a-z0-9-]{1,9}:)?[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True),
    st.dictionaries(identifiers, json_values, max_size=4),
)
@example("magnitude", {"scope": "true"})
@example("magnitude", {"scope": "null", "a": "12"})
@example("magnitude", {"scope": "NaN"})
@example("magnitude", {"scope": "Infinity"})
@example("magnitude", {"scope": 'a"|"b]'})
def test_labels_are_read_as_they_were_written(name, parameters):
    selection = Selection(name, parameters)
    assert str(selection) == label(name, parameters)
    assert parse(str(selection)) == [selection]


def test_labels_are_easy_to_read():
    assert label("magnitude", {}) == "magnitude"
    parameters = {"scope": "global", "batches": 3, "sizes": [1, 2], "title": "a b"}
    assert label("m", parameters) == 'm[scope=global, batches=3, sizes=[1, 2], title="a b"]'


def test_values_are_made_of_the_right_types():
    made = make("example[scope=global, batches=2, sizes=[5, 6], momentum=0, limit=3]")
    assert made == Example("global", 2, 0.0, (5, 6), "a b", 3)
    assert isinstance(made.sizes, tuple)


def test_unknown_parameter_lists_the_closest_and_all_right_ones():
    with pytest.raises(UserError) as error:
        make("example[scop=layer]")
    message = str(error.value)
    assert "pruner 'example': unknown parameter 'scop'. Did you mean 'scope'?" in message
    assert "Known: batches, limit, momentum, scope, sizes, title." in message
    with pytest.raises(UserError) as error:
        make("example[zzz=1]")
    assert "Did you mean" not in str(error.value)


def test_class_attributes_are_no_parameters():
    with pytest.raises(UserError, match="unknown parameter 'name'"):
        make("example[name=other]")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("example[scope=layers]", "scope = 'layers': Input should be 'layer' or 'global'"),
        ("example[batches=0]", "batches = 0: Input should be greater than or equal to 1"),
        ("example[batches=1.5]", "batches = 1.5: Input should be a valid integer"),
        ("example[batches=many]", "batches = 'many': Input should be a valid integer"),
        ("example[momentum=1]", "momentum = 1: Input should be less than 1"),
        ("example[sizes=[1, x]]", "sizes = '[1, x]': Input should be a valid tuple"),
        ('example[sizes=[1, "x"]]', "sizes.1 = 'x': Input should be a valid integer"),
    ],
)
def test_wrong_value_is_named_with_what_is_right(text, problem):
    with pytest.raises(UserError) as error:
        make(text)
    assert str(error.value).startswith("pruner 'example': ")
    assert problem in str(error.value)


def test_every_wrong_value_is_named():
    with pytest.raises(UserError, match=r"scope = .*; batches = "):
        make("example[scope=no, batches=0]")


def test_missing_parameter_is_named():
    with pytest.raises(UserError, match="start"):
        make("demanding", Demanding)


def test_what_a_plugin_says_of_its_values_reaches_the_user():
    with pytest.raises(UserError, match=r"pruner 'fussy': .*low must be under high"):
        make("fussy[low=2]", Fussy)


def test_values_and_what_differs_from_the_defaults():
    made = make("example[batches=8, sizes=[1]]")
    assert values(made) == {
        "scope": "layer",
        "batches": 8,
        "momentum": 0.9,
        "sizes": [1],
        "title": "a b",
        "limit": None,
    }
    assert changed(made) == {"sizes": [1]}
    assert changed(Example()) == {}


def test_a_required_parameter_always_differs_from_its_default():
    assert changed(make("demanding[start=1]", Demanding)) == {"start": 1}


def test_described_shows_defaults_as_they_would_be_written():
    assert described(Example) == {
        "scope": "layer",
        "batches": "8",
        "momentum": "0.9",
        "sizes": "[400, 16]",
        "title": '"a b"',
        "limit": "null",
    }
    assert described(Demanding) == {"start": "required", "end": "3"}
    for name, written in described(Example).items():
        (selection,) = parse(f"example[{name}={written}]")
        assert changed(build(Example, selection.parameters, kind="pruner")) == {}


def test_described_shows_a_default_that_is_made():
    @dataclass(frozen=True)
    class Made:
        name: ClassVar[str] = "made"
        sizes: tuple[int, ...] = field(default_factory=lambda: (1, 2))

    assert described(Made) == {"sizes": "[1, 2]"}


def test_a_bar_between_names_means_each():
    found = parse("mlp[sizes=[3, 4]] | cnn[kernel=3|5]|rnn")
    assert [one.name for one in found] == ["mlp", "cnn", "cnn", "rnn"]
    assert [one.parameters for one in found[1:3]] == [{"kernel": 3}, {"kernel": 5}]
    with pytest.raises(UserError, match="cannot read ''"):
        parse("mlp|")
