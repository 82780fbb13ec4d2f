"""What the API's description says of deliveries, replays and tests is how they are answered."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.functional.conftest import World, event_file, wakeup_of
from tests.functional.test_webhooks_api import guide
from tests.receivers import Authority, answer, answering, receiving


class Described:
    """The description, and answers held against it."""

    def __init__(self, world: World) -> None:
        self.world, self.document = world, world.api("GET", "/api/openapi.json").json
        self.operations = {
            one["operationId"]: (method, path, one)
            for path, methods in self.document["paths"].items()
            for method, one in methods.items()
        }

    def check(self, operation: str, status: int, answered: Any) -> None:
        """The answer has the schema of its status."""
        responses = self.operations[operation][2]["responses"]
        content = responses[str(status)]["content"]["application/json"]
        assert self.errors(content["schema"], answered) == []
        if "example" in content:
            assert content["example"].keys() == answered.keys()
            assert list(invented(content["example"], answered)) == []

    def errors(self, schema: dict[str, Any], value: Any) -> list[str]:
        """What does not fit a schema of the description."""
        whole = {**schema, "components": self.document["components"]}
        return [one.message for one in Draft202012Validator(whole).iter_errors(value)]

    def ask(
        self, operation: str, body: object = None, query: Mapping[str, str] | None = None, **parameters: str
    ) -> Any:
        """Ask for an operation, and hold the answer against its description."""
        method, path, _ = self.operations[operation]
        headers = {"If-Match": "*"}
        answered = self.world.api(method.upper(), path.format(**parameters), body, headers=headers, query=query)
        self.check(operation, answered.status, answered.json)
        return answered.json


def invented(example: Any, answered: Any, at: str = "") -> Iterator[str]:
    """What an example has and the answer has not, or has of another kind; it may leave out what lies deeper."""
    if isinstance(example, dict) and isinstance(answered, dict):
        for name, one in example.items():
            yield from invented(one, answered[name], f"{at}.{name}") if name in answered else [f"{at}.{name}"]
    elif isinstance(example, list) and isinstance(answered, list):
        for one in example if answered else ():
            yield from invented(one, answered[0], f"{at}[]")
    elif None not in (example, answered) and _kind(example) is not _kind(answered):
        yield at


def _kind(value: object) -> type:
    return float if type(value) is int else type(value)


@pytest.fixture
def described(world: World) -> Described:
    """The description of this world's API."""
    return Described(world)


def test_deliveries_are_answered_as_described(world: World, authority: Authority, described: Described) -> None:
    """One that waits, one that has succeeded after a failure and is replayed, and a job that replays what failed."""
    script = answering(answer("503 Busy"), answer(), answer("500 Oops"))
    with receiving(script, authority.server_context()) as receiver:
        validators = [{"json_path": "$.data.status", "expected_values": ["accepted"]}]
        document = guide(url=receiver.url, active=True, response_validators=validators)
        made = world.api("POST", "/api/webhooks", document).json
        webhook = world.store.get(made["id"])
        assert webhook is not None
        world.dispatch(event_file("request_created"))
        described.ask("list_deliveries", webhook_id=made["id"])
        world.shift(webhook, 30)
        world.redeliver(wakeup_of(world, webhook))
    [item] = described.ask("list_deliveries", webhook_id=made["id"])["items"]
    whole = described.ask("get_delivery", delivery_id=item["id"])
    assert [one["code"] for one in whole["history"]] == ["http_503", "http_202"]
    assert described.ask("list_event_deliveries", event_id=item["event_id"])["items"][0]["id"] == item["id"]
    described.ask("replay_delivery", delivery_id=item["id"])
    described.ask("replay_delivery", delivery_id=item["id"])  # it waits by now: 409
    described.ask("get_delivery", delivery_id="dlv_none")
    job = described.ask("start_replay", {"since": 0, "until": 4e9}, webhook_id=made["id"])["job"]
    described.ask("start_replay", {"since": 0, "until": 4e9, "dry_run": True}, webhook_id=made["id"])
    described.ask("get_replay", job_id=job["id"])
    described.ask("list_replays", webhook_id=made["id"])
    described.ask("cancel_replay", job_id=job["id"])
    described.ask("cancel_replay", job_id=job["id"])  # it was cancelled: 409


def test_tests_are_answered_as_described(world: World, authority: Authority, described: Described) -> None:
    """One that succeeds, one that gets no answer, a preview, and one that is refused."""
    more = {
        "response_validators": [{"json_path": "$.data.status", "expected_values": ["accepted"]}],
        "filters": [{"field": "integration", "operator": "is", "values": ["prod-db"]}],
    }
    with receiving(answering(answer()), authority.server_context()) as receiver:
        for url in (receiver.url, "https://192.0.2.1/"):
            described.check("test_draft", *world.http("/api/webhooks/test", {"webhook": guide(url=url, **more)}))
        draft = {"webhook": guide(url=receiver.url, **more)}
        described.check("preview_draft", *world.http("/api/webhooks/preview", draft))
    described.check("test_draft", *world.http("/api/webhooks/test", {"webhook": {}}))
    described.check("test_webhook", *world.http("/api/webhooks/wh_none/test", {}, id="wh_none"))


def test_examples_are_what_is_asked_and_answered(described: Described) -> None:
    """Each body of the description can be sent, and what comes back is like the example of the answer."""
    bodies = {
        name: one["requestBody"]["content"]["application/json"]
        for name, (_, _, one) in described.operations.items()
        if "requestBody" in one
    }
    for content in bodies.values():
        assert described.errors(content["schema"], content["example"]) == []
    made = described.ask("create_webhook", bodies["create_webhook"]["example"])["id"]
    for name in ("replace_webhook", "change_webhook"):
        described.ask(name, bodies[name]["example"], webhook_id=made)
    described.ask("list_webhooks", query={"with": "recent"})
    described.ask("get_webhook", webhook_id=made)
    described.ask("duplicate_webhook", webhook_id=made)
    signing = {"signing": {"kind": "standard_webhooks"}}
    assert described.world.api("PATCH", f"/api/webhooks/{made}", signing, headers={"If-Match": "*"}).status == 200
    described.ask("rotate_signing", webhook_id=made)
    described.ask("put_event", bodies["put_event"]["example"])
    described.ask("start_replay", bodies["start_replay"]["example"], webhook_id=made)
    for name in ("list_samples", "list_filters", "list_recipes"):
        described.ask(name)


def test_defaults_are_those_of_a_webhook_that_names_nothing(described: Described) -> None:
    """What the description says of a field that is left out."""
    fields = described.document["components"]["schemas"]["WebhookDocument"]["properties"]
    least = {"name": "Least", "url": "https://a.example/", "triggers": ["RequestCreated"]}
    made = described.world.api("POST", "/api/webhooks", least).json
    assert {name: one.get("default", least.get(name)) for name, one in fields.items()} == {
        name: made[name] for name in fields
    }


def test_an_answer_that_is_not_as_described_is_found(described: Described) -> None:
    """The check can fail: a field that is missing, and one of another kind."""
    item = {"id": "rpl_1", "webhook_id": "wh_1", "state": "running", "total": "many", "replayed": 0}
    with pytest.raises(AssertionError, match="not of type"):
        described.check("get_replay", 200, item)


def test_an_example_that_is_made_up_is_found() -> None:
    """A name that no answer has, and a value of another kind, however deep."""
    example = {"items": [{"id": "a", "count": "1", "colour": "red"}], "cursor": None}
    assert list(invented(example, {"items": [{"id": "b", "count": 2}], "cursor": "x"})) == [
        ".items[].count",
        ".items[].colour",
    ]
