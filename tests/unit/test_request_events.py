"""`request_events`: what an event is, which event it is, and why it cannot be used."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.errors import InvalidEventError
from grantwire.models import TRIGGERS, RequestEvent
from grantwire.request_events import parse, trigger_of
from tests.unit.conftest import json_objects, json_values


def event(**fields: Any) -> dict[str, Any]:
    """An EventBridge event, with other fields where given; a field given as `...` is absent."""
    whole = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467000",
        "detail-type": "RequestCreated",
        "source": "apono",
        "time": "2026-11-18T13:06:40Z",
        "detail": {"event_type": "RequestCreated", "event_time": 1795000000.5, "data": {"id": "b9d8"}},
    }
    return {name: value for name, value in (whole | fields).items() if value is not ...}


def detail(**fields: Any) -> dict[str, Any]:
    """An event whose `detail` has these fields."""
    whole = {"event_type": "RequestCreated", "event_time": 1795000000.5, "data": {"id": "b9d8"}} | fields
    return event(detail={name: value for name, value in whole.items() if value is not ...})


def parsed(raw: object) -> RequestEvent:
    """The event, which has to be one."""
    found = parse(raw)
    assert found is not None
    return found


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_both_spellings_of_a_trigger_mean_the_same(trigger: str) -> None:
    """The trigger is one of the six; templates see `event_type` as it came."""
    plain, prefixed = (parsed(event(**{"detail-type": name})) for name in (trigger, f"Access{trigger}"))
    assert plain.trigger == prefixed.trigger == trigger
    assert plain.id == prefixed.id
    assert parsed(detail(event_type=f"Access{trigger}")).payload["event_type"] == f"Access{trigger}"


@pytest.mark.parametrize(
    "detail_type",
    ["RequestArchived", "requestcreated", "AccessAccessRequestCreated", "Access", "", " RequestCreated", None, 5, []],
)
def test_an_event_of_another_type_is_none_of_ours(detail_type: Any) -> None:
    """No error, whatever else the event lacks."""
    assert trigger_of(detail_type) is None
    assert parse(event(**{"detail-type": detail_type})) is None
    assert parse({"detail-type": detail_type}) is None


def test_the_payload_is_the_detail_as_it_came() -> None:
    """Fields that nobody knows are kept; a missing `event_type` is the detail-type."""
    raw = detail(new_field={"a": [1]})
    assert parsed(raw).payload == raw["detail"]
    for missing in (..., None, ""):
        raw = detail(event_type=missing)
        raw["detail-type"] = "AccessRequestCreated"
        assert parsed(raw).payload["event_type"] == "AccessRequestCreated"


def test_a_producers_retry_is_the_same_event() -> None:
    """A new EventBridge id and time, another spelling of the type: the id is made from request and moment."""
    first = parsed(event())
    retried = event(id="11111111-2222-4333-8444-555555555555", time="2026-11-18T13:07:00Z")
    retried["detail-type"] = "AccessRequestCreated"
    assert first.id == parsed(retried).id
    assert first.time == parsed(retried).time


@pytest.mark.parametrize(
    "other",
    [
        event(**{"detail-type": "RequestGranted"}),
        detail(data={"id": "other"}),
        detail(event_time=1795000000.6),
        event(**{"replay-name": "after-the-outage"}),
    ],
    ids=["trigger", "request", "moment", "replay"],
)
def test_another_event_has_another_id(other: dict[str, Any]) -> None:
    """A replay from an archive is a new event: who replays wants it sent again."""
    assert parsed(event()).id != parsed(other).id
    assert parsed(other).id == parsed(other | {"id": "11111111-2222-4333-8444-555555555555"}).id


def test_two_replays_are_two_events() -> None:
    """Each replay has its name."""
    ids = {parsed(event(**({"replay-name": name} if name else {}))).id for name in ("", "first", "second")}
    assert len(ids) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {}},
        {"data": {"id": None}},
        {"data": {"id": ""}},
        {"event_time": ...},
        {"event_time": None},
        {"event_time": ""},
    ],
)
def test_without_request_or_moment_eventbridges_id_identifies(fields: dict[str, Any]) -> None:
    """Then a producer's retry cannot be told from a new event, but a doubled delivery can."""
    raw = detail(**fields)
    assert parsed(raw).id == parsed(dict(raw)).id
    assert parsed(raw).id != parsed(raw | {"id": "11111111-2222-4333-8444-555555555555"}).id
    assert parsed(raw).id != parsed(raw | {"replay-name": "again"}).id


@pytest.mark.parametrize(
    ("seconds", "time", "expected"),
    [
        (1795000000.25, "2026-11-18T13:06:40Z", 1795000000.25),
        (1795000000, "2026-11-18T13:06:40Z", 1795000000.0),
        (0, "2026-11-18T13:06:40Z", 0.0),
        (..., "2026-11-18T13:06:40Z", 1795007200.0),
        (None, "2026-11-18T13:06:40+00:00", 1795007200.0),
        ("1795000000", "2026-11-18T13:06:40Z", 1795007200.0),
        (True, "2026-11-18T13:06:40Z", 1795007200.0),
        (-1, "2026-11-18T13:06:40Z", 1795007200.0),
        (1795000000123, "2026-11-18T13:06:40Z", 1795007200.0),
        (float("nan"), "2026-11-18T13:06:40Z", 1795007200.0),
        (float("inf"), "2026-11-18T13:06:40Z", 1795007200.0),
        (..., "yesterday", 0.0),
        (..., "", 0.0),
        (..., ..., 0.0),
        (..., 5, 0.0),
        (..., "0001-01-01T00:00:00Z", 0.0),
        (..., "9999-12-31T23:59:59Z", 4102444800.0),
    ],
)
def test_the_time_is_the_payloads_or_eventbridges(seconds: Any, time: Any, expected: float) -> None:
    """Between 1970 and 2100, since rows are sorted by it; milliseconds are no seconds."""
    raw = detail(event_time=seconds)
    raw = {name: value for name, value in (raw | {"time": time}).items() if value is not ...}
    assert expected == parsed(raw).time


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (None, "the event is missing, not a JSON object as EventBridge sends it"),
        ("text", "the event is text, not a JSON object"),
        ([], "the event is a list, not a JSON object"),
        (5, "the event is a number, not a JSON object"),
        (1.5, "the event is a number, not a JSON object"),
        (True, "the event is a boolean, not a JSON object"),
        ({}, "the event has no 'detail-type'; it must come through an EventBridge rule"),
        (event(detail=...), "'detail' is missing, not an object with 'event_type', 'event_time' and 'data'"),
        (event(detail="{}"), "'detail' is text, not an object"),
        (event(detail=[]), "'detail' is a list, not an object"),
        (detail(data=...), "'detail.data' is missing, not an object that describes the access request"),
        (detail(data="b9d8"), "'detail.data' is text, not an object"),
        (
            event(id=..., detail={"event_type": "RequestCreated", "data": {}}),
            "the event has neither 'detail.data.id' with 'detail.event_time' nor an EventBridge 'id'",
        ),
        (event(id=5, detail={"event_type": "RequestCreated", "data": {}}), "nor an EventBridge 'id'"),
    ],
)
def test_an_event_nobody_can_use_has_a_reason_to_act_on(raw: object, message: str) -> None:
    """The reason names the field, what it is and what it should be."""
    with pytest.raises(InvalidEventError) as caught:
        parse(raw)
    assert message in str(caught.value)


@given(
    st.one_of(
        json_values(),
        st.builds(lambda data, rest: event(detail=rest | {"data": data}), json_objects(), json_objects()),
        st.builds(lambda fields: event(**fields), json_objects()),
        st.builds(lambda data, moment: detail(data={"id": data}, event_time=moment), json_values(), json_values()),
    )
)
def test_any_event_is_read_or_refused_with_a_reason(raw: object) -> None:
    """Nothing else is raised, and what is read has an id, a trigger and a time within bounds."""
    found = None
    with suppress(InvalidEventError):
        found = parse(raw)
    if found is not None:
        assert found.id.startswith("evt_")
        assert found.trigger in TRIGGERS
        assert 0 <= found.time <= 4102444800
