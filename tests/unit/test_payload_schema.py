"""`payload_schema`: what an event can have, as data."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from grantwire.models import TRIGGERS
from grantwire.payload_schema import FieldType, PayloadField, fields, look_up, payload_schema, suggestion
from grantwire.samples import Sample, sample_payload, samples

ROOT = Path(__file__).parents[2]
# As in the domain's list; `?` marks what may be null or absent.
DOMAIN = """
event_type  event_time
data.id  data.friendly_id  data.requester.{id,name,email}
data.grantee?.{id,source_id,name,type}  data.justification?
data.creation_date  data.revocation_date?
data.access_flow?.{id,name}  data.access_bundle?.{id,name}
data.access_duration_in_seconds?
data.access_groups[].integration.{id,type,name}
data.access_groups[].resource_types[].{id,name,display_path}
data.access_groups[].access_units[].resource.{id,name,path}
data.access_groups[].access_units[].resource.type.{id,name,display_path}
data.access_groups[].access_units[].permission.{id,name}
data.approvals_logical_relation
data.approvals[].{name,type,status}
data.approvals[].approver?.{id,name,email}
data.custom_fields?.{<key>}
"""
NUMBERS = {"event_time", "data.creation_date", "data.revocation_date", "data.access_duration_in_seconds"}
LEAVES = (FieldType.TEXT, FieldType.NUMBER)


def domain() -> dict[str, bool]:
    """Every value's path, and whether it may be missing."""
    found = {}
    for word in DOMAIN.split():
        before, _, names = word.rstrip("}").partition(".{")
        for name in names.split(",") if names else [""]:
            found[f"{before}.{name}".rstrip(".").replace("?", "")] = "?" in word
    return found


def problems(payload: object) -> list[str]:
    """Where a payload does not fit, and why."""
    errors = Draft202012Validator(payload_schema()).iter_errors(payload)
    return [f"{error.json_path}: {error.message}" for error in errors]


def request_events(value: Any) -> Iterator[Any]:
    """Every payload in a file of events/: of a request event, and the `event` in the body of a test."""
    if "detail" in value and value.get("source") == "apono":
        yield value["detail"]
    if "body" in value and "event" in (body := json.loads(value["body"])):
        yield body["event"]


def test_the_schema_is_one() -> None:
    """Of JSON Schema 2020-12; anything it does not name is let through."""
    schema = payload_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is True
    assert problems(sample_payload("RequestCreated") | {"version": 3}) == []


def test_the_schema_is_read_when_it_is_asked_for() -> None:
    """Importing the module reads no file, and loads nothing that only a suggestion needs."""
    script = (
        "import grantwire.payload_schema as one, sys; print(one._schema.cache_info().misses, 'difflib' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "layers" / "common", check=True)
    assert done.stdout.split() == ["0", "False"]
    assert payload_schema() is payload_schema()
    assert fields() is fields()


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_every_sample_is_valid(sample: Sample) -> None:
    """The ones at the edge too."""
    assert problems(sample.payload) == []


@pytest.mark.parametrize("file", sorted((ROOT / "events").rglob("*.json")), ids=lambda file: file.stem)
def test_every_event_file_is_valid(file: Path) -> None:
    """Each file of a request event holds one payload."""
    payloads = list(request_events(json.loads(file.read_text(encoding="utf-8"))))
    assert not file.stem.startswith("request_") or len(payloads) == 1
    assert [problem for payload in payloads for problem in problems(payload)] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda payload: payload.pop("data"), "$: 'data' is a required property"),
        (lambda payload: payload.update(event_type="RequestLost"), "$.event_type: 'RequestLost' is not one of ["),
        (lambda payload: payload.update(event_time="now"), "$.event_time: 'now' is not of type 'number'"),
        (lambda payload: payload["data"].pop("requester"), "$.data: 'requester' is a required property"),
        (lambda payload: payload["data"].update(requester=None), "$.data.requester: None is not of type 'object'"),
        (
            lambda payload: payload["data"].update(grantee="Ana"),
            "$.data.grantee: 'Ana' is not of type 'object', 'null'",
        ),
        (
            lambda payload: payload["data"].update(access_flow={"id": "afl-1"}),
            "$.data.access_flow: 'name' is a required property",
        ),
        (
            lambda payload: payload["data"]["access_groups"][0]["integration"].update(name=7),
            "$.data.access_groups[0].integration.name: 7 is not of type 'string'",
        ),
        (
            lambda payload: payload["data"]["access_groups"][0]["access_units"][0]["resource"]["type"].pop("id"),
            "$.data.access_groups[0].access_units[0].resource.type: 'id' is a required property",
        ),
        (
            lambda payload: payload["data"]["approvals"][1].update(status="Maybe"),
            "$.data.approvals[1].status: 'Maybe' is not one of ['Approved', 'Rejected', 'Pending']",
        ),
        (
            lambda payload: payload["data"]["custom_fields"].update(ticket=7),
            "$.data.custom_fields.ticket: 7 is not of type 'string'",
        ),
    ],
)
def test_a_broken_payload_is_refused_naming_the_field(change: Any, expected: str) -> None:
    """One problem for one mistake."""
    payload = sample_payload("RequestCreated")
    change(payload)
    [problem] = problems(payload)
    assert problem.startswith(expected)


def test_the_fields_are_those_of_the_domain() -> None:
    """Every value, whether it may be missing, and whether it is a number; nothing else."""
    found = {field.path: field for field in fields() if field.type in LEAVES}
    assert domain() == {path: field.optional for path, field in found.items()}
    assert {path for path, field in found.items() if field.type is FieldType.NUMBER} == NUMBERS


def test_what_holds_fields_stands_before_them() -> None:
    """A list before its element, an object before what is in it; nothing twice."""
    paths = [field.path for field in fields()]
    assert len(paths) == len(set(paths))
    for index, path in enumerate(paths):
        parent = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
        assert not parent or parent in paths[:index]


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.path)
def test_every_field_has_a_meaning_and_an_example_of_its_type(field: PayloadField) -> None:
    """A sentence; and an example that is one of the values it can have."""
    assert field.meaning.endswith(".")
    types = {FieldType.TEXT: str, FieldType.NUMBER: int | float, FieldType.LIST: list, FieldType.OBJECT: dict}
    assert isinstance(field.example, types[field.type])
    assert not field.values or field.example in field.values


def test_the_examples_together_are_a_valid_payload() -> None:
    """And no leaf is missing from it."""
    by_path = {field.path: field for field in fields()}
    assert problems({name: by_path[name].example for name in ("event_type", "event_time", "data")}) == []


def test_the_texts_that_can_be_one_of_a_few_are_known() -> None:
    """The triggers in either spelling, and what the domain says of approvals."""
    few = {field.path: field.values for field in fields() if field.values}
    assert few == {
        "event_type": (*TRIGGERS, *(f"Access{trigger}" for trigger in TRIGGERS)),
        "data.approvals_logical_relation": ("AnyOf", "AllOf"),
        "data.approvals[].status": ("Approved", "Rejected", "Pending"),
    }


def look(path: str) -> str | None:
    found = look_up(path.split("/"))
    return found.path if found else None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("event_type", "event_type"),
        ("data", "data"),
        ("data/requester/name", "data.requester.name"),
        ("data/access_groups", "data.access_groups"),
        ("data/access_groups/0", "data.access_groups[]"),
        ("data/access_groups/12/integration/name", "data.access_groups[].integration.name"),
        ("data/access_groups/[]/integration/name", "data.access_groups[].integration.name"),
        (
            "data/access_groups/0/access_units/1/resource/type/id",
            "data.access_groups[].access_units[].resource.type.id",
        ),
        ("data/custom_fields/ticket", "data.custom_fields.<key>"),
        ("data/custom_fields/Cost center", "data.custom_fields.<key>"),
        ("data/custom_fields/0", "data.custom_fields.<key>"),
        ("data/custom_fields/a/b/c", "data.custom_fields.<key>"),
    ],
)
def test_a_path_that_an_event_can_have_is_known(path: str, expected: str) -> None:
    """Digits step into lists; below the custom fields anything goes."""
    assert expected == look(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "name", "requester/name", "data/name", "Data/requester", "data/requester/nam", "data.requester"),
        *("data/requester/0", "data/requester/name/first", "event_time/0", "event_type/length"),
        *(
            "data/access_groups/integration",
            "data/access_groups/first",
            "data/access_groups/-1",
            "data/access_groups/²",
        ),
        *("data/access_groups[]", "data/access_groups/0/0", "data/<key>", "data/__class__", "custom_fields/ticket"),
    ],
)
def test_a_path_that_no_known_event_has_is_none(path: str) -> None:
    """A text has nothing below it, a list only its elements, an object only its own fields."""
    assert look(path) is None


def test_the_empty_path_is_no_field() -> None:
    """It is the whole payload."""
    assert look_up(()) is None
    assert suggestion(()) == ""


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.path)
def test_every_field_can_be_looked_up(field: PayloadField) -> None:
    """By its path as a template writes it."""
    path = field.path.replace("[]", ".7").replace("<key>", "ticket").split(".")
    assert field == look_up(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/requester/nmae", "data.requester.name"),
        ("data/requester/mail", "data.requester.email"),
        ("data/requesterName", "data.requester.name"),
        ("Data/Requester/Name", "data.requester.name"),
        ("requester/name", "data.requester.name"),
        ("data/event_type", "event_type"),
        ("eventType", "event_type"),
        ("data/requester/name/first", "data.requester.name"),
        ("data/duration", "data.access_duration_in_seconds"),
        ("data/approver/name", "data.approvals.0.approver.name"),
        ("data/access_groups/integration/name", "data.access_groups.0.integration.name"),
        ("data/acces_groups/2/integration/nam", "data.access_groups.2.integration.name"),
        ("data/access_groups/1/access_units/3/resource/nmae", "data.access_groups.1.access_units.3.resource.name"),
        ("data/customfields/ticket", "data.custom_fields.ticket"),
        ("data/customfields/Cost center", "data.custom_fields.[Cost center]"),
        ("data/weather", ""),
        ("name", ""),
    ],
)
def test_the_nearest_known_path_is_suggested(path: str, expected: str) -> None:
    """As a template writes it, with the indices that were given; none where nothing is near, or many are as near."""
    assert expected == suggestion(path.split("/"))
