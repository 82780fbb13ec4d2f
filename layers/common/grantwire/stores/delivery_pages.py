"""Deliveries as people read them, from the table that `stores.deliveries` writes. Nothing is written here.

A page takes at most MOST_READS reads, whatever it asks for: what a filter passes over costs as much as what
it finds. Positions are sort keys, so that rows which are added meanwhile move nothing.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from grantwire.asking import Selection
from grantwire.browsing import (
    KeptAttempt,
    KeptRequest,
    KeptResponse,
    KeptVerdict,
    Page,
    StoredDelivery,
    WholeDelivery,
)
from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.models import Timings
from grantwire.stores.attempts import read_attempt
from grantwire.stores.clients import translated
from grantwire.stores.deliveries import read_delivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FILTERED_ROWS: Final = 200  # looked at in one read, when a filter may pass most of them over
MOST_READS: Final = 10  # of a page of deliveries
MOST_COUNTING_READS: Final = 100  # of 1 MB each: some 100,000 ordinary rows
_KEYS: Final = 100  # of one BatchGetItem, the most DynamoDB takes
_WITHOUT_ATTEMPTS: Final = (
    *("pk", "sk", "trigger", "state", "attempt_count"),
    *("code", "reason", "created_at", "updated_at"),
)
_Row = dict[str, Any]  # as the low-level client gives it: {"state": {"S": "waiting"}}


@frozen
class DeliveryPages:
    """Reads deliveries. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str
    filtered_rows: int = FILTERED_ROWS
    most_reads: int = MOST_READS
    most_counting_reads: int = MOST_COUNTING_READS

    def page(self, webhook_id: str, selection: Selection, *, after: str, limit: int) -> Page:
        """At most `limit` deliveries, the newest event first, from behind the sort key `after` (empty: from the top).

        There may be more behind a page with fewer deliveries than `limit`, or with none: `Page.after` says so.
        """
        rows = limit if selection.takes_all else self.filtered_rows
        found: list[StoredDelivery] = []
        for _ in range(self.most_reads):
            start = {"ExclusiveStartKey": _key(webhook_id, after)} if after else {}
            answer = self._query(
                webhook_id, selection, ScanIndexForward=False, ConsistentRead=True, Limit=rows, **start
            )
            found += [_stored(row) for row in answer["Items"]]
            after = answer.get("LastEvaluatedKey", {}).get("sk", {}).get("S", "")
            if not after or len(found) >= limit:
                break
        if len(found) > limit:
            found = found[:limit]
            after = found[-1].delivery.sort_key
        return Page(found, after)

    def newest(self, webhook_id: str, *, limit: int) -> Sequence[StoredDelivery]:
        """At most `limit` deliveries, the newest event first, without their attempts; one read, up to a second old."""
        with translated("dynamodb Query"):
            answer: Any = self.client.query(
                TableName=self.table_name,
                KeyConditionExpression="pk = :webhook",
                ExpressionAttributeValues={":webhook": {"S": webhook_id}},
                ProjectionExpression=", ".join(f"#{name}" for name in _WITHOUT_ATTEMPTS),
                ExpressionAttributeNames={f"#{name}": name for name in _WITHOUT_ATTEMPTS},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [_stored(row) for row in answer["Items"]]

    def count(self, webhook_id: str, selection: Selection) -> int | None:
        """How many deliveries there are; None when that would take more reads than a request may make."""
        total = 0
        start: dict[str, Any] = {}
        for _ in range(self.most_counting_reads):
            answer = self._query(webhook_id, selection, Select="COUNT", **start)
            total += int(answer["Count"])
            if "LastEvaluatedKey" not in answer:
                return total
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return None

    def whole(self, webhook_id: str, sort_key: str) -> WholeDelivery | None:
        """The delivery with every attempt that its row has kept, oldest first; None when there is none."""
        with translated("dynamodb GetItem"):
            answer = self.client.get_item(
                TableName=self.table_name, Key=_key(webhook_id, sort_key), ConsistentRead=True
            )
        row = answer.get("Item")
        return WholeDelivery(_stored(row), tuple(_attempt(bytes(one["B"])) for one in _attempts(row))) if row else None

    def several(self, keys: Sequence[tuple[str, str]]) -> Sequence[StoredDelivery]:
        """Those of the rows, by webhook and sort key, that there are; in no order."""
        found = list[StoredDelivery]()
        for start in range(0, len(keys), _KEYS):
            left = [_key(*key) for key in keys[start : start + _KEYS]]
            while left:
                rows, unread = self._some(left)
                if len(unread) == len(left):
                    raise StoreError("dynamodb BatchGetItem: nothing was read")
                found += [_stored(row) for row in rows]
                left = unread
        return found

    def payloads(self, event_ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """The payloads of those of at most 100 events that are stored and that one read brings; a convenience."""
        if not event_ids:
            return {}
        rows, _ = self._some([_key(f"EVENT#{event_id}", "EVENT") for event_id in set(event_ids)], consistent=False)
        return {
            row["pk"]["S"].removeprefix("EVENT#"): json.loads(zlib.decompress(bytes(row["payload"]["B"])))
            for row in rows
        }

    def _some(self, keys: list[_Row], *, consistent: bool = True) -> tuple[list[_Row], list[_Row]]:
        """The rows that there are, and the keys of those that DynamoDB has left for another call."""
        with translated("dynamodb BatchGetItem"):
            answer: Any = self.client.batch_get_item(
                RequestItems={self.table_name: {"Keys": keys, "ConsistentRead": consistent}}
            )
        return answer["Responses"].get(self.table_name, []), answer["UnprocessedKeys"].get(self.table_name, {}).get(
            "Keys", []
        )

    def _query(self, webhook_id: str, selection: Selection, **arguments: Any) -> Any:
        since, until = selection.sort_keys
        values = {":webhook": {"S": webhook_id}, ":since": {"S": since}, ":until": {"S": until}}
        wanted = {"state": selection.state, "trigger": selection.trigger}
        filters = {name: value for name, value in wanted.items() if value is not None}
        if filters:
            arguments["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in filters)
            arguments["ExpressionAttributeNames"] = {f"#{name}": name for name in filters}
            values |= {f":{name}": {"S": str(value)} for name, value in filters.items()}
        with translated("dynamodb Query"):
            return self.client.query(
                TableName=self.table_name,
                KeyConditionExpression="pk = :webhook AND sk BETWEEN :since AND :until",
                ExpressionAttributeValues=values,
                **arguments,
            )


def _key(pk: str, sk: str) -> _Row:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _attempts(row: Mapping[str, Any]) -> list[Any]:
    kept: list[Any] = row.get("attempts", {}).get("L", [])
    return kept


def _stored(row: Mapping[str, Any]) -> StoredDelivery:
    created_at = float(row["created_at"]["N"])
    return StoredDelivery(
        delivery=read_delivery(row),
        code=row.get("code", {}).get("S"),
        reason=row.get("reason", {}).get("S"),
        created_at=created_at,
        updated_at=float(row["updated_at"]["N"]) if "updated_at" in row else created_at,
        last_attempt=next((_attempt(bytes(one["B"])) for one in _attempts(row)[-1:]), None),
    )


def _attempt(data: bytes) -> KeptAttempt:
    """An attempt as `stores.attempts` wrote it; of an interrupted one little is known."""
    kept = read_attempt(data)
    request, response, timings = kept.get("request"), kept.get("response"), kept.get("timings")
    return KeptAttempt(
        started_at=kept["started_at"],
        code=kept["code"],
        sentence=kept["sentence"],
        webhook_version=kept.get("webhook_version"),
        request=request and KeptRequest(**request | {"headers": _headers(request)}),
        response=response and KeptResponse(**response | {"headers": _headers(response)}),
        verdicts=tuple(KeptVerdict(**one | {"found": tuple(one["found"])}) for one in kept.get("validators") or ()),
        timings=timings
        and Timings(**dict(zip(("dns", "connect", "tls", "first_byte", "total"), timings, strict=True))),
        remote_address=kept.get("remote_address"),
        too_large=kept.get("cut", False),
    )


def _headers(message: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in message["headers"])
