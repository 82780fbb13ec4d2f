"""`filters`: does an event pass, and what was looked at."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.filter_fields import MAX_FIELD_CHARACTERS, MAX_STEPS, finder, parse_path
from grantwire.filters import (
    CATALOGUE,
    OPERATORS,
    WITHOUT_VALUES,
    FilterVerdict,
    Wildcards,
    explain,
    field_problem,
    first_unmet,
    folded,
    is_field,
    value_problem,
)
from grantwire.models import TRIGGERS, Filter
from grantwire.samples import sample_payload
from tests.unit.conftest import DUNDERS, event_of, json_objects, json_values, texts

DATA: dict[str, Any] = {
    "requester": {"id": "usr-ana", "name": "Ana Lima", "email": "ana.lima@example.com"},
    "grantee": {"id": "gra-ana", "source_id": "00u1ana", "name": "Ana (grantee)", "type": "user"},
    "justification": "Straße is broken",
    "access_flow": {"id": "afl-prod", "name": "Production read"},
    "access_bundle": {"id": "abu-1", "name": "On call"},
    "access_duration_in_seconds": 14400,
    "access_groups": [
        {
            "integration": {"id": "int-pg", "type": "postgresql", "name": "prod-db"},
            "resource_types": [{"id": "rty-db", "name": "Database"}, {"id": "rty-schema", "name": "Schema"}],
            "access_units": [
                {
                    "resource": {
                        "id": "res-pay",
                        "name": "payments",
                        "path": "prod-db/payments",
                        "type": {"id": "rty-table", "name": "Table"},
                    },
                    "permission": {"id": "per-read", "name": "READ_ONLY"},
                },
                {"resource": {"id": "res-users", "name": "users"}, "permission": {"id": "per-write", "name": "WRITE"}},
            ],
        },
        {"integration": {"id": "int-s3", "type": "aws-s3", "name": "backups"}},
    ],
    "approvals": [{"status": "Approved", "approver": {"id": "usr-bo"}}],
    "custom_fields": {"ticket": "PAY-4711", "Cost center": "4711", "a.b": "dotted", "urgent": True, "count": 3.0},
}

# Field by field, every value of the event that it compares against, in the order of explain()'s `found`.
COMPARED = {
    "integration": ("int-pg", "int-s3", "prod-db", "backups"),
    "integration_type": ("postgresql", "aws-s3"),
    "resource_type": ("rty-db", "rty-schema", "Database", "Schema", "rty-table", "Table"),
    "resource": ("res-pay", "res-users", "payments", "users", "prod-db/payments"),
    "permission": ("per-read", "per-write", "READ_ONLY", "WRITE"),
    "access_flow": ("afl-prod", "Production read"),
    "access_bundle": ("abu-1", "On call"),
    "requester": ("usr-ana", "Ana Lima", "ana.lima@example.com"),
    "grantee": ("gra-ana", "00u1ana", "Ana (grantee)"),
    "justification": ("Straße is broken",),
    "duration": ("14400",),
    "approval": ("manual",),
    "custom_fields.ticket": ("PAY-4711",),
    "custom_fields.Cost center": ("4711",),
    "custom_fields.a.b": ("dotted",),
    "custom_fields.urgent": ("true",),
    "custom_fields.count": ("3",),
}


def verdict(field: str, *values: str, operator: str = "is", data: Any = None) -> FilterVerdict:
    """The one verdict of one filter."""
    one = Filter(field=field, operator=operator, values=values)
    [found] = explain((one,), event_of({"data": DATA if data is None else data}))
    assert found.filter is one
    unmet = first_unmet((one,), event_of({"data": DATA if data is None else data}))
    assert unmet is (None if found.holds else one)
    return found


def holds(operator: str, event_value: Any, *values: str) -> bool:
    """Whether a filter holds over this value of an event; `...`: the event lacks the field."""
    data = {} if event_value is ... else {"value": event_value}
    return verdict("data.value", *values, operator=operator, data=data).holds


@pytest.mark.parametrize("field", COMPARED)
def test_a_field_compares_against_ids_and_names(field: str) -> None:
    """Each of them, whatever the case; `explain` tells them all, and `is_not` is false where `is` is true."""
    for value in COMPARED[field]:
        for spelling in (value, value.upper(), value.lower(), value.swapcase()):
            assert verdict(field, spelling).holds
            assert verdict(field, "something else", spelling).holds
            assert not verdict(field, spelling, operator="is_not").holds
    assert verdict(field, "something else").found == COMPARED[field]
    assert not verdict(field, "something else").holds
    assert verdict(field, "something else", "another", operator="is_not").holds


def test_every_field_of_the_catalogue_is_tried_here() -> None:
    """A new field needs its row above."""
    assert {one.name for one in CATALOGUE} == {field for field in COMPARED if "." not in field} | {
        "custom_fields.<key>"
    }


@pytest.mark.parametrize("field", CATALOGUE, ids=lambda field: field.name)
def test_the_catalogue_says_what_each_field_is(field: Any) -> None:
    """A sentence, operators that there are, and paths; but for approval, these find what the name finds."""
    assert field.meaning.endswith(".")
    assert set(field.operators) <= set(OPERATORS)
    assert len(field.operators) == len(set(field.operators))
    name, paths = field.name.replace("<key>", "ticket"), [path.replace("<key>", "ticket") for path in field.paths]
    found = [value for path in paths for value in finder(path, objects=False)({"data": DATA})]
    if name != "approval":
        assert found == finder(name, objects=False)({"data": DATA}) != []


@pytest.mark.parametrize("field", [name for name in COMPARED if name.partition(".")[0] != "custom_fields"])
def test_what_the_catalogue_names_stands_in_a_sample(field: str) -> None:
    """So that a test of a webhook can show what a filter looks at."""
    one = Filter(field=field, operator="exists", values=())
    assert any(explain((one,), event_of(sample_payload(trigger)))[0].found for trigger in TRIGGERS)


# What each operator makes of a text, a number, a boolean, nothing, a list and a nested list.
HOLDS: dict[str, list[tuple[Any, tuple[str, ...], bool]]] = {
    "is": [
        *(("Read", ("read",), True), ("Read", ("rea",), False), ("Read", ("x", "READ"), True)),
        *((5, ("5",), True), (5.0, ("5",), True), (5, ("5.0",), False), (True, ("TRUE",), True), (0, ("0",), True)),
        *((False, ("0",), False), ({"a": "b"}, ("b",), False), (None, ("null",), False), (..., ("",), False)),
        *(("", ("",), False), ([], ("",), False), (["a", "b"], ("b",), True), ([["a"], [["b"]]], ("b",), True)),
        *((float("inf"), ("null",), False), ([{"a": "b"}, "c"], ("c",), True)),
    ],
    "contains": [
        *(("Read only", ("D O",), True), ("Read", ("x", "ea"), True), ("Read", ("x",), False), (1234, ("23",), True)),
        *((True, ("ru",), True), (None, ("null",), False), (..., ("a",), False), (["ab", "cd"], ("c",), True)),
        *((["ab", "cd"], ("bc",), False), ([["ab"], [["cd"]]], ("D",), True), ({"a": "b"}, ("b",), False)),
    ],
    "starts_with": [
        *(("Read only", ("rEAD",), True), ("Read", ("ead",), False), ("Read", ("x", "r"), True), (1234, ("12",), True)),
        *((False, ("fal",), True), (None, ("n",), False), (..., ("a",), False), (["ab", "cd"], ("cd",), True)),
        *(([["ab"], [["cd"]]], ("c",), True), (["ab"], ("b",), False)),
    ],
    "ends_with": [
        *(("Read only", ("ONLY",), True), ("Read", ("rea",), False), ("Read", ("x", "d"), True), (1234, ("34",), True)),
        *((False, ("lse",), True), (None, ("l",), False), (..., ("a",), False), (["ab", "cd"], ("b",), True)),
        *(([["ab"], [["cd"]]], ("D",), True), (["ab"], ("a",), False)),
    ],
    "matches": [
        *(("prod-db", ("PROD-*",), True), ("prod-db", ("prod",), False), ("prod-db", ("*-db", "x"), True)),
        *(("prod-db", ("pr?d-??",), True), ("prod-db", ("prod-???",), False), ("prod-db", ("p*d?d*b",), True)),
        *((1234, ("1*4",), True), (True, ("t???",), True), (None, ("*",), False), (..., ("*",), False)),
        *(("", ("*",), False), (["ab", "cd"], ("?d",), True), ([["ab"], [["cd"]]], ("c?",), True)),
        *(("a*b", ("a?b",), True), ("a.b", ("a[.]b",), False), ("a\nb", ("a?b",), True), ("x", ("",), False)),
    ],
    "exists": [
        *(("a", (), True), (0, (), True), (False, (), True), ({"a": None}, (), True), (["", None, 0], (), True)),
        *((None, (), False), (..., (), False), ("", (), False), ([], (), False), ({}, (), False)),
        *(([None, "", [], {}, [[None]]], (), False), ([[["a"]]], (), True), (float("nan"), (), False)),
    ],
    "greater_than": [
        *((5, ("4.5",), True), (5, ("5",), False), (5, ("9", "4"), True), (4.5, ("4",), True), ("5", ("4",), True)),
        *((" 5e3 ", ("4999",), True), ("-1", ("-2",), True), ("5 days", ("4",), False), (True, ("0",), False)),
        *((None, ("-1",), False), (..., ("-1",), False), ("", ("-1",), False), ([1, 9], ("8",), True)),
        *(([["x"], [[9]]], ("8",), True), ({"a": 9}, ("8",), False), ("1_000", ("1",), False), ("٣", ("1",), False)),
        *(("inf", ("1",), False), ("1e999", ("1",), False), (float("inf"), ("1",), False), ("9" * 999, ("1",), False)),
        *((2**53 + 1, (str(2**53),), True), (10**400, ("1e300",), True)),
    ],
    "less_than": [
        *((5, ("5.5",), True), (5, ("5",), False), (5, ("1", "6"), True), (-0.5, ("0",), True), ("5", ("6",), True)),
        *(("x", ("6",), False), (False, ("6",), False), (None, ("6",), False), (..., ("6",), False)),
        *(([1, 9], ("2",), True), ([["x"], [[1]]], ("2",), True), ([7, 9], ("2",), False)),
        *((float("-inf"), ("2",), False), (float("nan"), ("2",), False), (-(10**400), ("-1e300",), True)),
    ],
}
NEGATIVE = {"is": "is_not", "contains": "does_not_contain", "exists": "does_not_exist"}


@pytest.mark.parametrize(
    ("operator", "event_value", "values", "expected"),
    [(operator, *row) for operator, rows in HOLDS.items() for row in rows],
)
def test_an_operator_over_a_value(operator: str, event_value: Any, values: tuple[str, ...], expected: bool) -> None:
    """Also with the value deeper in the event; its negative twin, if there is one, says the opposite."""
    assert expected is holds(operator, event_value, *values)
    if event_value is not ...:
        data = {"list": [{"of": [[{"value": event_value}], 7]}, None]}
        assert expected is verdict("data.list[].of.value", *values, operator=operator, data=data).holds
    if operator in NEGATIVE:
        assert expected is not holds(NEGATIVE[operator], event_value, *values)


def test_every_operator_is_tried_here() -> None:
    """A new one needs its rows above."""
    assert set(OPERATORS) == {*HOLDS, *NEGATIVE.values()}
    assert len(set(OPERATORS)) == len(OPERATORS)


@pytest.mark.parametrize(
    ("event_value", "wanted", "expected"),
    [
        *(("Straße", "STRASSE", True), ("STRASSE", "straße", True), ("ΣΊΣΥΦΟΣ", "σίσυφος", True)),
        *(("İzmir", "i\u0307zmir", True), ("İzmir", "I\u0307ZMIR", True), ("İzmir", "izmir", False)),
        *(("é", "e\u0301", True), ("E\u0301", "é", True), ("é", "e", False), ("한", "\u1112\u1161\u11ab", True)),
        *(("\u1fb3\u0301", "\u03b1\u0301\u0345", True), ("ﬁn", "fin", True), ("ǆ", "Ǆ", True)),
    ],
)
def test_text_is_the_same_whatever_its_case_and_composition(event_value: str, wanted: str, expected: bool) -> None:
    """By canonical caseless matching; for every operator on whole texts, and in a text of any length."""
    for around in ("", "a" * 251, "é" * 252, "漢 " * 900):
        for operator in ("is", "matches", "starts_with", "ends_with"):
            assert expected is holds(operator, around + event_value, around + wanted)


def test_a_letter_is_no_part_of_an_accented_one() -> None:
    """However the event composes it."""
    for accented in ("café", "cafe\u0301"):
        assert not holds("contains", accented, "cafe")
        assert holds("contains", accented, "AFÉ")


def test_a_question_mark_is_one_character() -> None:
    """One that folds into two as well."""
    for text in ("Straße", "STRASSE"):
        assert holds("matches", text, "stra*e")
        assert holds("matches", text, "stra??e")
    assert holds("matches", "Straße", "STRA?E")
    assert holds("matches", "İzmir", "?ZMIR")
    assert holds("matches", "cafe\u0301", "caf?")


def spelled_out(pattern: str) -> str:
    """The regular expression that a pattern of wildcards means."""
    return "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)


@given(st.text("ab*?", max_size=12), st.text("ab?", max_size=16))
def test_wildcards_mean_what_they_mean_everywhere(pattern: str, text: str) -> None:
    """As a regular expression would have it."""
    assert bool(re.fullmatch(spelled_out(pattern), text)) is Wildcards(pattern).match(text)


@pytest.mark.parametrize(
    "pattern", ["*a" * 2000 + "b", "*" + "a?" * 2000 + "b*", "*" + "?a*" * 1000 + "b", "?" * 4095 + "*b?*b"]
)
def test_no_pattern_and_no_text_take_long(pattern: str) -> None:
    """A matcher that tries again from each place would take hours."""
    assert not holds("matches", "a" * 250_000, pattern)


@pytest.mark.parametrize(
    "text", ["a" + "\u0301\u0316" * 60_000, "\u0316\u0301" * 60_000, "1" * 200_000, "漢" * 120_000]
)
@pytest.mark.parametrize("operator", [one for one in OPERATORS if one not in WITHOUT_VALUES])
def test_no_text_takes_long(operator: str, text: str) -> None:
    """Normalising sorts marks in quadratic time, and so does what reads a number of many digits."""
    assert holds(operator, text, "5") is (operator in ("is_not", "does_not_contain"))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"requester": None, "access_groups": None, "custom_fields": None, "justification": None},
        {"requester": "text", "access_groups": "text", "custom_fields": [], "justification": ""},
        {"requester": {}, "access_groups": [], "custom_fields": {}, "justification": {}},
        {"access_groups": [None, 5, "text", {}, {"integration": None}, {"access_units": [None]}], "justification": []},
    ],
)
@pytest.mark.parametrize("field", [field for field in COMPARED if field != "approval"])
def test_a_field_that_is_missing_makes_is_false_and_is_not_true(field: str, data: dict[str, Any]) -> None:
    """Absent, null, empty or of an unexpected shape: nothing was found."""
    for operator in set(OPERATORS) - {*NEGATIVE.values(), "greater_than", "less_than"}:
        values = () if operator == "exists" else ("x", "null", "None")
        positive = verdict(field, *values, operator=operator, data=data)
        assert (positive.holds, positive.found) == (False, ())
        if operator in NEGATIVE:
            assert verdict(field, *values, operator=NEGATIVE[operator], data=data).holds


@pytest.mark.parametrize(
    ("approvals", "found"),
    [
        ([{"status": "Approved", "approver": {"id": "usr-bo"}}], ("manual",)),
        ([{"status": "Pending"}, {"status": "Approved", "approver": {"id": "usr-bo"}}], ("manual",)),
        ([], ("automatic",)),
        (None, ("automatic",)),
        ([{"status": "Pending", "approver": None}], ()),
        ([{"status": "Approved", "approver": None}], ("automatic",)),
        ([{"status": "Rejected", "approver": {"id": "usr-bo"}}], ()),
    ],
)
def test_approval_is_manual_automatic_or_undecided(approvals: Any, found: tuple[str, ...]) -> None:
    """Someone approved it; nobody had to; neither yet, or never."""
    for kind in ("manual", "automatic"):
        assert verdict("approval", kind, data={"approvals": approvals}).holds is (kind in found)
        assert verdict("approval", kind, operator="is_not", data={"approvals": approvals}).holds is (kind not in found)
    assert found == verdict("approval", "manual", data={"approvals": approvals}).found


def test_case_is_folded_not_merely_lowered() -> None:
    """STRASSE is Straße."""
    assert verdict("justification", "STRASSE IS BROKEN").holds


def test_found_values_are_told_once() -> None:
    """Two groups of one integration."""
    group = {"integration": {"id": "int-1", "name": "prod"}}
    assert verdict("integration", "prod", data={"access_groups": [group, group]}).found == ("int-1", "prod")


def test_a_zero_and_a_false_are_values() -> None:
    """Only null, empty text and empty containers are nothing."""
    assert verdict("duration", "0", data={"access_duration_in_seconds": 0}).holds
    assert verdict("custom_fields.urgent", "false", data={"custom_fields": {"urgent": False}}).holds


def test_verdicts_come_in_order_and_no_filter_has_none() -> None:
    """One per filter; no filter lets everything pass."""
    filters = tuple(Filter(field=field, operator="is", values=("x",)) for field in ("duration", "requester"))
    assert [one.filter for one in explain(filters, event_of({"data": DATA}))] == list(filters)
    assert explain((), event_of({})) == ()


@pytest.mark.parametrize(
    "name", [*COMPARED, "custom_fields.", "custom_fields", "", "colour", "Requester", "access_groups"]
)
def test_which_names_there_are(name: str) -> None:
    """The catalogue's, and any custom field that has a key."""
    assert is_field(name) is (name in COMPARED)


LISTS: dict[str, Any] = {
    "event_type": "RequestCreated",
    "tenant": {"id": "ten-1"},
    "data": DATA
    | {"0": "zero", "nested": [["a", ["b"]], [{"c": "d"}], {"c": ["e", ["f"]]}, "g"], "a]b": {"": "empty"}},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("event_type", ("RequestCreated",)),
        ("[tenant].id", ("ten-1",)),
        ("data.access_groups[].integration.name", ("prod-db", "backups")),
        ("data.access_groups.integration.name", ("prod-db", "backups")),
        ("data.access_groups[0].integration.name", ("prod-db",)),
        ("data.access_groups.[1].integration.name", ("backups",)),
        ("data.access_groups.1.integration.name", ("backups",)),
        ("data.access_groups[2].integration.name", ()),
        ("data.access_groups[000000001].integration.name", ("backups",)),
        ("data.access_groups[].access_units[1].permission.name", ("WRITE",)),
        ("data.access_groups[].access_units[].permission.name", ("READ_ONLY", "WRITE")),
        ("data.requester[].name", ("Ana Lima",)),
        ("data.requester[0].name", ()),
        ("data.requester", ()),
        ("data.0", ("zero",)),
        ("data[0]", ("zero",)),
        ('data["0"]', ("zero",)),
        ('data.access_groups["0"].integration.name', ()),
        ("data.custom_fields.[Cost center]", ("4711",)),
        ("data.custom_fields[Cost center]", ("4711",)),
        ('data.custom_fields["Cost center"]', ("4711",)),
        ("data.custom_fields['Cost center']", ("4711",)),
        ("data.custom_fields.[a.b]", ("dotted",)),
        ("data.custom_fields.a.b", ()),
        ("custom_fields.[Cost center]", ("4711",)),
        ('custom_fields.["Cost center"]', ("4711",)),
        ('data["a]b"][""]', ("empty",)),
        ("data.nested", ("a", "b", "g")),
        ("data.nested[][]", ("a", "b", "g")),
        ("data.nested.c", ("d", "e", "f")),
        ("data.nested[].c", ("d", "e", "f")),
        ("data.nested[0]", ("a", "b")),
        ("data.nested[][0]", ("a",)),
        ("data.nested[0][1][0]", ("b",)),
        ("data.approvals[].status", ("Approved",)),
        ("data.requester.name.upper", ()),
        *((f"data.requester.name.{name}", ()) for name in DUNDERS),
        *((f"data.{name}.__globals__", ()) for name in DUNDERS),
    ],
)
def test_a_path_leads_to_values(path: str, found: tuple[str, ...]) -> None:
    """Into objects and lists, and to nothing that is not JSON."""
    assert field_problem(path) == ""
    [told] = explain((Filter(field=path, operator="is_not", values=("x",)),), event_of(LISTS))
    assert (found, True) == (told.found, told.holds)


@pytest.mark.parametrize(
    ("path", "place", "way_out"),
    [
        ("data.", "ends where a key is due", "a path is data.access_groups[].integration.name"),
        ("data..id", "'.id' at character 6", "a path is data.access_groups[].integration.name"),
        ("data.access_groups[", "a '[' at character 19", "close it with ]"),
        ("data['id]", "a '[' at character 5", "close it with ']"),
        ("data.access_groups[0]id", "'id' at character 22", "a path is"),
        ("data.access_groups[*].id", "'[*]' at character 19", "did you mean data.access_groups[].id?"),
        ("data.access_groups.*.id", "'*.id' at character 20", "did you mean data.access_groups[].id?"),
        ("data.access_groups[-1].id", "'[-1]' at character 19", "[0] the first one"),
        ("data.custom_fields.Cost center", "' center' at character 24", "data.custom_fields.[Cost center]"),
        ("data.id]", "']' at character 8", "a path is"),
        ("{{data.id}}", "'{{data.id}}' at character 1", "did you mean data.id?"),
        ("$.data.id", "must be one of", "did you mean data.id?"),
        ("Data.Requester.Name", "must be one of", "did you mean data.requester.name?"),
        ("requester.phone", "must be one of", "did you mean data.requester.phone?"),
        ("access_groups", "must be one of", "did you mean data.access_groups?"),
        ("Integration", "must be one of", "did you mean integration?"),
        ("integrations", "must be one of", "did you mean integration?"),
        ("integration.name", "must be one of", "did you mean integration?"),
        ("custom_field.Ticket", "must be one of", "did you mean custom_fields.Ticket?"),
        ("custom_fields", "must be one of", "did you mean custom_fields.<key>?"),
        ("custom_fields.", "must be one of", "did you mean custom_fields.<key>?"),
        ("custom_fields[Cost center]", "must be one of", "did you mean data.custom_fields[Cost center]?"),
        ("colour", "must be one of integration, integration_type", "stands in brackets: [colour]"),
        ("tenant.id", "must be one of integration, integration_type", "a path that starts with data, event_type or"),
        ("[].id", "must be one of", "a path that starts with data"),
        ("[0].id", "must be one of", "a path that starts with data"),
        ("data" + ".a" * MAX_STEPS, "it has 33", "must have at most 32 steps"),
        ("data" + "[]" * MAX_STEPS, "it has 33", "must have at most 32 steps"),
        ("data." + "a" * MAX_FIELD_CHARACTERS, "must be at most 512", "characters"),
        ("custom_fields." + "a" * MAX_FIELD_CHARACTERS, "must be at most 512", "characters"),
    ],
)
def test_a_path_that_is_not_understood_is_refused(path: str, place: str, way_out: str) -> None:
    """With the place, and what would be right."""
    problem = field_problem(path)
    assert place.lower() in problem.lower()
    assert way_out in problem


def test_as_long_a_path_as_can_be_is_read() -> None:
    """32 steps, 512 characters."""
    assert field_problem("data" + ".a" * (MAX_STEPS - 1)) == ""
    assert field_problem("data." + "a" * (MAX_FIELD_CHARACTERS - 5)) == ""


@given(texts(60))
def test_any_field_is_read_or_refused(field: str) -> None:
    """In words, never by an exception."""
    for name in (field, f"data.{field}", f"data[{field}]", f"custom_fields.{field}"):
        assert is_field(name) is (field_problem(name) == "")


def test_at_most_twenty_values_are_shown_and_all_are_compared() -> None:
    """Each cut after 200 characters when it is shown, and compared whole."""
    many = [f"value {number}" for number in range(100)]
    assert verdict("data.value", "value 99", data={"value": many}).holds
    assert verdict("data.value", "x", data={"value": many + many}).found == tuple(many[:20])
    long = "a" * 5000
    told = verdict("data.value", f"{long}b", data={"value": [f"{long}b", "a" * 200]})
    assert (told.holds, told.found) == (True, ("a" * 199 + "…", "a" * 200))
    assert not verdict("data.value", f"{long}c", data={"value": f"{long}b"}).holds


def test_existence_shows_whole_objects() -> None:
    """As JSON, as far as it can be written."""
    assert verdict("data.requester", operator="exists", data={"requester": {"id": 1}}).found == ('{"id":1}',)
    deep: Any = "x"
    for _ in range(150):
        deep = {"a": deep}
    assert verdict("data.deep", operator="exists", data={"deep": deep}).found == ("…",)


@pytest.mark.parametrize(
    ("operator", "value", "way_out"),
    [
        ("greater_than", "many", "must be a number"),
        ("greater_than", "", "must be a number"),
        ("less_than", "true", "must be a number"),
        ("less_than", "null", "must be a number"),
        ("less_than", "1e999", "must be a number"),
        ("less_than", "5 ", ""),
        ("greater_than", "-1.5e+3", ""),
        ("contains", "", "exists asks whether"),
        ("does_not_contain", "", "exists asks whether"),
        ("starts_with", "", "exists asks whether"),
        ("ends_with", "", "exists asks whether"),
        ("is", "", ""),
        ("matches", "*", ""),
        ("matches", "a" * 512, ""),
        ("matches", "a" * 513, "at most 512 characters"),
        ("is", "a" * 513, ""),
    ],
)
def test_which_values_an_operator_takes(operator: str, value: str, way_out: str) -> None:
    """Numbers where size is compared, and something where a part of a text is."""
    assert way_out in value_problem(operator, value)
    assert bool(way_out) is bool(value_problem(operator, value))


def test_the_first_filter_that_does_not_hold_is_told() -> None:
    """None when all of them hold, and when there is none."""
    held, unmet, other = (Filter(field="duration", operator="is", values=(value,)) for value in ("14400", "1", "2"))
    event = event_of({"data": DATA})
    assert first_unmet((held, unmet, other), event) is unmet
    assert first_unmet((held, held), event) is None
    assert first_unmet((), event) is None


STEPS = st.sampled_from(
    ["[]", "[0]", ".0", "[1]", ".id", ".name", '["a b"]', ".[a b]", *(f".{name}" for name in ("keys", "__class__"))]
)
PATHS = st.lists(STEPS, max_size=6).map(lambda steps: "data" + "".join(steps))
FIELDS = st.one_of(
    st.sampled_from([one.name for one in CATALOGUE if "<" not in one.name]),
    texts().filter(bool).map(lambda key: f"custom_fields.{key}"),
    PATHS,
)
VALUES = st.lists(st.one_of(texts(), st.text("ab*?", min_size=1), st.just("5")), min_size=1, max_size=3)
NESTED = st.recursive(
    st.one_of(json_values(), st.sampled_from(["5", "ab", 5, ""])),
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.dictionaries(
            st.sampled_from(["id", "name", "a b", "0", "keys", "custom_fields", "approvals"]), children, max_size=4
        ),
    ),
    max_leaves=10,
)
PAYLOADS = st.one_of(json_objects(), st.just({"data": DATA}), NESTED.map(lambda value: {"data": value}))


def accepted(operator: str, values: list[str]) -> tuple[str, ...]:
    """Those of the values that the operator takes; one that it takes when there is none."""
    if operator in WITHOUT_VALUES:
        return ()
    return tuple(value for value in values if not value_problem(operator, value)) or ("5",)


@given(FIELDS, st.sampled_from(OPERATORS), VALUES, PAYLOADS)
def test_every_event_gets_a_verdict(field: str, operator: str, values: list[str], payload: dict[str, Any]) -> None:
    """Whatever it holds, for any filter that is accepted; with and without the values found."""
    one = Filter(field=field, operator=operator, values=accepted(operator, values))
    [told] = explain((one,), event_of(payload))
    assert first_unmet((one,), event_of(payload)) is (None if told.holds else one)
    assert len(told.found) <= 20
    assert all(0 < len(text) <= 200 for text in told.found)


@given(FIELDS, st.sampled_from(sorted(NEGATIVE)), VALUES, PAYLOADS)
def test_a_negative_operator_is_the_negation(field: str, operator: str, values: list[str], payload: Any) -> None:
    """Of its positive twin, for any field, values and event; and both found the same."""
    positive, negative = (
        explain((Filter(field=field, operator=one, values=accepted(one, values)),), event_of(payload))[0]
        for one in (operator, NEGATIVE[operator])
    )
    assert positive.holds is not negative.holds
    assert positive.found == negative.found


def size(value: Any) -> int:
    """How many values there are in a value, itself included."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(size, inside))


@given(PATHS, NESTED)
def test_a_path_finds_no_more_values_than_there_are(path: str, value: Any) -> None:
    """Each one once at most, however many `[]` it has."""
    assert len(finder(path, objects=True)({"data": value})) <= size(value)


@given(st.lists(st.sampled_from([".id", ".name", ".[a b]"]), max_size=3), st.lists(st.booleans(), min_size=4), NESTED)
def test_lists_are_taken_by_element_written_or_not(keys: list[str], marks: list[bool], value: Any) -> None:
    """`[]` before a key or at the end changes nothing."""
    plain = "data" + "".join(keys)
    marked = "".join(step + "[]" * mark for step, mark in zip(["data", *keys], marks, strict=False))
    payload = {"data": value}
    assert finder(plain, objects=True)(payload) == finder(marked, objects=True)(payload)


def test_lists_may_nest_as_deep_as_they_like() -> None:
    """Deeper than Python recurses, with and without a key behind."""
    value: Any = {"id": "x"}
    for _ in range(5000):
        value = [value]
    assert verdict("data.value.id", "x", data={"value": value}).holds
    assert verdict("data.value", operator="exists", data={"value": [value]}).holds
    assert not verdict("data.value" + "[]" * 30, "x", data={"value": value}).holds


@given(texts(400))
def test_folding_again_changes_nothing(text: str) -> None:
    """What is folded is as it is compared."""
    assert folded(text) == folded(folded(text))


def test_a_path_is_keys_indexes_and_lists() -> None:
    """As its steps tell."""
    assert parse_path('data.a[][0].1["0"].[b c]') == ("data", "a", None, ("0", 0), ("1", 1), "0", "b c")


@given(st.sampled_from(sorted(set(COMPARED) - {"approval"})), json_values())
def test_any_value_in_any_place_is_compared_or_nothing(field: str, value: Any) -> None:
    """Whatever a producer puts where a text is expected: a verdict, and what was found matches itself."""
    unit = {"resource": {"id": value, "type": {"id": value}}, "permission": value}
    group = {"integration": {"name": value, "type": value}, "resource_types": value, "access_units": [unit]}
    named = {key: {"id": value, "name": value} for key in ("requester", "grantee", "access_flow", "access_bundle")}
    rest = {"justification": value, "access_duration_in_seconds": value, "custom_fields": {"ticket": value}}
    data = {"access_groups": [group, value], **named, **rest}
    for found in verdict(field, "x", data=data).found:
        assert found.endswith("…") or verdict(field, found, data=data).holds


def test_a_value_that_nests_too_deep_is_no_reason_to_fail() -> None:
    """An event must not stop the delivery to every webhook because one of its values cannot be spelled."""
    value: Any = "x"
    for _ in range(150):
        value = [value]
    assert verdict("justification", "x", data={"justification": value}).holds
    for _ in range(150):
        value = {"a": value}
    assert not verdict("justification", "x", data={"justification": value}).holds
    assert verdict("justification", "x", operator="is_not", data={"justification": value}).holds
    assert verdict("justification", operator="exists", data={"justification": 10**5000}).holds
    assert not verdict("justification", "1", operator="contains", data={"justification": 10**5000}).holds
