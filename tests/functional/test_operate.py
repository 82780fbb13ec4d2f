"""`operate`: dead letters go back into the normal way, and ended deliveries are sent again."""

import base64
import gzip
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from grantwire.models import Webhook
from grantwire.stores import clients
from tests.functional.conftest import World, event_file
from tests.receivers import Authority, answer, answering, receiving

DENIED = answer("200 OK", b'{"status":"denied"}')
ACCEPTED = answer("202 Accepted", b'{"status":"accepted"}')
LONGEST_INVOCATION = 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
DAY = {"since": "2026-11-18T00:00:00Z", "until": "2026-11-19T00:00:00Z"}


@pytest.fixture
def handed_in(world: World) -> Iterator[list[Any]]:
    """The events that dispatch was asked to handle: moto calls no functions, so Lambda's answer is made here."""
    events: list[Any] = []

    def take(params: dict[str, Any], **_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
        assert params["url_path"] == "/2015-03-31/functions/dispatch/invocations"
        assert params["headers"]["X-Amz-Invocation-Type"] == "Event"
        if len(params["body"]) > LONGEST_INVOCATION:
            return SimpleNamespace(status_code=413), {"Error": {"Code": "RequestTooLargeException", "Message": ""}}
        events.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=202), {}

    hooks: Any = clients.functions().meta.events
    hooks.register("before-call.lambda.Invoke", take)
    yield events
    hooks.unregister("before-call.lambda.Invoke", take)


def created(number: int) -> dict[str, Any]:
    """The created request, so many minutes later."""
    event = event_file("request_created")
    event["detail"]["event_time"] += 60 * number
    return event


def failed(world: World, url: str, count: int) -> Webhook:
    """A webhook with so many failed deliveries."""
    validators = [{"json_path": "$.data.status", "expected_values": ["accepted"]}]
    webhook = world.webhook(url, response_validators=validators)
    for number in range(count):
        world.dispatch(created(number))
    assert [row["state"] for row in world.deliveries(webhook)] == ["failed"] * count
    return webhook


def leave(world: World, body: str) -> None:
    world.aws.sqs.send_message(QueueUrl=world.template.names["DispatchDeadLetters"], MessageBody=body)


def test_dead_letters_of_every_kind_are_handed_in_again(world: World, handed_in: list[Any]) -> None:
    """Ours with a reason, Lambda's record, EventBridge's own; what is none of these stays where it is."""
    event = created(1)
    unusable = event | {"detail": {}}
    world.dispatch(unusable)
    leave(world, json.dumps({"version": "1.0", "requestContext": {}, "requestPayload": event, "responsePayload": {}}))
    leave(world, json.dumps(event))
    leave(world, "no event")
    assert world.operate(command="redrive") == {"events": 3, "unreadable": 1, "refused": 0}
    assert handed_in == [unusable, event, event]
    url = world.template.names["DispatchDeadLetters"]
    hidden = "ApproximateNumberOfMessagesNotVisible"
    left = world.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[hidden])["Attributes"]  # type: ignore[list-item]
    assert left == {hidden: "1"}


def test_a_letter_that_lambda_does_not_take_keeps_none_back(world: World, handed_in: list[Any]) -> None:
    """An event is handed in as long as it was, no letter escaped; one that is too long all the same stays."""
    cyrillic, endless = created(1) | {"note": "ы" * 300_000}, created(2) | {"note": "x" * 1_100_000}
    packed = base64.b64encode(gzip.compress(json.dumps(endless).encode())).decode()
    leave(world, json.dumps({"reason": "", "event_gzip": packed}))
    leave(world, json.dumps(cyrillic, ensure_ascii=False))
    leave(world, json.dumps(created(3)))
    assert world.operate(command="redrive") == {"events": 2, "unreadable": 0, "refused": 1}
    assert handed_in == [cyrillic, created(3)]


def test_a_limit_is_kept(world: World, handed_in: list[Any]) -> None:
    """Ten letters, three asked for."""
    for number in range(10):
        leave(world, json.dumps(created(number)))
    assert world.operate(command="redrive", limit=3)["events"] == 3
    assert len(handed_in) == 3


def test_one_delivery_is_sent_again(world: World, authority: Authority) -> None:
    """Failed before, the same webhook-id, attempts counted anew, the earlier attempt still in the row."""
    with receiving(answering(DENIED, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 1)
        [row] = world.deliveries(webhook)
        command = {"command": "replay", "webhook_id": webhook.id, "sort_key": row["sk"]}
        assert world.operate(**command) == {"replayed": 1}
        assert world.operate(**command) == {"error": "the delivery is waiting: it is replayed once it has ended"}
        assert world.redeliver(*world.take_wakeups()) == []
        ids = {request.partition(b"webhook-id: ")[2].partition(b"\r\n")[0] for request in receiver.requests}
        assert len(ids) == 1
    [row] = world.deliveries(webhook)
    assert (row["state"], row["attempt_count"]) == ("succeeded", "1")
    assert [attempt["code"] for attempt in row["attempts"]] == ["validator", "http_202"]


def test_a_succeeded_delivery_can_be_sent_again_too(world: World, authority: Authority) -> None:
    """Torq took it and lost it: one asks for it once more."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        world.dispatch(created(1))
        [row] = world.deliveries(webhook)
        assert world.operate(command="replay", webhook_id=webhook.id, sort_key=row["sk"]) == {"replayed": 1}
        world.redeliver(*world.take_wakeups())
        assert len(receiver.requests) == 2


def test_a_job_replays_what_failed_in_a_time_range(world: World, authority: Authority) -> None:
    """Counted before it starts, at its rate, step by step, with progress; another day's failures are left alone."""
    with receiving(answering(*[DENIED] * 5, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 4)
        world.dispatch(created(3 * 24 * 60))
        asked = {"webhook_id": webhook.id, **DAY}
        assert world.operate(command="count_failed", **asked) == {"failed": 4}
        job = world.operate(command="replay_failed", per_minute=3, **asked)
        assert (job["state"], job["total"], job["replayed"]) == ("running", 4, 0)
        assert world.redeliver(*world.take_wakeups()) == []  # the first step
        shown = world.operate(command="show_job", job_id=job["job_id"])
        assert (shown["state"], shown["replayed"]) == ("running", 3)
        world.shift_jobs(60)
        world.sweep()  # has the next step taken
        world.redeliver(*[body for body in world.take_wakeups() if '"replay"' in body])
        shown = world.operate(command="show_job", job_id=job["job_id"])
        assert (shown["state"], shown["replayed"]) == ("done", 4)
        world.sweep()
        assert [body for body in world.take_wakeups() if '"replay"' in body] == []
        world.shift(webhook, 60)
        rows = world.deliveries(webhook)
        bodies = [json.dumps([webhook.id, row["sk"], int(row["attempt_count"])]) for row in rows]
        world.redeliver(*bodies)
    assert [row["state"] for row in world.deliveries(webhook)] == ["succeeded"] * 4 + ["failed"]


def test_steps_that_come_all_at_once_keep_to_the_rate(world: World, authority: Authority) -> None:
    """A queue that was behind hands out the steps of many minutes side by side: one is taken, and half a minute later
    the next, whose deliveries begin where those of the first end.
    """
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 5)
        job = world.operate(command="replay_failed", webhook_id=webhook.id, per_minute=2, **DAY)
        [step] = world.take_wakeups()
        assert world.redeliver(*[step] * 5) == []
        assert world.operate(command="show_job", job_id=job["job_id"])["replayed"] == 2
        assert world.redeliver(step) == []
        assert world.operate(command="show_job", job_id=job["job_id"])["replayed"] == 2
        world.shift_jobs(31)
        assert world.redeliver(*[step] * 5) == []
    assert world.operate(command="show_job", job_id=job["job_id"])["replayed"] == 4
    due = sorted(float(row["due_at"]) for row in world.deliveries(webhook) if row["state"] == "waiting")
    assert [round(moment - due[0]) for moment in due] == [0, 29, 30, 59]  # the row's clock went on, ours did not


def test_a_job_can_be_cancelled(world: World, authority: Authority) -> None:
    """Its next step does nothing, and it cannot be cancelled twice."""
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 2)
        job = world.operate(command="replay_failed", webhook_id=webhook.id, **DAY)
        assert world.operate(command="cancel_job", job_id=job["job_id"])["state"] == "cancelled"
        assert "error" in world.operate(command="cancel_job", job_id=job["job_id"])
        world.redeliver(*world.take_wakeups())
        assert {row["state"] for row in world.deliveries(webhook)} == {"failed"}


def test_a_row_does_not_grow_with_every_replay(world: World, authority: Authority) -> None:
    """Twelve replays: the oldest attempts are forgotten, the newest kept."""
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 1)
        for _ in range(12):
            [row] = world.deliveries(webhook)
            world.operate(command="replay", webhook_id=webhook.id, sort_key=row["sk"])
            world.redeliver(*world.take_wakeups())
        assert len(receiver.requests) == 13
    [row] = world.deliveries(webhook)
    assert len(row["attempts"]) == 10


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({}, "'command' must be one of redrive, replay, count_failed, replay_failed, show_job, cancel_job"),
        ({"command": "drop"}, "'command' must be one of"),
        ({"command": "redrive", "limit": 0}, "'limit' is 0: it must be a whole number from 1 to 100000"),
        ({"command": "replay", "webhook_id": "wh_x"}, "'sort_key' is required and must be text"),
        ({"command": "replay", "webhook_id": "wh_x", "sort_key": "y"}, "there is no such delivery"),
        ({"command": "show_job", "job_id": "job_x"}, "there is no such job"),
        (
            {"command": "count_failed", "webhook_id": "w", **DAY, "since": "yesterday"},
            "'since' is 'yesterday': it must be",
        ),
        ({"command": "count_failed", "webhook_id": "w", **DAY, "since": "2026-11-18"}, "it needs a time zone"),
        ({"command": "count_failed", "webhook_id": "w", **DAY, "until": "2020-01-01T00:00:00Z"}, "'since' is later"),
        ({"command": "replay_failed", "webhook_id": "w", **DAY, "per_minute": 601}, "'per_minute' is 601"),
    ],
)
def test_a_wrong_command_is_answered_with_what_is_right(world: World, command: dict[str, Any], error: str) -> None:
    """Never an exception."""
    assert error in str(world.operate(**command)["error"])
