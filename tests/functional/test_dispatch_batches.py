"""Events that come in batches from SQS: all side by side, and each on its own when something fails."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from grantwire.errors import StoreError
from grantwire.stores.deliveries import DeliveryStore
from tests.functional.conftest import World, event_file
from tests.receivers import Authority, answer, answering, receiving


def event(number: int) -> dict[str, Any]:
    given = event_file("request_created")
    given["detail"]["event_time"] += number
    return given


def test_a_batch_is_dispatched_side_by_side(world: World, authority: Authority) -> None:
    """Each event is one delivery; nothing comes again, and the same batch once more sends nothing."""
    with receiving(answering(answer("202 Accepted")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        bodies = [json.dumps(event(number)) for number in range(10)]
        assert world.dispatch_batch(*bodies) == []
        assert [row["state"] for row in world.deliveries(webhook)] == ["succeeded"] * 10
        assert world.dispatch_batch(*bodies) == []
        assert len(receiver.requests) == 10


def test_what_fails_comes_again_alone(world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own fault with one event leaves the others alone; a message that is no event's text comes again as well."""
    keep, unlucky = DeliveryStore.keep_event, event(3)["detail"]["event_time"]

    def fail(store: DeliveryStore, kept: Any, ids: Collection[str], *, now: float) -> Mapping[str, float] | None:
        if kept.time == unlucky:
            raise StoreError("dynamodb UpdateItem: ProvisionedThroughputExceededException")
        return keep(store, kept, ids, now=now)

    with receiving(answering(answer("202 Accepted")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        monkeypatch.setattr(DeliveryStore, "keep_event", fail)
        bodies = [*(json.dumps(event(number)) for number in range(5)), "no JSON"]
        assert world.dispatch_batch(*bodies) == ["message-3", "message-5"]
        monkeypatch.undo()
        assert world.dispatch_batch(bodies[3]) == []
        assert len(receiver.requests) == len(world.deliveries(webhook)) == 5


def test_an_event_nobody_can_use_goes_to_the_dead_letters(world: World) -> None:
    """With its reason, as one that came alone; its batch goes on."""
    assert world.dispatch_batch(json.dumps({**event(1), "detail": 5})) == []
    [letter] = world.dead_letters()
    assert letter["event"]["detail"] == 5
