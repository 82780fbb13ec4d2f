"""Lambda's way with a queue: which event a batch becomes, and which messages are deleted."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from local.event_source import BatchHandled, EventSource, SourceMessage, failed_ids, sqs_event

ARN = "arn:aws:sqs:us-east-1:123456789012:Wakeups"
EVERY = frozenset({"a", "b", "c"})


def message(message_id: str) -> SourceMessage:
    return SourceMessage(message_id=message_id, receipt=f"receipt of {message_id}", body="[]", md5="d751")


@dataclass
class Queue:
    """One batch in memory."""

    batch: Sequence[SourceMessage]
    arn: str = ARN
    deleted: list[str] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)

    def receive(self) -> Sequence[SourceMessage]:
        return self.batch

    def delete(self, message: SourceMessage) -> None:
        self.deleted.append(message.message_id)

    def give_back(self, message: SourceMessage) -> None:
        self.given_back.append(message.message_id)


@dataclass
class Function:
    """Answers, or raises, what it is told to."""

    answer: object
    arn: str = "arn"
    events: list[object] = field(default_factory=list)

    def invoke(self, event: object, *, request_id: str) -> object:
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def step(answer: object, *, reports_failures: bool = True) -> tuple[Queue, BatchHandled]:
    queue, told = Queue([message(one) for one in sorted(EVERY)]), list[BatchHandled]()
    EventSource(
        queue=queue, function=Function(answer), reports_failures=reports_failures, on_handled=told.append
    ).step()
    return queue, told[0]


def test_a_batch_becomes_the_event_that_lambda_documents() -> None:
    body = '["wh_1","2026#evt_1",1]'
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1795000000000",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1795000000005",
    }
    one = SourceMessage(
        message_id="059f36b4-87a3-44ab-83d2-661975830a7d",
        receipt="AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        body=body,
        md5=hashlib.md5(body.encode()).hexdigest(),
        attributes=attributes,
        message_attributes={"origin": {"StringValue": "sweep", "DataType": "String"}},
    )
    (record,) = sqs_event([one], ARN)["Records"]
    assert record == {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {
            "origin": {"stringValue": "sweep", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": hashlib.md5(body.encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "us-east-1",
    }


def test_bytes_among_a_messages_attributes_come_in_base64() -> None:
    one = SourceMessage(
        message_id="a",
        receipt="r",
        body="",
        md5="",
        message_attributes={"key": {"BinaryValue": b"\x00\xff", "DataType": "Binary"}},
    )
    (record,) = sqs_event([one], ARN)["Records"]
    assert base64.b64decode(record["messageAttributes"]["key"]["binaryValue"]) == b"\x00\xff"


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}])
def test_an_answer_that_names_none_has_all_deleted(answer: object) -> None:
    queue, told = step(answer)
    assert (queue.deleted, queue.given_back) == (["a", "b", "c"], [])
    assert (told.failed, told.error) == (frozenset(), None)


def test_what_the_answer_names_comes_again_and_the_others_are_deleted() -> None:
    queue, told = step({"batchItemFailures": [{"itemIdentifier": "b"}]})
    assert (queue.deleted, queue.given_back) == (["a", "c"], ["b"])
    assert told.failed == {"b"}


@pytest.mark.parametrize(
    "failure",
    [{"itemIdentifier": ""}, {"itemIdentifier": None}, {"itemIdentifier": "d"}, {"itemIdentifier": []}, {"id": "a"}, 3],
)
def test_an_answer_that_names_anything_else_has_all_of_them_come_again(failure: object) -> None:
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": "a"}, failure]}, EVERY) == EVERY


def test_what_raises_has_all_of_them_come_again() -> None:
    error = RuntimeError("out of order")
    for reports_failures in (True, False):
        queue, told = step(error, reports_failures=reports_failures)
        assert (queue.deleted, queue.given_back) == ([], ["a", "b", "c"])
        assert told.error is error


def test_without_reports_the_answer_says_nothing() -> None:
    queue, _ = step({"batchItemFailures": [{"itemIdentifier": "b"}]}, reports_failures=False)
    assert queue.deleted == ["a", "b", "c"]


def test_an_empty_queue_calls_nobody() -> None:
    function, told = Function(None), list[BatchHandled]()
    EventSource(queue=Queue([]), function=function, reports_failures=True, on_handled=told.append).step()
    assert (function.events, told) == ([], [])
