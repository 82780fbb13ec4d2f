"""`redeliver` and `sweep`: what waits is sent again, and what nobody wakes is found."""

import json
import time
from typing import Any

import pytest

from grantwire.errors import StoreError
from grantwire.models import Webhook
from grantwire.stores import clients
from grantwire.stores.circuits import CircuitStore
from tests.functional.conftest import World, event_file, wakeup_of
from tests.receivers import Authority, Received, answer, answering, receiving

ACCEPTED = answer("202 Accepted", b'{"status":"accepted"}')
OOPS = answer("503 Busy")


def webhook_ids(requests: list[bytes]) -> set[bytes]:
    """The `webhook-id` of each request."""
    return {line for request in requests for line in request.split(b"\r\n") if line.startswith(b"webhook-id:")}


def failed_once(world: World, url: str, **fields: Any) -> Webhook:
    """A webhook whose only delivery has failed once."""
    webhook = world.webhook(url, **fields)
    world.dispatch(event_file("request_created"))
    assert world.deliveries(webhook)[0]["state"] == "waiting"
    return webhook


def test_a_receiver_that_fails_twice_gets_the_event_in_the_end(world: World, authority: Authority) -> None:
    """Three attempts, one webhook-id, the same bytes; the row has all three."""
    with receiving(answering(OOPS, OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        assert world.wakeups() == 1
        assert world.redeliver(wakeup_of(world, webhook)) == []
        assert world.deliveries(webhook)[0]["state"] == "waiting"
        world.shift(webhook, 30)
        assert world.redeliver(wakeup_of(world, webhook)) == []
        assert len(set(receiver.bodies)) == 1
        assert len(webhook_ids(receiver.requests)) == 1
    [row] = world.deliveries(webhook)
    assert (row["state"], row["attempt_count"]) == ("succeeded", "3")
    assert [attempt["code"] for attempt in row["attempts"]] == ["http_503", "http_503", "http_202"]
    assert {"due_at", "due_shard", "sweep_at", "lease_until"} & row.keys() == set()


def test_a_wake_up_that_comes_twice_late_or_early_sends_nothing(world: World, authority: Authority) -> None:
    """The row decides: another number of attempts, another state, or not due yet."""
    with receiving(answering(OOPS, OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        old = wakeup_of(world, webhook)
        world.redeliver(old)
        world.redeliver(old)  # twice: the row has had another attempt
        world.redeliver(wakeup_of(world, webhook))  # early: due in half a minute
        assert len(receiver.requests) == 2
        world.shift(webhook, 30)
        world.redeliver(wakeup_of(world, webhook))
        world.redeliver(wakeup_of(world, webhook))  # late: it has succeeded
        assert len(receiver.requests) == 3
    assert world.redeliver('["wh_gone","2026-01-01T00:00:00.000000Z#evt_x",1]') == []


def test_each_attempt_uses_the_webhook_as_it_is_now(world: World, authority: Authority) -> None:
    """Made inactive, deleted or spoiled meanwhile: the delivery ends as failed and says why; nothing is sent."""
    codes = []
    with receiving(answering(OOPS), authority.server_context()) as receiver:
        for spoiled in ({"active": {"BOOL": False}}, {"document": {"S": "{}"}}, None):
            webhook = failed_once(world, receiver.url)
            table = world.template.names["WebhooksTable"]
            key: dict[str, Any] = {"pk": {"S": f"WEBHOOK#{webhook.id}"}, "sk": {"S": "CONFIG"}}
            row: dict[str, Any] = dict(world.aws.dynamodb.get_item(TableName=table, Key=key)["Item"])
            world.aws.dynamodb.delete_item(TableName=table, Key=key)
            if spoiled is not None:
                world.aws.dynamodb.put_item(TableName=table, Item=row | spoiled)
            sent = len(receiver.requests)
            assert world.redeliver(wakeup_of(world, webhook)) == []
            assert len(receiver.requests) == sent
            [delivery] = world.deliveries(webhook)
            assert delivery["state"] == "failed"
            codes.append(delivery["code"])
    assert codes == ["webhook_inactive", "webhook_unreadable", "webhook_deleted"]


def test_the_policys_last_attempt_is_the_last(world: World, authority: Authority) -> None:
    """Two attempts asked for, two made, then failed, and nobody wakes it."""
    with receiving(answering(OOPS), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url, retry={"max_attempts": 2})
        world.redeliver(wakeup_of(world, webhook))
        assert len(receiver.requests) == 2
    [row] = world.deliveries(webhook)
    assert (row["state"], row["code"]) == ("failed", "http_503")
    assert "sweep_at" not in row


def test_an_exchange_begins_only_when_it_can_end_in_time(world: World, authority: Authority) -> None:
    """Ten seconds and the writing of the row do not fit into 30: nothing is claimed, the wake-up comes again."""
    with receiving(answering(OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        [before] = world.deliveries(webhook)
        assert world.redeliver(wakeup_of(world, webhook), milliseconds=30_000) == ["message-0"]
        assert len(receiver.requests) == 1
        assert world.deliveries(webhook) == [before]
        assert world.redeliver(wakeup_of(world, webhook), milliseconds=40_000) == []
    assert world.deliveries(webhook)[0]["state"] == "succeeded"


def test_a_batch_is_handled_side_by_side_and_only_what_failed_comes_again(world: World, authority: Authority) -> None:
    """A message that is no wake-up comes back (and in the end is a dead letter); the others are sent."""
    with receiving(answering(OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        assert world.redeliver("{}", wakeup_of(world, webhook), "not json") == ["message-0", "message-2"]
    assert world.deliveries(webhook)[0]["state"] == "succeeded"


def test_retry_after_is_heeded(world: World, authority: Authority) -> None:
    """429 with an hour: the row is due no earlier, and no message is sent, since SQS cannot wait that long."""
    with receiving(answering(answer("429 Slow", b"", "Retry-After: 3600")), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
    [row] = world.deliveries(webhook)
    updated = float(row["updated_at"])
    assert updated + 3595 < float(row["due_at"]) < updated + 3605
    assert row["sweep_at"] == row["due_at"]
    assert world.wakeups() == 0


def test_a_lost_wake_up_is_found_by_the_sweep(world: World, authority: Authority) -> None:
    """Two minutes after it was due; the next sweep does not wake it again."""
    with receiving(answering(OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        before = world.wakeups()
        world.sweep()
        assert world.wakeups() == before  # not overdue yet
        world.shift(webhook, 130)
        world.sweep()
        world.sweep()
        assert world.wakeups() == before + 1
        assert world.redeliver(wakeup_of(world, webhook)) == []
    assert world.deliveries(webhook)[0]["state"] == "succeeded"


def test_a_sweep_that_was_away_for_a_day_ends_nothing(world: World, authority: Authority) -> None:
    """What was due meanwhile is woken, with a day to be sent from then on; what cannot be woken for a day is ended."""
    with receiving(answering(OOPS, OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook, woken_in_vain = failed_once(world, receiver.url), failed_once(world, receiver.url)
        world.shift(webhook, 26 * 3600)
        world.sweep()
        [delivery] = world.deliveries(webhook)
        assert delivery["state"] == "waiting"
        assert float(delivery["due_at"]) == pytest.approx(time.time(), abs=5)
        assert world.redeliver(wakeup_of(world, webhook)) == []
        [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == woken_in_vain.id]
        since = {"due_at": {"N": f"{time.time() - 26 * 3600:.3f}"}, "sweep_at": {"N": f"{time.time() - 60:.3f}"}}
        world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row | since)
        world.sweep()
    assert world.deliveries(webhook)[0]["state"] == "succeeded"
    [delivery] = world.deliveries(woken_in_vain)
    assert (delivery["state"], delivery["code"]) == ("failed", "overdue")


def test_a_sender_that_died_is_found_and_its_attempt_recorded(world: World, authority: Authority) -> None:
    """The row is `delivering` and its lease is over: interrupted, then sent again with the same webhook-id."""
    with receiving(answering(OOPS, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == webhook.id]
        dead = {"state": {"S": "delivering"}, "attempt_count": {"N": "2"}, "lease_until": row["sweep_at"]}
        world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row | dead)
        world.shift(webhook, 200)
        world.sweep()
        [delivery] = world.deliveries(webhook)
        assert (delivery["state"], delivery["code"]) == ("waiting", "interrupted")
        world.shift(webhook, 60)
        world.redeliver(wakeup_of(world, webhook))
        assert len(webhook_ids(receiver.requests)) == 1
    [delivery] = world.deliveries(webhook)
    assert (delivery["state"], delivery["attempt_count"]) == ("succeeded", "3")
    assert [attempt["code"] for attempt in delivery["attempts"]] == ["http_503", "interrupted", "http_202"]


def test_a_first_attempt_whose_sender_died_is_found(world: World, authority: Authority) -> None:
    """Dispatch died in the middle; the event handed in again is left to the sweep, which finds the row."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        event = event_file("request_created")
        world.dispatch(event)
        [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == webhook.id]
        moment = {"N": row["updated_at"]["N"]}
        dead = {"state": {"S": "delivering"}, "lease_until": moment, "sweep_at": moment, "due_shard": {"N": "0"}}
        world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row | dead)
        world.dispatch(event)
        world.sweep()
        world.shift(webhook, 10)
        world.redeliver(wakeup_of(world, webhook))
        assert len(receiver.requests) == 2
    assert world.deliveries(webhook)[0]["state"] == "succeeded"


def test_a_sweep_without_time_stops_and_says_nothing_wrong(world: World, authority: Authority) -> None:
    """What is left over is still overdue in the next run."""
    with receiving(answering(OOPS), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        world.shift(webhook, 200)
        before = world.wakeups()
        world.sweep(milliseconds=5_000)
        assert world.wakeups() == before
        world.sweep()
        assert world.wakeups() == before + 1


def test_logs_of_attempts_hold_ids_and_states_only(world: World, authority: Authority) -> None:
    """One line per attempt, in every function."""

    def echo(connection: Received) -> None:
        while request := connection.request():
            connection.write(answer("500 Oops", request))

    with receiving(echo, authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
        world.redeliver(wakeup_of(world, webhook))
    lines = world.logged()
    assert len([line for line in lines if line.get("message") == "delivery attempted"]) == 2
    assert "Ana" not in json.dumps(lines)
    assert "dG9ycS10b2tlbg" not in json.dumps(lines)


@pytest.mark.parametrize("body", ["null", '["a"]', '["a","b","c"]', '{"a":1}', '["a","b",true]'])
def test_what_is_no_wake_up_comes_back(world: World, body: str) -> None:
    """It ends in the dead letters instead of stopping its batch."""
    assert world.redeliver(body) == ["message-0"]


def test_an_event_that_expires_while_it_comes_again_leaves_no_row_of_nothing(
    world: World, authority: Authority
) -> None:
    """Its row is gone before it can be kept for longer: the fault says so, and AWS hands the event in once more."""
    real: Any = clients.dynamodb().meta.events
    table = world.template.names["DeliveriesTable"]

    def expire(params: dict[str, Any], model: Any, **_: Any) -> None:
        if params["UpdateExpression"] == "SET expires_at = :later":
            world.aws.dynamodb.delete_item(TableName=table, Key=params["Key"])

    with receiving(answering(ACCEPTED, ACCEPTED), authority.server_context()) as receiver:
        world.webhook(receiver.url)
        world.dispatch(event_file("request_created"))
        real.register("provide-client-params.dynamodb.UpdateItem", expire)
        try:
            with pytest.raises(StoreError, match=r"event evt_\w+ expired while it came again"):
                world.dispatch(event_file("request_created"))
        finally:
            real.unregister("provide-client-params.dynamodb.UpdateItem", expire)
        assert [row for row in world.rows("DeliveriesTable") if row["pk"]["S"].startswith("EVENT#")] == []
        assert len(receiver.requests) == 1


def test_a_claim_whose_answer_was_lost_is_still_ours(world: World, authority: Authority) -> None:
    """The AWS client repeats a write whose answer did not come, and meets its own: the event is sent, once."""
    seen: list[str] = []
    real = clients.dynamodb().meta.events

    def lose(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "PutItem" and params["Item"]["pk"]["S"] not in seen:
            seen.append(params["Item"]["pk"]["S"])
            world.aws.dynamodb.put_item(**params)

    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        hooks: Any = real
        hooks.register("provide-client-params.dynamodb.*", lose)
        try:
            world.dispatch(event_file("request_created"))
        finally:
            hooks.unregister("provide-client-params.dynamodb.*", lose)
        assert len(receiver.requests) == 1
    [row] = world.deliveries(webhook)
    assert seen == [f"EVENT#{row['sk'].partition('#')[2]}", webhook.id]
    assert (row["state"], len(row["attempts"])) == ("succeeded", 1)


def test_circuits_that_cannot_be_read_do_not_stop_the_sweep(
    world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is overdue is woken, and the fault is raised after that, for the alarm."""
    with receiving(answering(OOPS), authority.server_context()) as receiver:
        webhook = failed_once(world, receiver.url)
    world.shift(webhook, 3600)
    before = world.wakeups()

    def unreadable(_: CircuitStore) -> None:
        raise StoreError("dynamodb Query: ThrottlingException")

    monkeypatch.setattr(CircuitStore, "all", unreadable)
    with pytest.raises(StoreError):
        world.sweep()
    assert world.wakeups() == before + 1
