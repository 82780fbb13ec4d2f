"""Events in DynamoDB, beside their deliveries, each with the webhooks to which it has begun first attempts.

`begun` is a set of texts, one for each attempt: the webhook's id, the moment, and a token of who began it.
"""

import json
import secrets
import zlib
from collections.abc import Callable, Collection, Mapping
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
    new_token: Callable[[], str] = secrets.token_hex

    def keep_event(
        self, event: RequestEvent, webhook_ids: Collection[str], *, now: float
    ) -> Mapping[str, float] | None:
        """Store the event for later attempts, and that first attempts to these webhooks begin now.

        When first attempts were begun before, by the webhook's id: for these it is not the caller who has begun.
        None when the event is too large or nests too deep to be stored.
        """
        try:
            payload = compressed(event.payload)
        except RecursionError:
            return None
        if len(payload) > MAX_EVENT_BYTES:
            return None
        facts: _Row = {"trigger": {"S": event.trigger}, "time": {"N": repr(event.time)}, "payload": {"B": payload}}
        facts["expires_at"] = self._expiry()
        token = self.new_token()[:16]  # it is there for each webhook
        with translated("dynamodb UpdateItem"):
            before = self.client.update_item(
                TableName=self.table_name,
                Key=_event_key(event.id),
                UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in facts)} ADD begun :begun",
                ExpressionAttributeNames={f"#{name}": name for name in facts},
                ExpressionAttributeValues={f":{name}": value for name, value in facts.items()}
                | {":begun": {"SS": [f"{webhook_id} {now:.3f} {token}" for webhook_id in webhook_ids]}},
                ReturnValues="ALL_OLD",
            )
        return _begun(before.get("Attributes", {}), but_not_by=token)  # the AWS client may have written it once more

    def begun(self, event_id: str) -> Mapping[str, float]:
        """When first attempts of an event were begun, by the webhook's id; none of one that is not stored."""
        with translated("dynamodb GetItem"):
            found = self.client.get_item(
                TableName=self.table_name,
                Key=_event_key(event_id),
                ConsistentRead=True,
                ProjectionExpression="begun",
            )
        return _begun(found.get("Item", {}))

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


def _begun(row: Mapping[str, Any], *, but_not_by: str = "") -> dict[str, float]:
    """The first moment for each webhook."""
    entries = [entry.split(" ") for entry in row.get("begun", {}).get("SS", ())]
    found = sorted((float(moment), webhook_id) for webhook_id, moment, token in entries if token != but_not_by)
    return {webhook_id: moment for moment, webhook_id in reversed(found)}


def _event_key(event_id: str) -> _Row:
    return {"pk": {"S": f"EVENT#{event_id}"}, "sk": {"S": "EVENT"}}
