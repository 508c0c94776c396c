"""Two spreadsheets agree: text as it is, numbers up to a processor's rounding."""

import pytest

from harness.tables.agreement import agree

KEPT = b"name,z,p\nchain,1.25,0.0005\nbifan,-3e-16,0.25\n"


@pytest.mark.parametrize(
    "made",
    [
        KEPT,
        KEPT.replace(b"1.25", b"1.2500000000000013"),
        KEPT.replace(b"-3e-16", b"2e-16"),
    ],
    ids=["the same", "last digits", "zero beside others"],
)
def test_rounding_is_no_difference(made):
    assert agree(KEPT, made)


@pytest.mark.parametrize(
    "made",
    [
        KEPT.replace(b"1.25", b"1.2500001"),
        KEPT.replace(b"chain", b"chain2"),
        KEPT.replace(b"0.25", b""),
        KEPT.replace(b"0.25", b"nan"),
        KEPT.replace(b"0.25", b"inf"),
        KEPT.replace(b"bifan,", b"bifan,1,"),
        KEPT + b"merge,1,1\n",
        KEPT.replace(b",p", b",q"),
        b"",
    ],
    ids=["digit", "name", "empty", "nan", "infinite", "wider", "longer", "head", "no file"],
)
def test_what_a_reader_would_see_is(made):
    assert not agree(KEPT, made)
