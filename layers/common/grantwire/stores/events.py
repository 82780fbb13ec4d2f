"""Events in DynamoDB, beside their deliveries, each with the webhooks to which it has begun first attempts."""

import json
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grantwire.models import RequestEvent
from grantwire.stores.attempts import compressed
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_EVENT_BYTES: Final = 350_000  # compressed; DynamoDB's items end at 400 KB
_DAY: Final = 86_400
_Row = dict[str, Any]  # as the low-level client gives it: {"state": {"S": "waiting"}}


@dataclass(frozen=True, kw_only=True)
class EventStore:
    """Rows of events; `stores.deliveries` has the table. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str
    retention_days: int
    clock: Callable[[], float]

    def keep_event(self, event: RequestEvent, begun: Collection[str]) -> Collection[str] | None:
        """Store the event for later attempts, and the ids of the webhooks whose first attempt begins now.

        The ids of those whose first attempt was begun before. None when the event is too large or nests too deep to be
        stored.
        """
        try:
            payload = compressed(event.payload)
        except RecursionError:
            return None
        if len(payload) > MAX_EVENT_BYTES:
            return None
        facts: _Row = {"trigger": {"S": event.trigger}, "time": {"N": repr(event.time)}, "payload": {"B": payload}}
        facts["expires_at"] = self._expiry()
        with translated("dynamodb UpdateItem"):
            before = self.client.update_item(
                TableName=self.table_name,
                Key=_event_key(event.id),
                UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in facts)} ADD begun :begun",
                ExpressionAttributeNames={f"#{name}": name for name in facts},
                ExpressionAttributeValues={f":{name}": value for name, value in facts.items()}
                | {":begun": {"SS": list(begun)}},
                ReturnValues="ALL_OLD",
            )
        return before.get("Attributes", {}).get("begun", {}).get("SS", ())

    def begun(self, event_id: str) -> Collection[str]:
        """The ids of the webhooks to which first attempts of an event were begun; none of one that is not stored."""
        with translated("dynamodb GetItem"):
            found = self.client.get_item(
                TableName=self.table_name,
                Key=_event_key(event_id),
                ConsistentRead=True,
                ProjectionExpression="begun",
            )
        return found.get("Item", {}).get("begun", {}).get("SS", ())

    def event(self, event_id: str) -> RequestEvent | None:
        """The stored event; None when it was never stored or has expired."""
        row = self._row(_event_key(event_id))
        if row is None:
            return None
        payload = json.loads(zlib.decompress(bytes(row["payload"]["B"])))
        return RequestEvent(id=event_id, trigger=row["trigger"]["S"], time=float(row["time"]["N"]), payload=payload)

    def _row(self, key: _Row) -> _Row | None:
        with translated("dynamodb GetItem"):
            row: _Row | None = self.client.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return row

    def _expiry(self) -> dict[str, str]:
        return {"N": str(int(self.clock()) + self.retention_days * _DAY)}


def _event_key(event_id: str) -> _Row:
    return {"pk": {"S": f"EVENT#{event_id}"}, "sk": {"S": "EVENT"}}
