"""Events in DynamoDB, beside their deliveries, each with the first attempts that it began when it first came."""

import json
import secrets
import zlib
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.models import RequestEvent
from grantwire.stores.attempts import compressed
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_EVENT_BYTES: Final = 350_000  # compressed; DynamoDB's items end at 400 KB
DAY: Final = 86_400
_LONGER_DAYS: Final = 7  # than its deliveries: rows that have expired go within days, in no order, these at last
_Row = dict[str, Any]  # as the low-level client gives it: {"state": {"S": "waiting"}}


@frozen
class EventStore:
    """Rows of events; `stores.deliveries` has the table. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str
    retention_days: int
    clock: Callable[[], float]
    new_token: Callable[[], str] = secrets.token_hex

    def keep_event(
        self, event: RequestEvent, webhook_ids: Collection[str], *, now: float
    ) -> Mapping[str, float] | None:
        """Store the event for later attempts, and that first attempts to these webhooks begin now.

        Empty when it is so. When the event was stored before: the webhooks to which first attempts began then, and
        when. None when the event is too large or nests too deep to be stored.
        """
        try:
            payload = compressed(event.payload)
        except RecursionError:
            return None
        if len(payload) > MAX_EVENT_BYTES:
            return None
        row: _Row = {
            **_event_key(event.id),
            "trigger": {"S": event.trigger},
            "time": {"N": repr(event.time)},
            "payload": {"B": payload},
            "begun": {"SS": list(webhook_ids)},
            "begun_at": {"N": f"{now:.3f}"},
            "expires_at": self._expiry(_LONGER_DAYS),
            "change": {"S": self.new_token()},
        }
        with translated("dynamodb PutItem"):
            try:
                self.client.put_item(
                    TableName=self.table_name,
                    Item=row,
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as exc:
                if is_ours(exc, row["change"]):
                    return {}
                found: Mapping[str, Any] = exc.response["Item"]  # type: ignore[typeddict-item]
            else:
                return {}
        if not self._prolong(event.id):
            raise StoreError(f"event {event.id} expired while it came again")
        return _begun(found)

    def begun(self, event_id: str) -> Mapping[str, float]:
        """When first attempts of an event were begun, by the webhook's id; none of one that is not stored."""
        with translated("dynamodb GetItem"):
            found = self.client.get_item(
                TableName=self.table_name,
                Key=_event_key(event_id),
                ConsistentRead=True,
                ProjectionExpression="begun, begun_at",
            )
        return _begun(found.get("Item", {}))

    def event(self, event_id: str) -> RequestEvent | None:
        """The stored event; None when it was never stored or has expired."""
        row = self._row(_event_key(event_id))
        if row is None:
            return None
        payload = json.loads(zlib.decompress(bytes(row["payload"]["B"])))
        return RequestEvent(id=event_id, trigger=row["trigger"]["S"], time=float(row["time"]["N"]), payload=payload)

    def _prolong(self, event_id: str) -> bool:
        """What an event is sent to again may need it for as long as any other; False when it has just expired."""
        with translated("dynamodb UpdateItem"):
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key=_event_key(event_id),
                    UpdateExpression="SET expires_at = :later",
                    ConditionExpression="attribute_exists(pk)",  # else it would be a row of nothing
                    ExpressionAttributeValues={":later": self._expiry(_LONGER_DAYS)},
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _row(self, key: _Row) -> _Row | None:
        with translated("dynamodb GetItem"):
            row: _Row | None = self.client.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return row

    def _expiry(self, longer_days: int = 0) -> dict[str, str]:
        return {"N": str(int(self.clock()) + (self.retention_days + longer_days) * DAY)}


def is_ours(exc: ClientError, token: Mapping[str, str]) -> bool:
    """Whether the row is as this very write made it: its answer was lost, and the AWS client wrote once more."""
    return bool(exc.response.get("Item", {}).get("change") == token)  # type: ignore[attr-defined]


def _begun(row: Mapping[str, Any]) -> dict[str, float]:
    return dict.fromkeys(row.get("begun", {}).get("SS", ()), float(row.get("begun_at", {}).get("N", "0")))


def _event_key(event_id: str) -> _Row:
    return {"pk": {"S": f"EVENT#{event_id}"}, "sk": {"S": "EVENT"}}
