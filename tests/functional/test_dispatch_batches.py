"""Events that come in batches from SQS: all side by side, and each on its own when something fails."""

import json
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import pytest

from grantwire import wiring
from grantwire.delivering import Deliverer
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


def test_the_threads_of_a_first_batch_share_what_they_know(
    world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Circuits, paces and connections are those of the process: they are made once, however many threads ask."""
    make, others = wiring.deliverer, threading.Barrier(2)
    made: list[Deliverer] = []

    def slowly(*given: Any) -> Deliverer:
        with suppress(threading.BrokenBarrierError):
            others.wait(0.2)  # for a second thread to come here, which none should
        made.append(make(*given))
        return made[-1]

    monkeypatch.setattr(wiring, "deliverer", slowly)
    with receiving(answering(answer("503 Busy")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        assert world.dispatch_batch(*[json.dumps(event(number)) for number in range(3)]) == []
        world.shift(webhook, 3600)
        rows = world.deliveries(webhook)
        assert world.redeliver(*[json.dumps([webhook.id, row["sk"], 1]) for row in rows]) == []
        assert len(receiver.requests) == 6
    assert len(made) == 2
