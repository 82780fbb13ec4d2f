"""`validators`: which paths are accepted, and what an answer has to hold."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grantwire.errors import JsonPathError
from grantwire.models import HttpResponse, ResponseValidator
from grantwire.spelling import json_text, plain_text
from grantwire.validators import ValidatorVerdict, compile_path, judge, normalise
from tests.unit.conftest import joined, json_values, texts

BODY: Any = {
    "status": "accepted",
    "count": 3,
    "ratio": 3.0,
    "one": 1,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "list": ["a", "b", "c"],
    "incidents": [{"status": "open", "id": 1}, {"status": "closed", "id": 2}],
    "Cost center": "4711",
    "it's": "quoted",
    "größe": "XL",
    "*": "star",
    "": "nameless",
    "a.b": "dotted",
    "where": "here",
    "deep": {"er": {"status": "buried"}},
}


def verdict(path: str, *expected: str, body: Any = BODY, **fields: Any) -> ValidatorVerdict:
    """The verdict of one validator over an answer; `body` in bytes is taken as it is."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    whole: dict[str, Any] = {
        "status": 202,
        "headers": (("X-Request-Id", "r1"), ("x-n", "5")),
        "body": data,
        "truncated": False,
    }
    validator = ResponseValidator(json_path=path, expected_values=expected or ("no such value",))
    [found] = judge((validator,), HttpResponse(**(whole | fields)))
    assert found.validator is validator
    return found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.data.status", ("accepted",)),
        ("$.status", ("202",)),
        ("$['data']['status']", ("accepted",)),
        ('$["data"]["status"]', ("accepted",)),
        ("$[ 'data' ].status", ("accepted",)),
        ("$.headers.x-request-id", ("r1",)),
        ("$.headers['x-n']", ("5",)),
        ("$.count", ("3",)),
        ("$.data.count", ("3",)),
        ("$.list[0]", ("a",)),
        ("$.list[-1]", ("c",)),
        ("$.list[*]", ("a", "b", "c")),
        ("$.list[0:2]", ("a", "b")),
        ("$.list[1:]", ("b", "c")),
        ("$.list[-2:]", ("b", "c")),
        ("$.list[:]", ("a", "b", "c")),
        ("$.list[::2]", ("a", "c")),
        ("$.list[9]", ()),
        ("$.list[-9]", ()),
        ("$.incidents[0].status", ("open",)),
        ("$.data.incidents[*].id", ("1", "2")),
        ("$.incidents[1:].status", ("closed",)),
        ("$.deep.er", ('{"status":"buried"}',)),
        ("$.deep.*.status", ("buried",)),
        ("$..buried", ()),
        ("$..er.status", ("buried",)),
        ("$..id", ("1", "2")),
        ("$['Cost center']", ("4711",)),
        ('$["it\'s"]', ("quoted",)),
        ("$.größe", ("XL",)),
        ("$['größe']", ("XL",)),
        ("$['a.b']", ("dotted",)),
        ("$.where", ("here",)),
        ("$['where']", ("here",)),
        ("$['']", ("nameless",)),
        ("$['data']['*']", ("star",)),
        ("$.nothing", ("null",)),
        ("$.empty", ("",)),
        ("$.yes", ("true",)),
        ("$.ratio", ("3",)),
        ("$.missing", ()),
        ("$.status.missing", ()),
        ("$.data.status[0]", ()),
        ("$.data.count[0]", ()),
        ("$.data.deep[0]", ()),
    ],
)
def test_an_accepted_path_finds_its_nodes(path: str, found: tuple[str, ...]) -> None:
    """In the document of status, headers and data; what is not found there, on the body itself."""
    assert found == verdict(path).found
    assert all(verdict(path, value).holds for value in found)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "does not start at $"),
        ("data.status", "does not start at $"),
        (" $.a", "does not start at $"),
        ("@.a", "does not start at $"),
        ("$.", "'.' at character 2 is not understood"),
        ("$a", "'a' at character 2 is not understood"),
        ("$.a.", "'.' at character 4 is not understood"),
        ("$.a b", "' b' at character 4 is not understood"),
        ("$.a[", "'[' at character 4 is not understood"),
        ("$.a[]", "'[]' at character 4 is not understood"),
        ("$.a[b]", "'[b]' at character 4 is not understood"),
        ("$.a[0,1]", "'[0,1]' at character 4 is not understood"),
        ("$['a','b']", "at character 2 is not understood"),
        ("$['a", "at character 2 is not understood"),
        ("$['a\\'b']", "at character 2 is not understood"),
        ("$.a[?(@.b==1)]", "at character 4 is not understood"),
        ("$.a[?(@.b =~ '(a+)+$')]", "at character 4 is not understood"),
        ("$.s * 2000000000", "' * 2000000000' at character 4 is not understood"),
        ("$.a + $.b", "' + $.b' at character 4 is not understood"),
        ("$.a | $.b", "' | $.b' at character 4 is not understood"),
        ("$.a where b", "' where b' at character 4 is not understood"),
        ("$.a.`len`", "at character 4 is not understood"),
        ("$.a.`sub(/(a+)+$/, b)`", "at character 4 is not understood"),
        ("$.a[1234567890]", "at character 4 is not understood"),
        ("$.a[0:1:-1]", "at character 4 is not understood"),
        ("$$", "'$' at character 2 is not understood"),
        ("$..*", "'..*' visits everything"),
        ("$..", "at character 2 is not understood"),
        ("$..[0]", "after '..' a name must follow"),
        ("$..a..b", "more than one '..'"),
        ("$['it\\'s']", "not understood"),
        ("$" + ".a" * 33, "more than 32 steps"),
        ("$." + "a" * 511, "longer than 512 characters"),
    ],
)
def test_any_other_path_is_refused_with_its_reason(path: str, message: str) -> None:
    """The message says where, and what is accepted."""
    for read in (normalise, compile_path):
        with pytest.raises(JsonPathError) as caught:
            read(path)
        assert message in str(caught.value)


def test_a_name_with_both_quotes_cannot_be_asked_for() -> None:
    """No path language that jsonpath-ng reads can carry it."""
    with pytest.raises(JsonPathError, match=r"both kinds of quotes|not understood"):
        normalise("$.a['it\"s']['it's']")


@pytest.mark.parametrize(
    ("path", "expected", "holds"),
    [
        ("$.data.status", ("accepted",), True),
        ("$.data.status", ("queued", "accepted"), True),
        ("$.data.status", ("Accepted",), False),
        ("$.data.status", ("accept",), False),
        ("$.data.yes", ("true",), True),
        ("$.data.yes", ("1",), False),
        ("$.data.yes", ("True",), False),
        ("$.data.no", ("false",), True),
        ("$.data.no", ("0",), False),
        ("$.data.no", ("",), False),
        ("$.data.one", ("1",), True),
        ("$.data.one", ("true",), False),
        ("$.data.one", ("1.0",), False),
        ("$.data.ratio", ("3",), True),
        ("$.data.nothing", ("null",), True),
        ("$.data.nothing", ("",), False),
        ("$.data.nothing", ("None",), False),
        ("$.data.empty", ("",), True),
        ("$.data.empty", ("null",), False),
        ("$.status", ("202",), True),
        ("$.incidents[*].status", ("closed",), True),
        ("$.incidents[*].status", ("lost",), False),
        ("$.data.list", ('["a","b","c"]',), True),
        ("$.data.missing", ("null",), False),
    ],
)
def test_values_are_compared_by_their_json_spelling(path: str, expected: tuple[str, ...], holds: bool) -> None:
    """Never by Python's `True == 1`; any node and any expected value will do; text compares exactly."""
    found = verdict(path, *expected)
    assert holds is found.holds
    assert (found.reason == "") is holds


def test_the_document_comes_before_the_body() -> None:
    """`$.status` is the HTTP status even where the body has one; `$.data.data` reaches the body's own `data`."""
    assert verdict("$.status", "202", body={"status": "x"}).holds
    assert verdict("$.data.status", "x", body={"status": "x", "data": {"status": "inner"}}).found == ("x",)
    assert verdict("$.data.status", "inner", body={"data": {"status": "inner"}}).holds
    assert verdict("$.data.data.status", "inner", body={"data": {"status": "inner"}}).holds
    assert verdict("$[0]", "first", body=["first"]).holds
    assert verdict("$.data", "7", body=7).holds


@pytest.mark.parametrize("path", ["$[*].status", "$[0:1].status", "$[:].status", "$[0].status", "$[-1].status"])
def test_a_body_that_is_a_list_is_gone_through(path: str) -> None:
    """The document is an object, so a path that begins with a list's element means the body."""
    assert verdict(path, "open", body=[{"status": "open"}]).found == ("open",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is empty"),
        (b"<html>", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b'{"status": "accepted"} x', "the body is not JSON"),
        (b"NaN", "the body is not JSON"),
        (b'{"status": "accepted", "x": NaN}', "the body is not JSON"),
        (b'{"status": "accepted", "x": -Infinity}', "the body is not JSON"),
        (b"\xff\xfe\xfa", "the body is not JSON"),
        (b'"\xff"', "the body is not JSON"),
        (b"[" * 60_000, "the body is not JSON"),
        (b"[" * 101 + b"]" * 101, "the body nests deeper than 100"),
        (b'{"n": ' + b"1" * 5000 + b"}", "the body is not JSON"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_body_that_is_not_json_fails_every_validator(body: bytes, reason: str) -> None:
    """Even one that asks for the status alone; so does one that nests too deep."""
    found = verdict("$.status", "202", body=body)
    assert (found.holds, found.found, found.reason) == (False, (), reason)


def test_a_body_that_was_cut_says_so() -> None:
    """It is JSON no more, and the reader should know why."""
    assert verdict("$.status", "202", body=b'{"a": ', truncated=True).reason == "the body is cut off at 64 KB"


def test_a_body_at_the_bounds_is_read() -> None:
    """As many values as 64 KB hold; and a hundred levels, also where a path takes the whole of it."""
    wide = b"[" + b"1," * 32_766 + b"2]"
    assert verdict("$.data[*]", "2", body=wide).holds
    assert verdict("$[-1]", "2", body=wide).holds
    deep = b"[" * 99 + b"1" + b"]" * 99
    assert verdict("$.status", "202", body=deep).holds
    assert verdict("$.data", deep.decode(), body=deep).holds
    assert not verdict("$", "x", body=b"[" * 100 + b"]" * 100).holds


def test_every_validator_has_a_verdict() -> None:
    """In their order; without one there is nothing to judge, not even whether the body is JSON."""
    one, other = (ResponseValidator(json_path=path, expected_values=("202",)) for path in ("$.status", "$.data.count"))
    response = HttpResponse(status=202, headers=(), body=b'{"count":3}', truncated=False)
    assert [(found.validator, found.holds) for found in judge((one, other), response)] == [(one, True), (other, False)]
    assert [found.reason for found in judge((one, other), response)] == ["", "no value is among the expected ones"]
    assert judge((), HttpResponse(status=202, headers=(), body=b"<html>", truncated=False)) == ()


def test_all_validators_share_one_bound_of_work() -> None:
    """Ten descents into a large answer are within it; once it is reached, each of the others says what to do."""
    body = json.dumps([{"id": number, "status": "open"} for number in range(1000)]).encode()
    several = tuple(ResponseValidator(json_path=f"$..x{number}", expected_values=("1",)) for number in range(50))
    plain = ResponseValidator(json_path="$[999].status", expected_values=("open",))
    response = HttpResponse(status=202, headers=(), body=body, truncated=False)
    reasons = [found.reason for found in judge((plain, *several, plain), response)]
    assert reasons[:11] == ["", *["the path finds nothing in the body"] * 10]
    assert "the answer is too large for all these validators together" in reasons[50]
    assert reasons[51] == reasons[50]


def test_what_was_found_is_shown_in_part() -> None:
    """Twenty values; all of them are compared. They are cut once secrets have been taken out of them."""
    found = verdict("$.data[*]", "y" * 300, body=[*("x" * 300 for _ in range(30)), "y" * 300])
    assert found.holds
    assert found.found == ("x" * 300,) * 20


STEPS = st.sampled_from(
    [
        *(
            "$",
            ".",
            "..",
            "*",
            "[",
            "]",
            "'",
            '"',
            ":",
            ",",
            "-",
            "0",
            "1",
            "[0]",
            "[-1]",
            "[*]",
            ".*",
            "[0:2]",
            "[::0]",
        ),
        *(
            "[:]",
            ".a",
            "['a']",
            '["b c"]',
            "..a",
            ".where",
            ".parent",
            ".`this`",
            "`len`",
            "?(@.a)",
            " ",
            "|",
            "&",
            "\\",
        ),
        *(
            ".é",
            ".ª",
            "[٣]",
            ".²",
            ".0",
            ".-",
            ".a-b",
            ".#",
            ".%",
            "['']",
            "['\n']",
            "['\ud800']",
            "['`this`']",
            "[1:2:0]",
        ),
    ]
)


@settings(max_examples=400)
@given(
    st.one_of(
        texts(30),
        st.lists(STEPS, max_size=8).map("".join),
        st.lists(STEPS, max_size=8).map(lambda steps: "$" + "".join(steps)),
    ),
    json_values(),
)
def test_any_text_is_a_path_or_a_json_path_error(path: str, body: Any) -> None:
    """Neither reading, compiling nor following it raises anything else; what can be normalised compiles."""
    try:
        normalise(path)
    except JsonPathError:
        with pytest.raises(JsonPathError):
            compile_path(path)
        return
    compile_path(path)
    verdict(path, body=_finite(body))


def _finite(value: Any) -> Any:
    """The value as a strict JSON parser could give it."""
    return json.loads(json_text(value))


@settings(max_examples=200)
@given(texts(20), json_values())
def test_any_name_can_be_asked_for_in_quotes(name: str, value: Any) -> None:
    """Whatever letters it has; but a name with both kinds of quotes, or a backslash, is refused when saved."""
    body = {"other": 1, name: _finite(value)}
    quote = "'" if "'" not in name else '"'
    path = f"$.data[{quote}{name}{quote}]"
    if quote in name or "\\" in name:
        with pytest.raises(JsonPathError):
            compile_path(path)
        return
    spelled = "null" if body[name] is None else plain_text(body[name])
    assert verdict(path, spelled, body=body).holds, joined(path)


@pytest.mark.parametrize(
    "path", ["$..a", "$..a" + "[*]" * 31, "$" + ".*" * 32, "$" + "[*]" * 32, "$..a" + ".a" * 31, "$[" + "9" * 9 + "]"]
)
def test_no_accepted_path_takes_long(path: str) -> None:
    """Over the largest and the deepest body that is followed."""
    deep: Any = 1
    for _ in range(95):
        deep = {"a": deep, "b": [1] * 40}
    for body in (deep, {"a": [1] * 9000}, [[{"a": 1}] * 50] * 90):
        started = time.process_time()
        verdict(path, body=body)
        assert time.process_time() - started < 2


def test_compiled_paths_are_kept() -> None:
    """A compilation costs more than an evaluation."""
    assert compile_path("$.data.kept") is compile_path("$.data.kept")
