"""Looks at the tables and the dead-letter queue as an operator would, not through the code that writes them."""

import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grantwire import request_events
from grantwire.errors import InvalidEventError
from grantwire.identifiers import sort_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

Row = Mapping[str, Any]  # as DynamoDB has it: {"state": {"S": "succeeded"}}
Key = tuple[str, str]  # of a delivery: the webhook's id, and the sort key


@dataclass
class Deliveries:
    """The rows of the deliveries table that belong to these webhooks; `changed` gives each state of one once."""

    dynamodb: "DynamoDBClient"
    table: str
    webhook_ids: Sequence[str]
    _seen: dict[Key, Row] = field(default_factory=dict)

    def changed(self, among: Collection[Key]) -> list[Row]:
        """The rows with these keys that are new, or other than they were when they were last given."""
        return [row for row in self._all() if _key(row) in among and self._is_news(row)]

    def keys_of(self, event: Mapping[str, object]) -> set[Key]:
        """The keys that the deliveries of an EventBridge event have, if it is one that can be delivered."""
        try:
            parsed = request_events.parse(event)
        except InvalidEventError:
            return set()
        return {(webhook_id, sort_key(parsed)) for webhook_id in self.webhook_ids} if parsed else set()

    def _all(self) -> Iterator[Row]:
        for webhook_id in self.webhook_ids:
            pages = self.dynamodb.get_paginator("query").paginate(
                TableName=self.table,
                KeyConditionExpression="pk = :id",
                ExpressionAttributeValues={":id": {"S": webhook_id}},
            )
            for page in pages:
                yield from page["Items"]

    def _is_news(self, row: Row) -> bool:
        is_news = self._seen.get(_key(row)) != row
        self._seen[_key(row)] = row
        return is_news


def keys_in(wakeups: Sequence[str]) -> set[Key]:
    """The keys of the deliveries that wake-ups are for; what is no wake-up has none."""
    keys = set()
    for body in wakeups:
        try:
            webhook_id, key, _ = json.loads(body)
        except (ValueError, TypeError):
            continue
        keys.add((str(webhook_id), str(key)))
    return keys


def _key(row: Row) -> Key:
    return row["pk"]["S"], row["sk"]["S"]


@dataclass
class DeadLetters:
    """What is in the dead-letter queue; nothing is taken out."""

    sqs: "SQSClient"
    url: str
    _seen: set[str] = field(default_factory=set)

    def new(self) -> list[object]:
        """The messages, as JSON, that were not there at the last call."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        found = [message for message in answer.get("Messages", []) if message["MessageId"] not in self._seen]
        self._seen.update(message["MessageId"] for message in found)
        return [json.loads(message["Body"]) for message in found]


def plain(value: Mapping[str, Any]) -> object:
    """An attribute in Python's words; what is compressed JSON is unpacked, other bytes are counted."""
    ((kind, content),) = value.items()
    if kind == "L":
        return [plain(item) for item in content]
    if kind == "M":
        return {name: plain(item) for name, item in content.items()}
    if kind == "B":
        return _unpacked(bytes(content))
    return json.loads(content) if kind == "N" else content


def _unpacked(content: bytes) -> object:
    try:
        return json.loads(zlib.decompress(content))
    except (zlib.error, ValueError):
        return f"<{len(content)} bytes>"
