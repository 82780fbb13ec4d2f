"""What the API's description says of deliveries, replays and tests is how they are answered."""

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
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        whole = {**schema, "components": self.document["components"]}
        assert [one.message for one in Draft202012Validator(whole).iter_errors(answered)] == []

    def ask(self, operation: str, body: object = None, **parameters: str) -> Any:
        """Ask for an operation, and hold the answer against its description."""
        method, path, _ = self.operations[operation]
        answered = self.world.api(method.upper(), path.format(**parameters), body)
        self.check(operation, answered.status, answered.json)
        return answered.json


@pytest.fixture
def described(world: World) -> Described:
    """The description of this world's API."""
    return Described(world)


def test_deliveries_are_answered_as_described(world: World, authority: Authority, described: Described) -> None:
    """One that waits, one that has succeeded after a failure and is replayed, and a job that replays what failed."""
    script = answering(answer("503 Busy"), answer(), answer("500 Oops"))
    with receiving(script, authority.server_context()) as receiver:
        made = world.api("POST", "/api/webhooks", guide(url=receiver.url, active=True)).json
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
    with receiving(answering(answer()), authority.server_context()) as receiver:
        for url in (receiver.url, "https://192.0.2.1/"):
            described.check("test_draft", *world.http("/api/webhooks/test", {"webhook": guide(url=url)}))
        described.check("preview_draft", *world.http("/api/webhooks/preview", {"webhook": guide(url=receiver.url)}))
    described.check("test_draft", *world.http("/api/webhooks/test", {"webhook": {}}))
    described.check("test_webhook", *world.http("/api/webhooks/wh_none/test", {}, id="wh_none"))


def test_an_answer_that_is_not_as_described_is_found(described: Described) -> None:
    """The check can fail: a field that is missing, and one of another kind."""
    item = {"id": "rpl_1", "webhook_id": "wh_1", "state": "running", "total": "many", "replayed": 0}
    with pytest.raises(AssertionError, match="not of type"):
        described.check("get_replay", 200, item)
