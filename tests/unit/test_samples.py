"""`samples`: one complete payload for each trigger."""

import json
from pathlib import Path
from typing import Any

import pytest

from grantwire.models import TRIGGERS
from grantwire.request_events import parse
from grantwire.samples import sample_event, sample_payload

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "events").glob("request_*.json"))


def names(value: Any, at: str = "") -> set[str]:
    """The path of every field in a payload; `[]` stands for a list's elements."""
    if isinstance(value, list):
        return {name for one in value for name in names(one, f"{at}[]")}
    if not isinstance(value, dict):
        return {at}
    return {name for key, one in value.items() for name in names(one, f"{at}.{key}" if at else key)}


# The fields of the payload that a producer always sends, some of them null.
FIELDS = {
    *("event_type", "event_time", "data.id", "data.friendly_id", "data.justification", "data.creation_date"),
    *("data.requester.id", "data.requester.name", "data.requester.email", "data.revocation_date"),
    *("data.grantee.id", "data.grantee.source_id", "data.grantee.name", "data.grantee.type"),
    *("data.access_flow.id", "data.access_flow.name", "data.access_bundle", "data.access_duration_in_seconds"),
    *(f"data.access_groups[].integration.{name}" for name in ("id", "type", "name")),
    *(f"data.access_groups[].resource_types[].{name}" for name in ("id", "name", "display_path")),
    *(f"data.access_groups[].access_units[].resource.{name}" for name in ("id", "name", "path")),
    *(f"data.access_groups[].access_units[].resource.type.{name}" for name in ("id", "name", "display_path")),
    *(f"data.access_groups[].access_units[].permission.{name}" for name in ("id", "name")),
    *("data.approvals_logical_relation", "data.custom_fields.ticket"),
    *(f"data.approvals[].{name}" for name in ("name", "type", "status")),
}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_sample_has_every_field(trigger: str) -> None:
    """So that a template that can be rendered for it names fields that exist."""
    found = names(sample_payload(trigger))
    assert found >= FIELDS
    assert {name for name in found - FIELDS if not name.startswith("data.approvals[].approver")} == set()


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_sample_is_an_event(trigger: str) -> None:
    """It is read like any other, and its id says that it is a test."""
    event = sample_event(trigger)
    assert (event.trigger, event.payload) == (trigger, sample_payload(trigger))
    assert event.id.startswith("evt_test_")
    read = parse({"detail-type": trigger, "detail": sample_payload(trigger)})
    assert read is not None
    assert (read.trigger, read.time, read.payload) == (event.trigger, event.time, event.payload)


@pytest.mark.parametrize(
    ("trigger", "status", "ends"),
    [
        ("RequestCreated", "Pending", False),
        ("RequestApproved", "Approved", False),
        ("RequestRejected", "Rejected", False),
        ("RequestFailed", "Approved", False),
        ("RequestGranted", "Approved", True),
        ("RequestExpired", "Approved", True),
    ],
)
def test_a_sample_tells_its_triggers_story(trigger: str, status: str, ends: bool) -> None:
    """Who decided, and whether there is an end to the access."""
    data = sample_payload(trigger)["data"]
    assert [one["status"] for one in data["approvals"]] == [status]
    assert (data["approvals"][0]["approver"] is None) is (status == "Pending")
    assert (data["revocation_date"] is not None) is ends


def test_a_sample_is_a_fresh_copy() -> None:
    """Whoever changes one harms nobody."""
    changed = sample_payload("RequestCreated")
    changed["data"]["requester"]["name"] = "somebody else"
    changed["data"]["approvals"][0]["status"] = "Approved"
    changed["data"]["access_groups"].clear()
    assert sample_payload("RequestCreated") != changed
    assert sample_payload("RequestCreated")["data"]["requester"]["name"] == "Ana Lima"


def test_there_is_an_event_file_for_each_trigger() -> None:
    """Their names are the triggers'."""
    assert {f"Request{file.stem.removeprefix('request_').title()}" for file in FILES} == set(TRIGGERS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_event_file_is_the_sample_in_its_envelope(file: Path) -> None:
    """What `sam local invoke -e` sends is what a template is checked against."""
    event = json.loads(file.read_text(encoding="utf-8"))
    read = parse(event)
    assert read is not None
    assert event["detail-type"].endswith(read.trigger)
    assert event["detail"]["event_type"] in (read.trigger, f"Access{read.trigger}")
    assert event["detail"] | {"event_type": read.trigger} == sample_payload(read.trigger)
    assert read.trigger == f"Request{file.stem.removeprefix('request_').title()}"
