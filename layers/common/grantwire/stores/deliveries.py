"""Deliveries in DynamoDB, one row per (event, webhook): the truth about what was sent. Events are kept beside them.

| pk               | sk                                | what                                          |
| EVENT#<event id> | EVENT                             | the event, compressed, once                   |
| <webhook id>     | <event's time>#<event id>         | one delivery: its state and its attempts      |

The key is made from the webhook and the event alone: the same event cannot have two rows for one webhook.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from grantwire.identifiers import delivery_id
from grantwire.invoking import Invocation
from grantwire.judging import State
from grantwire.models import HttpRequest, HttpResponse, RequestEvent, Webhook
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_EVENT_BYTES: Final = 350_000  # compressed; DynamoDB's items end at 400 KB
KEPT_RESPONSE_BYTES: Final = 4 * 1024
KEPT_REQUEST_BYTES: Final = 32 * 1024
KEPT_VALUES: Final = 5
_DAY: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class DeliveryStore:
    """The table of deliveries. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str
    retention_days: int
    clock: Callable[[], float]

    def keep_event(self, event: RequestEvent) -> bool:
        """Store the event for later attempts; False when it is too large or nests too deep to be stored."""
        try:
            payload = _compressed(event.payload)
        except RecursionError:
            return False
        if len(payload) > MAX_EVENT_BYTES:
            return False
        row = {
            "pk": {"S": f"EVENT#{event.id}"},
            "sk": {"S": "EVENT"},
            "trigger": {"S": event.trigger},
            "payload": {"B": payload},
        }
        with translated("dynamodb PutItem"):
            self.client.put_item(TableName=self.table_name, Item={**row, "expires_at": self._expiry()})  # type: ignore[dict-item]
        return True

    def claim(self, webhook: Webhook, event: RequestEvent, *, now: float, lease_until: float) -> bool:
        """Make the row in state `delivering`; False when there is one already."""
        row = {
            **_key(webhook, event),
            "state": {"S": State.DELIVERING},
            "delivery_id": {"S": delivery_id(webhook.id, event)},
            "trigger": {"S": event.trigger},
            "attempt_count": {"N": "1"},
            "lease_until": {"N": f"{lease_until:.3f}"},
            "created_at": {"N": f"{now:.3f}"},
            "expires_at": self._expiry(),
        }
        with translated("dynamodb PutItem"):
            try:
                self.client.put_item(
                    TableName=self.table_name, Item=row, ConditionExpression="attribute_not_exists(pk)"
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def record(self, webhook: Webhook, event: RequestEvent, invocation: Invocation) -> None:
        """Write what the claimed attempt came to."""
        with translated("dynamodb UpdateItem"):
            self.client.update_item(
                TableName=self.table_name,
                Key=_key(webhook, event),
                UpdateExpression="SET #state = :state, code = :code, reason = :reason, attempts = :attempts, "
                "updated_at = :now REMOVE lease_until",
                ConditionExpression="#state = :delivering",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":state": {"S": invocation.outcome.state},
                    ":code": {"S": invocation.outcome.code},
                    ":reason": {"S": invocation.outcome.sentence},
                    ":attempts": {"L": [{"B": _compressed(_attempt(invocation, webhook.version))}]},
                    ":now": {"N": f"{self.clock():.3f}"},
                    ":delivering": {"S": State.DELIVERING},
                },
            )

    def _expiry(self) -> dict[str, str]:
        return {"N": str(int(self.clock()) + self.retention_days * _DAY)}


def read_attempt(compressed: bytes) -> dict[str, Any]:
    """An attempt as `record` wrote it."""
    attempt: dict[str, Any] = json.loads(zlib.decompress(compressed))
    return attempt


def _key(webhook: Webhook, event: RequestEvent) -> dict[str, Any]:
    moment = datetime.fromtimestamp(event.time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"pk": {"S": webhook.id}, "sk": {"S": f"{moment}#{event.id}"}}


def _attempt(invocation: Invocation, webhook_version: int) -> dict[str, object]:
    timings = invocation.timings
    return {
        "started_at": round(invocation.started_at, 3),
        "webhook_version": webhook_version,
        "state": invocation.outcome.state,
        "code": invocation.outcome.code,
        "sentence": invocation.outcome.sentence,
        "request": invocation.request and _request(invocation.request),
        "response": invocation.response and _response(invocation.response),
        "validators": [
            {"json_path": one.validator.json_path, "holds": one.holds, "found": one.found[:KEPT_VALUES]}
            for one in invocation.verdicts
        ],
        "timings": [timings.dns, timings.connect, timings.tls, timings.first_byte, timings.total],
        "remote_address": invocation.remote_address,
    }


def _request(request: HttpRequest) -> dict[str, object]:
    body = {"body": _text(request.body, KEPT_REQUEST_BYTES), "cut": len(request.body) > KEPT_REQUEST_BYTES}
    return {"method": request.method, "url": request.url, "headers": request.headers, **body}


def _response(response: HttpResponse) -> dict[str, object]:
    cut = response.truncated or len(response.body) > KEPT_RESPONSE_BYTES
    return {
        "status": response.status,
        "headers": response.headers,
        "body": _text(response.body, KEPT_RESPONSE_BYTES),
        "cut": cut,
    }


def _text(body: bytes, most: int) -> str:
    return body[:most].decode("utf-8", "replace")


def _compressed(value: object) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)
