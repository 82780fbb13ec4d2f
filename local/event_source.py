"""Lambda's event source mapping for SQS: batches of messages go to a function, and what it handled is deleted.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import base64
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.asynchronous import Invocable


@dataclass(frozen=True, kw_only=True)
class SourceMessage:
    """A message as ReceiveMessage gives it: `attributes` are SQS's own, `message_attributes` the sender's."""

    message_id: str
    receipt: str
    body: str
    md5: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    message_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class SourceMessages(Protocol):
    """The queue that feeds the function."""

    @property
    def arn(self) -> str: ...

    def receive(self) -> Sequence[SourceMessage]:
        """At most a batch of what is there, after waiting for a second at most. Nobody else gets it meanwhile."""
        ...

    def delete(self, message: SourceMessage) -> None:
        """Takes a message off the queue."""
        ...

    def give_back(self, message: SourceMessage) -> None:
        """Has a message come again, or go to the dead letters when it has come often enough."""
        ...


@dataclass(frozen=True, kw_only=True)
class BatchHandled:
    """A batch that a function was called with, the ids of the messages that come again, and what it raised."""

    messages: Sequence[SourceMessage]
    failed: frozenset[str]
    error: Exception | None


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """Feeds a function from a queue, one batch at a time, and calls `on_handled` with what became of each."""

    queue: SourceMessages
    function: Invocable
    reports_failures: bool
    on_handled: Callable[[BatchHandled], None]

    def step(self) -> None:
        """Handles one batch, if there is one after waiting for a second at most."""
        messages = self.queue.receive()
        if not messages:
            return
        handled = self._handle(messages)
        for message in messages:
            if message.message_id in handled.failed:
                self.queue.give_back(message)
            else:
                self.queue.delete(message)
        self.on_handled(handled)

    def _handle(self, messages: Sequence[SourceMessage]) -> BatchHandled:
        every = frozenset(message.message_id for message in messages)
        try:
            answer = self.function.invoke(sqs_event(messages, self.queue.arn), request_id=str(uuid.uuid4()))
        except Exception as error:
            return BatchHandled(messages=messages, failed=every, error=error)
        failed = failed_ids(answer, every) if self.reports_failures else frozenset()
        return BatchHandled(messages=messages, failed=failed, error=None)


def sqs_event(messages: Sequence[SourceMessage], arn: str) -> dict[str, list[dict[str, Any]]]:
    """The event that Lambda makes of a batch."""
    return {"Records": [_record(message, arn) for message in messages]}


def failed_ids(answer: object, every: frozenset[str]) -> frozenset[str]:
    """Which of `every` message come again, by the function's answer: all of them when it names any other."""
    failures: Any = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if not failures:
        return frozenset()
    try:
        named = frozenset(failure["itemIdentifier"] for failure in failures)
    except (TypeError, KeyError):
        return every
    return named if named <= every else every


def _record(message: SourceMessage, arn: str) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": dict(message.attributes),
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, object]:
    """In Lambda's spelling, in which names begin with small letters, and bytes are in base64."""
    lists: dict[str, object] = {"stringListValues": [], "binaryListValues": []}
    if "BinaryValue" in value:
        return {"binaryValue": base64.b64encode(value["BinaryValue"]).decode(), **lists, "dataType": value["DataType"]}
    return {"stringValue": value["StringValue"], **lists, "dataType": value["DataType"]}
