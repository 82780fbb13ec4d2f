"""Takes the events that a rule put into a queue and hands them to a function, which moto's EventBridge cannot do."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

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


@dataclass(frozen=True, kw_only=True)
class Router:
    """Calls `invoke` for every event and then `on_handled` with what became of it."""

    messages: Messages
    invoke: Callable[[Event], Handled]
    on_handled: Callable[[Handled], None]

    def step(self) -> None:
        """Handles the events that are there, after waiting for a second at most."""
        for message in self.messages.receive():
            self.messages.delete(message)  # EventBridge counts a delivery as done once Lambda has taken the event
            self.on_handled(self.invoke(_function_event(message.body)))


def _function_event(body: str) -> Event:
    event = json.loads(body)
    return {name: event[name] for name in _ENVELOPE}
