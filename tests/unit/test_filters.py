"""`filters`: does an event pass, and what was looked at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.filters import CATALOGUE, OPERATORS, FilterVerdict, explain, is_field
from grantwire.models import Filter
from tests.unit.conftest import event_of, json_objects, json_values, texts

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
    return found


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
    assert set(CATALOGUE) == {field for field in COMPARED if "." not in field} | {"custom_fields.<key>"}
    assert OPERATORS == ("is", "is_not")


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
    positive = verdict(field, "x", "", "null", "None", data=data)
    assert (positive.holds, positive.found) == (False, ())
    assert verdict(field, "x", operator="is_not", data=data).holds


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


@pytest.mark.parametrize("name", [*COMPARED, "custom_fields.", "custom_fields", "", "colour", "Requester", "data.id"])
def test_which_fields_there_are(name: str) -> None:
    """The catalogue's, and any custom field that has a key."""
    assert is_field(name) is (name in COMPARED)


FIELDS = st.one_of(
    st.sampled_from([field for field in CATALOGUE if "<" not in field]),
    texts().filter(bool).map(lambda key: f"custom_fields.{key}"),
)


@given(FIELDS, st.lists(texts(), min_size=1, max_size=3), st.one_of(json_objects(), st.just(DATA)))
def test_is_not_is_the_negation_of_is(field: str, values: list[str], data: dict[str, Any]) -> None:
    """For any field, values and event; and both found the same."""
    positive, negative = (verdict(field, *values, operator=operator, data=data) for operator in OPERATORS)
    assert positive.holds is not negative.holds
    assert positive.found == negative.found


@given(st.sampled_from(sorted(set(COMPARED) - {"approval"})), json_values())
def test_any_value_in_any_place_is_compared_or_nothing(field: str, value: Any) -> None:
    """Whatever a producer puts where a text is expected: a verdict, and what was found matches itself."""
    unit = {"resource": {"id": value, "type": {"id": value}}, "permission": value}
    group = {"integration": {"name": value, "type": value}, "resource_types": value, "access_units": [unit]}
    named = {key: {"id": value, "name": value} for key in ("requester", "grantee", "access_flow", "access_bundle")}
    rest = {"justification": value, "access_duration_in_seconds": value, "custom_fields": {"ticket": value}}
    data = {"access_groups": [group, value], **named, **rest}
    for found in verdict(field, "x", data=data).found:
        assert verdict(field, found, data=data).holds


def test_a_value_that_nests_too_deep_is_no_reason_to_fail() -> None:
    """An event must not stop the delivery to every webhook because one of its values cannot be spelled."""
    value: Any = "x"
    for _ in range(150):
        value = [value]
    assert not verdict("justification", "x", data={"justification": value}).holds
    assert verdict("justification", "x", operator="is_not", data={"justification": value}).holds
