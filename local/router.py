"""Takes the events that a rule put into a queue and hands them to a function, which moto's EventBridge cannot do."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from local.asynchronous import Event, Handled

# What a function gets, in EventBridge's order. moto's `ingestion-time` is no part of it.
_ENVELOPE: Final = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of the queue: its body and what deletes it."""

    body: str
    receipt: str


class Messages(Protocol):
    """The queue behind the rule."""

    def receive(self) -> Sequence[Message]:
        """What is there, after waiting for a second at most."""

    def delete(self, message: Message) -> None:
        """Takes a message off the queue."""


class Router:
    """A thread, while entered, that calls `invoke` for every event and then `on_handled` with what became of it."""

    def __init__(
        self, messages: Messages, *, invoke: Callable[[Event], Handled], on_handled: Callable[[Handled], None]
    ) -> None:
        self._messages = messages
        self._invoke = invoke
        self._on_handled = on_handled
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="router")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for message in self._messages.receive():
                self._messages.delete(message)  # EventBridge counts a delivery as done once Lambda has taken the event
                self._on_handled(self._invoke(_function_event(message.body)))


def _function_event(body: str) -> Event:
    event = json.loads(body)
    return {name: event[name] for name in _ENVELOPE}
