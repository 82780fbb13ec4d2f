"""The health of a webhook: when it is switched off, who is told, and how it recovers."""

import json
import time
from typing import Any

import pytest

from grantwire.identifiers import delivery_id_of
from grantwire.models import Webhook
from tests.functional.conftest import World, event_file, wakeup_of
from tests.functional.test_redeliver import failed_once
from tests.receivers import Authority, answer, answering, receiving

OOPS = answer("503 Busy")
ACCEPTED = answer("202 Accepted")
DAY, HOUR = 86_400, 3600


@pytest.fixture
def told(world: World) -> "Told":
    """What was put on the bus with our own source: a rule of the test's sends it to a queue."""
    queue = world.aws.sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = world.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    world.aws.events.put_rule(Name="told", EventPattern=json.dumps({"source": ["grantwire"]}))
    world.aws.events.put_targets(Rule="told", Targets=[{"Id": "told", "Arn": arn}])
    return Told(world, queue)


class Told(list[dict[str, Any]]):
    """Reads the queue when it is looked at."""

    def __init__(self, world: World, queue: str) -> None:
        super().__init__()
        self.world, self.queue = world, queue

    def names(self) -> list[str]:
        while messages := self.world.aws.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self.append(json.loads(message["Body"]))
                self.world.aws.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [event["detail-type"] for event in self]


def deliver(world: World, number: int) -> None:
    """One delivery more."""
    event = event_file("request_created")
    event["detail"]["event_time"] += number
    world.dispatch(event)


def failing_since(world: World, webhook: Webhook, seconds_ago: float) -> None:
    """Make the webhook's failures lie further back."""
    key: dict[str, Any] = {"pk": {"S": f"WEBHOOK#{webhook.id}"}, "sk": {"S": "HEALTH"}}
    table = world.template.names["WebhooksTable"]
    row = world.aws.dynamodb.get_item(TableName=table, Key=key)["Item"]
    since = {"N": str(float(row["failing_since"]["N"]) - seconds_ago)}
    world.aws.dynamodb.put_item(TableName=table, Item=row | {"failing_since": since})


def test_a_receiver_that_is_gone_is_switched_off_at_once(world: World, authority: Authority, told: Told) -> None:
    """410: the next event is not sent, the log says why, and the bus is told."""
    with receiving(answering(answer("410 Gone")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        deliver(world, 0)
        deliver(world, 1)
        assert len(receiver.requests) == 1
    stored = world.store.get(webhook.id)
    assert stored is not None
    assert (stored.active, stored.version) == (False, webhook.version + 1)
    assert told.names() == ["DeliveryFailed", "WebhookDisabled"]
    assert told[1]["source"] == "grantwire"
    assert told[1]["detail"] == {
        "webhook_id": webhook.id,
        "reason": "the receiver answered 410: it is gone and wants no more events",
    }


def test_what_ends_without_an_attempt_is_told_too(world: World, authority: Authority, told: Told) -> None:
    """By whoever ends it: redeliver, since the webhook was switched off, and the sweep, since nobody could wake it."""
    with receiving(answering(OOPS), authority.server_context()) as receiver:
        off = failed_once(world, receiver.url)
        world.store.deactivate(off, reason="by hand", now=0.0)
        assert world.redeliver(wakeup_of(world, off)) == []
        late = failed_once(world, receiver.url)
    [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == late.id]
    since = {"due_at": {"N": f"{time.time() - 26 * HOUR:.3f}"}, "sweep_at": {"N": f"{time.time() - 60:.3f}"}}
    world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row | since)
    world.sweep()
    assert told.names() == ["DeliveryFailed", "DeliveryFailed"]
    first, second = (event["detail"] for event in told)
    assert (first["webhook_id"], first["code"]) == (off.id, "webhook_inactive")
    assert first["reason"] == "the webhook was made inactive"
    assert (second["webhook_id"], second["code"]) == (late.id, "overdue")
    assert second["delivery_id"] == delivery_id_of(late.id, row["sk"]["S"])


def test_failures_for_days_switch_a_webhook_off(world: World, authority: Authority, told: Told) -> None:
    """Five failed in a row, and none succeeded for five days; four of them, or four days, are not enough.

    An hour is added, since a success may go unnoted for so long.
    """
    with receiving(answering(OOPS), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, retry={"max_attempts": 1})
        for number in range(4):
            deliver(world, number)
        failing_since(world, webhook, 4 * DAY)
        deliver(world, 4)
        assert told.names() == ["DeliveryFailed"] * 5
        failing_since(world, webhook, DAY + HOUR)
        deliver(world, 5)
        assert told.names()[-1] == "WebhookDisabled"
    assert told[-1]["detail"]["reason"] == "6 deliveries in a row failed every attempt, and none succeeded for 5 days"
    stored = world.store.get(webhook.id)
    assert stored is not None
    assert not stored.active


def test_a_success_in_between_keeps_it_on(world: World, authority: Authority, told: Told) -> None:
    """A first attempt that succeeded ends the row of failures, however long they lie back."""
    with receiving(answering(*[OOPS] * 4, ACCEPTED, OOPS), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, retry={"max_attempts": 1})
        for number in range(4):
            deliver(world, number)
        failing_since(world, webhook, 20 * DAY)
        deliver(world, 4)
        deliver(world, 5)
    assert told.names() == [*["DeliveryFailed"] * 4, "WebhookRecovered", "DeliveryFailed"]
    stored = world.store.get(webhook.id)
    assert stored is not None
    assert stored.active


def test_a_success_after_failures_is_told(world: World, authority: Authority, told: Told) -> None:
    """The failures are forgotten, and the bus hears how many there were; the success is what is kept."""
    with receiving(answering(OOPS, OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url, retry={"max_attempts": 3})
        world.store.add_failure(webhook.id, now=1_795_000_000.0)
        world.redeliver(wakeup_of(world, webhook))
        world.shift(webhook, 30)
        world.redeliver(wakeup_of(world, webhook))
    assert told.names() == ["WebhookRecovered"]
    assert told[0]["detail"] == {
        "webhook_id": webhook.id,
        "failures": 1,
        "failing_since": 1_795_000_000.0,
        "last_success_at": None,
    }
    health = world.store.health(webhook.id)
    assert health.failures == 0
    assert health.last_success_at == pytest.approx(time.time(), abs=60)


def test_a_success_is_noted_once_an_hour(world: World, authority: Authority) -> None:
    """A note costs a write: the first success is kept, those right after it are not."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        deliver(world, 0)
        first = world.store.health(webhook.id)
        deliver(world, 1)
        assert len(receiver.requests) == 2
    assert first.last_success_at is not None
    assert world.store.health(webhook.id) == first


def test_only_failures_that_might_have_passed_count(world: World, authority: Authority, told: Told) -> None:
    """A validator that fails, or a template, says nothing about whether the receiver is there."""
    with receiving(answering(answer("200 OK", b"{}")), authority.server_context()) as receiver:
        validators = [{"json_path": "$.data.status", "expected_values": ["accepted"]}]
        webhook = world.webhook(receiver.url, response_validators=validators)
        deliver(world, 0)
    assert told.names() == ["DeliveryFailed"]
    assert world.store.health(webhook.id).failures == 0
