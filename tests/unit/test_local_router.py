"""The thread between the rule's queue and the function."""

import json
import queue
import threading
from collections.abc import Sequence

from local.asynchronous import Event, Handled
from local.router import Message, Router
from local.worker import Worker

EVENT = {
    "detail": {"event_type": "RequestCreated"},
    "ingestion-time": 1795000000.5,
    "version": "0",
    "id": "1",
    "detail-type": "RequestCreated",
    "source": "apono",
    "account": "123456789012",
    "time": "2026-11-24T01:02:03Z",
    "region": "us-east-1",
    "resources": [],
}


class Queue:
    """Messages in memory; receiving waits for one, as a long poll does, and never longer than the test."""

    def __init__(self, *bodies: str) -> None:
        self.waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for body in bodies:
            self.waiting.put(body)
        self.deleted: list[str] = []

    def receive(self) -> Sequence[Message]:
        try:
            body = self.waiting.get(timeout=0.05)
        except queue.Empty:
            return []
        return [Message(body=body, receipt=f"receipt of {json.loads(body)['id']}")]

    def delete(self, message: Message) -> None:
        self.deleted.append(message.receipt)


def handled_by(messages: Queue, count: int, invoke: type[Handled] = Handled) -> list[Handled]:
    done: queue.SimpleQueue[Handled] = queue.SimpleQueue()

    def call(event: Event) -> Handled:
        return invoke(event=event, invocations=1, error=None)

    with Worker("router", Router(messages=messages, invoke=call, on_handled=done.put).step):
        return [done.get(timeout=5) for _ in range(count)]


def test_the_function_gets_exactly_what_eventbridge_sends_in_its_order() -> None:
    (handled,) = handled_by(Queue(json.dumps(EVENT)), 1)
    assert list(handled.event) == [
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "time",
        "region",
        "resources",
        "detail",
    ]
    assert handled.event["detail"] == {"event_type": "RequestCreated"}


def test_every_message_is_handled_in_order_and_deleted() -> None:
    messages = Queue(*(json.dumps({**EVENT, "id": str(number)}) for number in range(3)))
    assert [handled.event["id"] for handled in handled_by(messages, 3)] == ["0", "1", "2"]
    assert messages.deleted == ["receipt of 0", "receipt of 1", "receipt of 2"]


def test_leaving_ends_the_thread() -> None:
    before = set(threading.enumerate())
    handled_by(Queue(), 0)
    assert set(threading.enumerate()) == before
