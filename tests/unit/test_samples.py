"""`samples`: a payload as it would come for each trigger, and payloads at the edge of what may come."""

import json
from pathlib import Path
from typing import Any

import pytest

from grantwire.models import TRIGGERS
from grantwire.payload_schema import fields
from grantwire.request_events import parse, trigger_of
from grantwire.samples import Sample, sample_event, sample_payload, samples

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "events").glob("request_*.json"))
EDGES = ("bare", "nulls", "empty", "full")


def names(value: Any, at: str = "") -> set[str]:
    """The path of every field in a payload, as PayloadField has it, whatever the custom fields are called."""
    if isinstance(value, list):
        return {f"{at}[]", *(name for one in value for name in names(one, f"{at}[]"))} if value else set()
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, one in value.items():
        path = f"{at}.<key>" if at == "data.custom_fields" else f"{at}.{key}" if at else key
        found |= {path} | names(one, path)
    return found


KNOWN = {field.path for field in fields()}


def named(sample: Sample) -> str:
    return sample.name


def sample_of(name: str) -> Sample:
    [found] = [one for one in samples() if one.name == name]
    return found


def test_the_samples_are_one_of_each_trigger_and_then_the_edges() -> None:
    """In the order of TRIGGERS; a trigger's own is what `sample_payload` gives."""
    assert (*TRIGGERS, *EDGES) == tuple(one.name for one in samples())
    assert [(one, sample_payload(one)) for one in TRIGGERS] == [(one.trigger, one.payload) for one in samples()[:6]]


def test_between_them_the_samples_of_the_triggers_have_every_field() -> None:
    """So that a template that can be rendered for them names fields that exist; and they have no other."""
    found = [names(sample_payload(trigger)) for trigger in TRIGGERS]
    assert set().union(*found) == KNOWN
    always = {field.path for field in fields() if not field.optional}
    assert [always] * 6 == [one & always for one in found]


def test_the_samples_of_the_triggers_differ() -> None:
    """As real ones do: with one element in a list, with several, with none of what is optional."""
    datas = [sample_payload(trigger)["data"] for trigger in TRIGGERS]
    assert {1, 2} == {len(data["access_groups"]) for data in datas}
    assert {1, 2} == {len(group["access_units"]) for data in datas for group in data["access_groups"]}
    for name in ("grantee", "justification", "revocation_date", "access_bundle", "custom_fields"):
        assert {True, False} == {data[name] is None for data in datas}
    assert {True, False} == {data["access_duration_in_seconds"] is None for data in datas}
    assert len({data["requester"]["name"] for data in datas}) > 2


@pytest.mark.parametrize("awkward", ["'", '"', "\n", "\\", "🚀", "田", "Д", "<b>", "&"])
def test_a_trigger_has_a_sample_that_breaks_a_careless_template(awkward: str) -> None:
    """Each character stands in the value of some field."""

    def texts(value: object) -> list[str]:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value] if isinstance(value, str) else [text for one in inside for text in texts(one)]

    assert any(awkward in text for trigger in TRIGGERS for text in texts(sample_payload(trigger)))


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_sample_is_an_event(trigger: str) -> None:
    """It is read like any other, and its id says that it is a test."""
    event = sample_event(trigger)
    assert (event.trigger, event.payload) == (trigger, sample_payload(trigger))
    assert event.id.startswith("evt_test_")
    read = parse({"detail-type": trigger, "detail": sample_payload(trigger)})
    assert read is not None
    assert (read.trigger, read.time, read.payload) == (event.trigger, event.time, event.payload)


@pytest.mark.parametrize("sample", samples(), ids=named)
def test_every_sample_is_what_it_says(sample: Sample) -> None:
    """Its `event_type` means its trigger, in either spelling; its meaning is a sentence; JSON can carry it."""
    assert sample.trigger == trigger_of(sample.payload["event_type"])
    assert sample.meaning.endswith(".")
    assert sample.payload == json.loads(json.dumps(sample.payload, allow_nan=False))


@pytest.mark.parametrize(
    ("trigger", "statuses", "deciders", "ends"),
    [
        ("RequestCreated", ["Pending", "Pending"], 0, False),
        ("RequestApproved", ["Pending", "Approved"], 1, False),
        ("RequestRejected", ["Rejected", "Pending"], 1, False),
        ("RequestFailed", ["Approved"], 1, False),
        ("RequestGranted", ["Approved", "Approved"], 2, True),
        ("RequestExpired", ["Approved"], 0, True),
    ],
)
def test_a_sample_tells_its_triggers_story(trigger: str, statuses: list[str], deciders: int, ends: bool) -> None:
    """What was decided, by how many people, and whether there is an end to the access."""
    payload = sample_payload(trigger)
    data = payload["data"]
    assert statuses == [one["status"] for one in data["approvals"]]
    assert deciders == sum(one["approver"] is not None for one in data["approvals"])
    assert all(one["approver"] is None for one in data["approvals"] if one["status"] == "Pending")
    assert ends is (data["revocation_date"] is not None)
    assert data["creation_date"] < payload["event_time"]
    assert not ends or (payload["event_time"] >= data["revocation_date"]) is (trigger == "RequestExpired")


def test_a_granted_sample_has_much_of_everything() -> None:
    """A bundle and a flow, several groups, units and types, two approvals: one by a person, one by a group."""
    data = sample_payload("RequestGranted")["data"]
    assert data["access_flow"]["name"]
    assert data["access_bundle"]["name"]
    assert [one["type"] for one in data["approvals"]] == ["user", "group"]
    assert [len(group["access_units"]) for group in data["access_groups"]] == [2, 2]
    assert [len(group["resource_types"]) for group in data["access_groups"]] == [2, 1]
    assert len(data["custom_fields"]) > 1


def test_bare_lacks_and_nulls_has_null_for_all_that_is_optional() -> None:
    """Every field that the schema lets be missing, and no other."""
    always = {field.path for field in fields() if not field.optional}
    assert always == names(sample_of("bare").payload)
    optional = {"grantee", "justification", "revocation_date", "access_flow", "access_bundle"}
    optional |= {"access_duration_in_seconds", "custom_fields"}
    data: Any = sample_of("nulls").payload["data"]
    assert optional == {name for name, value in data.items() if value is None}
    assert [one["approver"] for one in data["approvals"]] == [None, None]


def test_empty_has_nothing_in_its_lists() -> None:
    """Nor in its custom fields and its reason."""
    data: Any = sample_of("empty").payload["data"]
    assert tuple(data[name] for name in ("access_groups", "approvals", "custom_fields", "justification")) == (
        [],
        [],
        {},
        "",
    )


def test_full_has_every_field_and_some_that_are_not_listed() -> None:
    """In the payload, in `data` and in an element of a list; `event_type` has the other spelling."""
    sample = sample_of("full")
    found = names(sample.payload)
    assert found > KNOWN
    assert {"version", "data.risk.factors", "data.access_groups[].region"} < found
    assert sample.payload["event_type"] == "AccessRequestGranted"


def test_a_sample_is_a_fresh_copy() -> None:
    """Whoever changes one harms nobody, wherever in it."""
    before = json.dumps([one.payload for one in samples()])
    for sample in samples():
        change_everything(sample.payload)
    for trigger in TRIGGERS:
        change_everything(sample_payload(trigger))
        change_everything(sample_event(trigger).payload)
    assert before == json.dumps([one.payload for one in samples()])


def change_everything(value: Any) -> None:
    """Empties every object and every list."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        change_everything(one)
    if isinstance(value, dict | list):
        value.clear()


def test_there_is_an_event_file_for_each_trigger() -> None:
    """Their names are the triggers'."""
    assert {f"Request{file.stem.removeprefix('request_').title()}" for file in FILES} == set(TRIGGERS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_event_file_is_of_its_trigger_and_has_what_the_samples_have(file: Path) -> None:
    """A template that was checked against the samples finds the same fields in what `sam local invoke -e` sends."""
    event = json.loads(file.read_text(encoding="utf-8"))
    read = parse(event)
    assert read is not None
    assert event["detail-type"].endswith(read.trigger)
    assert event["detail"]["event_type"] in (read.trigger, f"Access{read.trigger}")
    assert read.trigger == f"Request{file.stem.removeprefix('request_').title()}"
    always = {field.path for field in fields() if not field.optional}
    assert always <= names(event["detail"]) <= KNOWN
    sample = sample_payload(read.trigger)["data"]
    data = event["detail"]["data"]
    assert (sample["revocation_date"] is None) == (data["revocation_date"] is None)
    assert {one["status"] for one in data["approvals"]} <= {one["status"] for one in sample["approvals"]}
