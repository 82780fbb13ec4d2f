"""A webhook that may not be sent to as fast as can be: what is too much waits for its turn, on the real table."""

import json
import time
from itertools import pairwise
from typing import Any

import pytest

from grantwire.models import Webhook
from tests.functional.conftest import World, event_file
from tests.receivers import Authority, answer, answering, receiving


def dispatch(world: World, count: int) -> None:
    for number in range(count):
        event = event_file("request_created")
        event["detail"]["event_time"] += number
        world.dispatch(event)


def states(world: World, webhook: Webhook) -> list[str]:
    return [row["state"] for row in world.deliveries(webhook)]


def turns(world: World, webhook: Webhook) -> list[dict[str, Any]]:
    """Those that wait, in the order of their turns."""
    rows = [row for row in world.deliveries(webhook) if row["state"] == "waiting"]
    return sorted(rows, key=lambda row: float(row["number"]))


def later(world: World, webhook: Webhook, seconds: float) -> None:
    """So much time goes by, for what waits and for the pace."""
    world.shift(webhook, seconds)
    for row in world.rows("DeliveriesTable"):
        if row["pk"]["S"].startswith("PACE"):
            row["since"] = {"N": f"{float(row['since']['N']) - seconds:.3f}"}
            world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row)


def wakeup(webhook: Webhook, row: dict[str, Any]) -> str:
    return json.dumps([webhook.id, row["sk"], int(row["attempt_count"])])


def test_what_exceeds_the_limit_waits_for_its_turn(world: World, authority: Authority) -> None:
    """The first is sent, the others stand in the order in which they came; woken too early they go on waiting."""
    with receiving(answering(answer("202 Accepted")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, deliveries_per_second=0.1)
        dispatch(world, 4)
        assert states(world, webhook) == ["succeeded", "waiting", "waiting", "waiting"]
        line = turns(world, webhook)
        assert line == world.deliveries(webhook)[1:]
        apart = [float(after["due_at"]) - float(before["due_at"]) for before, after in pairwise(line)]
        assert apart == pytest.approx([10.5, 10.5], abs=0.2)
        assert world.wakeups() == 3
        later(world, webhook, 10.6)
        assert world.redeliver(*(wakeup(webhook, row) for row in line)) == []
        assert states(world, webhook) == ["succeeded", "succeeded", "waiting", "waiting"]
        assert [row["number"] for row in turns(world, webhook)] == [row["number"] for row in line[1:]]
        assert len(receiver.requests) == 2


def test_a_receiver_that_refuses_has_a_pace(world: World, authority: Authority) -> None:
    """From its first 429 on there is a row; one that does not refuse has none."""
    with receiving(answering(answer("429 Too Many Requests")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        dispatch(world, 1)
    [pace] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == "PACE"]
    assert pace["sk"]["S"] == webhook.id
    assert states(world, webhook) == ["waiting"]


def test_what_keeps_no_pace_has_no_row(world: World, authority: Authority) -> None:
    with receiving(answering(answer("500 Oops")), authority.server_context()) as receiver:
        world.webhook(receiver.url)
        dispatch(world, 2)
    assert not [row for row in world.rows("DeliveriesTable") if row["pk"]["S"].startswith("PACE")]


def test_a_pace_of_an_earlier_version_is_gone_on_with(world: World, authority: Authority) -> None:
    """Its row tells of no ceiling; the rate is halved all the same, and then it does."""
    with receiving(answering(answer("429 Too Many Requests")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        dispatch(world, 1)
        [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == "PACE"]
        del row["ceiling"], row["held_until"]
        row["since"] = {"N": f"{float(row['since']['N']) - 5:.3f}"}
        world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row)
        world.apps.clear()  # other processes, which have not read it before
        dispatch(world, 3)
    [pace] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == "PACE"]
    assert float(pace["rate"]["N"]) < float(row["rate"]["N"])
    assert "ceiling" in pace
    assert states(world, webhook) == ["waiting"] * 3


@pytest.mark.parametrize(("days_old", "is_kept_on"), [(89.5, True), (88.5, False), (-2, True)])
def test_what_waits_for_its_turn_longer_than_it_is_kept_is_kept_on(
    world: World, authority: Authority, *, days_old: float, is_kept_on: bool
) -> None:
    """With its event, without which there would be nothing to send; else both would be deleted, and nobody told."""
    with receiving(answering(answer("202 Accepted")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, deliveries_per_second=0.1)
        event = event_file("request_created")
        for number in range(2):
            event["detail"]["event_time"] = time.time() - days_old * 86_400 + number
            world.dispatch(event)
        [waiting] = turns(world, webhook)
        for row in world.rows("DeliveriesTable"):
            due = {"due_at": {"N": str(int(time.time()))}} if "due_at" in row else {}  # long before its turn
            row |= due | {"expires_at": {"N": str(int(time.time()) + 3600)}}
            world.aws.dynamodb.put_item(TableName=world.template.names["DeliveriesTable"], Item=row)
        world.redeliver(wakeup(webhook, waiting))
        assert states(world, webhook) == ["succeeded", "waiting"]
    kept_for = {
        row["sk"]["S"]: float(row["expires_at"]["N"]) - time.time()
        for row in world.rows("DeliveriesTable")
        if row["sk"]["S"] == waiting["sk"] or waiting["sk"].endswith(row["pk"]["S"].removeprefix("EVENT#"))
    }
    assert len(kept_for) == 2
    assert [seconds > 89 * 86_400 for seconds in kept_for.values()] == [is_kept_on] * 2
