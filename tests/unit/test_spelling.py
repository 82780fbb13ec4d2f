"""`spelling`: a JSON value as text, for each place it can stand in."""

import json
import math
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.spelling import (
    MAX_DEPTH,
    form_text,
    header_text,
    inside_json_string,
    json_text,
    plain_text,
    url_text,
)
from tests.unit.conftest import joined, json_values, numbers, texts

# What String(x) gives in Node 20, and so what a receiver written in JavaScript would have made of the same number.
JAVASCRIPT_NUMBERS = [
    (0.0, "0"),
    (-0.0, "0"),
    (1.0, "1"),
    (-1.0, "-1"),
    (1.5, "1.5"),
    (0.1, "0.1"),
    (0.30000000000000004, "0.30000000000000004"),
    (100.0, "100"),
    (14400.0, "14400"),
    (4.35, "4.35"),
    (3.141592653589793, "3.141592653589793"),
    (123456.789, "123456.789"),
    (-123456789.125, "-123456789.125"),
    (1795000000.5, "1795000000.5"),
    (1795000000.123456789, "1795000000.1234567"),
    (1e15, "1000000000000000"),
    (1e16, "10000000000000000"),
    (9007199254740993.0, "9007199254740992"),
    (12345678901234567.0, "12345678901234568"),
    (33333333333333330.0, "33333333333333330"),
    (1e20, "100000000000000000000"),
    (1.5e20, "150000000000000000000"),
    (123456789012345680000.0, "123456789012345680000"),
    (999999999999999900000.0, "999999999999999900000"),
    (1e21, "1e+21"),
    (1.2e21, "1.2e+21"),
    (-1.5e21, "-1.5e+21"),
    (1e22, "1e+22"),
    (1e300, "1e+300"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (1e-5, "0.00001"),
    (1e-6, "0.000001"),
    (1.5e-6, "0.0000015"),
    (0.000001234, "0.000001234"),
    (9.999999e-7, "9.999999e-7"),
    (1e-7, "1e-7"),
    (-1e-7, "-1e-7"),
    (1.5e-7, "1.5e-7"),
    (1.25e-10, "1.25e-10"),
    (2.2250738585072014e-308, "2.2250738585072014e-308"),
    (5e-324, "5e-324"),
]


def same(expected: Any, parsed: Any) -> bool:
    """Whether `parsed` is what JSON can carry of `expected`: no infinity, and no difference between 1 and 1.0."""
    if isinstance(expected, float):
        return parsed is None if not math.isfinite(expected) else float(parsed) == expected
    if isinstance(expected, list):
        return isinstance(parsed, list) and len(parsed) == len(expected) and all(map(same, expected, parsed))
    if isinstance(expected, dict):
        return list(expected) == list(parsed) and all(same(expected[key], parsed[key]) for key in expected)
    return type(expected) is type(parsed) and bool(expected == parsed)


@pytest.mark.parametrize(("value", "expected"), JAVASCRIPT_NUMBERS, ids=[text for _, text in JAVASCRIPT_NUMBERS])
def test_a_number_is_spelled_as_javascript_spells_it(value: float, expected: str) -> None:
    """Compared with what node's `String(x)` gives."""
    assert expected == json_text(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_spelled_float_is_the_same_float_when_read(value: float) -> None:
    """No digit is lost, and none of Python's own spellings (`1e-07`, `1.0`) is used."""
    text = json_text(value)
    assert value == float(text)
    assert not text.endswith(".0")
    assert "e-0" not in text
    assert "e+0" not in text


@given(st.integers())
def test_a_whole_number_keeps_every_digit(value: int) -> None:
    """Ids beyond 2**53 stay what they are."""
    assert json_text(value) == f"{value}"


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_json_number_is_null(value: float) -> None:
    """As JSON.stringify has it."""
    assert json_text(value) == "null"
    assert json_text([value]) == "[null]"


@given(json_values())
def test_any_value_is_spelled_as_json_that_reads_back_as_itself(value: Any) -> None:
    """Valid, compact, fit for UTF-8, in the given order of keys."""
    text = json_text(value)
    text.encode()
    assert same(value, json.loads(text, parse_constant=pytest.fail))


@given(st.one_of(texts(), numbers(), json_values()))
def test_inside_a_string_stands_the_plain_text(value: Any) -> None:
    """What a receiver's parser takes out of the quotes is the text that went in."""
    parsed = json.loads(f'"{inside_json_string(value)}"')
    assert joined(plain_text(value)) == parsed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        ("O'Neil <b>&", "O'Neil <b>&"),
        ({"a": 'x"y'}, '{"a":"x\\"y"}'),
        ([1, None, True], "[1,null,true]"),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_plain_text_is_the_text_or_its_json(value: object, expected: str) -> None:
    """Never a Python spelling (`True`, `None`, `{'a': 1}`), never HTML escapes."""
    assert expected == plain_text(value)


def test_half_a_surrogate_pair_is_escaped_and_a_whole_one_is_not() -> None:
    """UTF-8 cannot carry a half; an emoji stays as it is."""
    assert json_text("a\ud83db😀") == '"a\\ud83db😀"'


@given(texts())
def test_in_a_url_every_character_is_encoded(text: str) -> None:
    """A receiver reads the same text back, and no character has a meaning in the URL."""
    if text in (".", ".."):
        return
    encoded = url_text(text)
    assert encoded.isascii()
    assert not set(encoded) & set("/?#&=+:@;,[] \\'\"<>")
    assert text.encode("utf-8", "replace").decode() == unquote(encoded)


@given(texts())
def test_in_a_form_the_receiver_reads_the_same_text(text: str) -> None:
    """Application/x-www-form-urlencoded: a value cannot add a field."""
    [(name, value)] = parse_qsl(f"name={form_text(text)}", keep_blank_values=True, strict_parsing=True)
    assert (name, value) == ("name", text.encode("utf-8", "replace").decode())


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\r\nX-Admin: true"])
def test_a_line_break_cannot_stand_in_a_header(text: str) -> None:
    """It would begin another header."""
    with pytest.raises(ValueError, match="line break"):
        header_text(text)


@pytest.mark.parametrize(("value", "expected"), [("Ana Ⓛ", "Ana Ⓛ"), (None, ""), (14400.0, "14400"), (True, "true")])
def test_a_header_has_the_plain_text(value: object, expected: str) -> None:
    """One line stands as it is."""
    assert expected == header_text(value)


@pytest.mark.parametrize("open_container", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_nesting_is_bounded(open_container: Any) -> None:
    """A hundred levels are spelled, more are an error rather than a crash."""
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = open_container(value)
    assert same(value, json.loads(json_text(value)))
    for spell in (json_text, inside_json_string, plain_text, url_text, form_text, header_text):
        with pytest.raises(ValueError, match="nests deeper than 100 levels"):
            spell(open_container(value))


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", (1, 2), str])
def test_what_is_no_json_value_is_refused(value: object) -> None:
    """Exact types only: no repr of a Python object is ever sent."""
    with pytest.raises(ValueError, match="is no JSON value"):
        json_text(value)
