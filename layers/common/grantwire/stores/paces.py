"""Paces in the table of deliveries, there only for webhooks that may not be sent to as fast as can be.

| pk                | sk           | what                                                              |
| PACE#<webhook id> | PACE         | of a webhook with a limit of its own                              |
| PACE              | <webhook id> | of another whose receiver refuses what is too much: read together |

A week after the last write a row expires.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from grantwire.frozen import frozen
from grantwire.pacing import Pace
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FOUND: Final = "PACE"
_KEPT_SECONDS: Final = 7 * 86_400
_PUT: Final = ("rate", "since", "served", "taken", "refused", "step", "slowed_at", "ceiling", "held_until")
_ZERO: Final = {"N": "0"}  # of a number that a row from an earlier version lacks
_TRIES: Final = 4
_UNCHANGED: Final = "#since = :old_since AND #rate = :old_rate"
_Row = dict[str, Any]


@frozen
class PaceStore:
    """Rows of paces. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str
    clock: Callable[[], float]

    def get(self, webhook_id: str, *, own: bool) -> Pace | None:
        """The pace, None when there is none."""
        with translated("dynamodb GetItem"):
            key = _key(webhook_id, own=own)
            row = self.client.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return _read(row) if row else None

    def found(self) -> Sequence[Pace]:
        """The paces of all webhooks without a limit of their own that have one."""
        with translated("dynamodb Query"):
            page = self.client.query(
                TableName=self.table_name,
                KeyConditionExpression="pk = :found",
                ExpressionAttributeValues={":found": {"S": _FOUND}},
            )
        return [_read(row) for row in page["Items"]]

    def put(self, pace: Pace, over: Pace | None, *, own: bool) -> bool:
        """Write it over another, or where there is none; False when it has changed meanwhile. `drawn` is left alone."""
        values = {f":{name}": _number(getattr(pace, name)) for name in _PUT} | {":drawn": _number(pace.drawn)}
        sets = [*(f"#{name} = :{name}" for name in _PUT), "drawn = if_not_exists(drawn, :drawn)"]
        names = {f"#{name}": name for name in _PUT}
        condition = _UNCHANGED if over else "attribute_not_exists(pk)"
        done = self._update(pace, own, ", ".join(sets), condition, names, values | (_old(over) if over else {}))
        return isinstance(done, Pace)

    def draw(self, pace: Pace, *, serving: float, own: bool) -> Pace | None:
        """The next number (`drawn` of what comes back), `serving` at least; None when the rate has changed meanwhile.

        Two conditional writes, since an update knows no maximum: one more, or what is being served if that is further.
        """
        is_behind, before = pace.drawn < serving - 1, {":before": _number(serving - 1), ":one": {"N": "1"}}
        for _ in range(_TRIES):
            if is_behind:
                drawn, condition, values = ":serving", "drawn < :before", before | {":serving": _number(serving)}
            else:
                drawn, condition, values = "drawn + :one", "drawn >= :before", before
            sets = f"drawn = {drawn}, taken = taken + :one"
            names = {"#since": "since", "#rate": "rate"}
            done = self._update(pace, own, sets, f"{_UNCHANGED} AND {condition}", names, values | _old(pace))
            if isinstance(done, Pace):
                return done
            if done is False:
                return None
            is_behind = not is_behind
        return None

    def refuse(self, pace: Pace, weight: float, *, own: bool) -> Pace | None:
        """Add to what was refused; None when the rate has changed meanwhile."""
        values = {":weight": _number(weight)} | _old(pace)
        names = {"#since": "since", "#rate": "rate"}
        done = self._update(pace, own, "refused = refused + :weight", _UNCHANGED, names, values)
        return done if isinstance(done, Pace) else None

    def _update(
        self, pace: Pace, own: bool, sets: str, condition: str, names: dict[str, str], values: _Row
    ) -> Pace | bool | None:
        """The row after it; False when the rate has changed meanwhile, None when another condition does not hold."""
        values[":expires_at"] = {"N": str(int(self.clock()) + _KEPT_SECONDS)}
        with translated("dynamodb UpdateItem"):
            try:
                row = self.client.update_item(
                    TableName=self.table_name,
                    Key=_key(pace.webhook_id, own=own),
                    UpdateExpression=f"SET {sets}, expires_at = :expires_at",
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )["Attributes"]
            except self.client.exceptions.ConditionalCheckFailedException as exc:
                found: _Row = exc.response.get("Item", {})  # type: ignore[assignment]
                same = found and (found["since"], found["rate"]) == (_number(pace.since), _number(pace.rate))
                return None if same else False
        return _read(row)


def _key(webhook_id: str, *, own: bool) -> _Row:
    pk, sk = (f"PACE#{webhook_id}", "PACE") if own else (_FOUND, webhook_id)
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _old(pace: Pace) -> _Row:
    return {":old_since": _number(pace.since), ":old_rate": _number(pace.rate)}


def _read(row: _Row) -> Pace:
    pk, sk = row["pk"]["S"], row["sk"]["S"]
    facts: dict[str, Any] = {name: float(row.get(name, _ZERO)["N"]) for name in (*_PUT, "drawn")}
    facts["taken"] = int(facts["taken"])
    return Pace(webhook_id=sk if pk == _FOUND else pk.partition("#")[2], **facts)


def _number(value: float) -> dict[str, str]:
    """To the millisecond, without trailing zeros: DynamoDB leaves them out of what it gives back."""
    return {"N": f"{value:.3f}".rstrip("0").rstrip(".")}
