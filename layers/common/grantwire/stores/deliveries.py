"""Deliveries in DynamoDB, one row per (event, webhook): the truth about what was sent. Events are kept beside them.

| pk               | sk                                | what                                                     |
| EVENT#<event id> | EVENT                             | the event, compressed, once; first attempts it has begun |
| <webhook id>     | <event's time>#<event id>         | one delivery: its state and its attempts                 |

The key is made from the webhook and the event alone: the same event cannot have two rows for one webhook. The sparse
index `due` (`due_shard`, `sweep_at`) holds the rows that the sweep may have to look after, and no others; the sparse
index `parked` (`parked_host`, `sk`) those that wait for a receiver that is down, the oldest event first.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from grantwire.frozen import frozen
from grantwire.identifiers import moment
from grantwire.invoking import Invocation
from grantwire.models import Delivery, State
from grantwire.retrying import Next
from grantwire.stores.attempts import write_attempt, write_interruption
from grantwire.stores.clients import translated
from grantwire.stores.events import DAY, EventStore, is_ours

SHARDS: Final = 8
KEPT_ATTEMPTS: Final = 9  # of earlier rounds: with the eleven of a new one, twenty
_MOMENTS: Final = ("due_at", "lease_until", "sweep_at", "parked_at")
_PASSING: Final = frozenset({*_MOMENTS, "number", "due_shard", "parked_host"})  # facts that a row has at times
_Row = dict[str, Any]  # as the low-level client gives it: {"state": {"S": "waiting"}}


@frozen
class DeliveryStore(EventStore):
    """The table of deliveries, and events beside them. Every method raises StoreError when DynamoDB fails."""

    def get(self, webhook_id: str, sort_key: str) -> Delivery | None:
        """The delivery, None when there is none."""
        row = self._row({"pk": {"S": webhook_id}, "sk": {"S": sort_key}})
        return read_delivery(row) if row else None

    def claim_new(self, delivery: Delivery, *, over: Delivery | None = None) -> Delivery | None:
        """Make the row of a first attempt; the row that is there already, None when there was none.

        over  the row that others make to look after the same attempt, which this one may replace
        """
        return self._make(delivery, {}, over)

    def queue_new(self, delivery: Delivery, *, over: Delivery | None = None) -> bool:
        """Make the row of a delivery that waits for its first attempt, or replace `over`; False when there is a row."""
        return self._make(delivery, {}, over) is None

    def record_new(self, over: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        """Make the row of a first attempt that has none, or one that looks after it, with what it came to.

        False when there is another: the attempt was given up meanwhile.
        """
        facts = _came_to(invocation) | {"attempts": {"L": [{"B": write_attempt(invocation)}]}}
        moments = {"created_at": _number(invocation.started_at), "updated_at": _number(self.clock())}
        return self._make(_after(over, following, sweep_at), facts | moments, over) is None

    def _make(self, delivery: Delivery, facts: _Row, over: Delivery | None) -> Delivery | None:
        """Put a row; the one that is there already, None when there was none, or only `over`."""
        row = {
            **_key(delivery),
            **_facts(delivery),
            "created_at": _number(self.clock()),
            **facts,
            "trigger": {"S": delivery.trigger},
            "expires_at": self._expiry(),
            "change": {"S": self.new_token()},
        }
        with translated("dynamodb PutItem"):
            try:
                self.client.put_item(
                    TableName=self.table_name, Item=row, ReturnValuesOnConditionCheckFailure="ALL_OLD", **_only(over)
                )
            except self.client.exceptions.ConditionalCheckFailedException as exc:
                return None if is_ours(exc, row["change"]) else read_delivery(exc.response["Item"])  # type: ignore[typeddict-item]
        return None

    def claim(self, delivery: Delivery, *, lease_until: float) -> Delivery | None:
        """A waiting delivery's next attempt; None when the row is not waiting any more or had another attempt since."""
        claimed = replace(
            delivery,
            state=State.DELIVERING,
            attempts=delivery.attempts + 1,
            due_at=None,
            number=None,
            lease_until=lease_until,
            sweep_at=lease_until,
        )
        return claimed if self._change(delivery, claimed) else None

    def record(self, delivery: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None) -> bool:
        """Write what the claimed attempt came to; False when the claim was lost meanwhile."""
        recorded = _after(delivery, following, sweep_at)
        came_to = _came_to(invocation)
        return self._change(delivery, recorded, same_lease=True, **came_to, attempt=write_attempt(invocation))

    def hold(self, delivery: Delivery, *, number: float, due_at: float, sweep_at: float) -> bool:
        """Have a waiting delivery wait for its turn; False when the row has changed meanwhile.

        However long that takes: when its retention is nearly over it is kept on, with its event, not deleted unsent.
        So is one whose event is dated in the future, which does not tell how old its row is.
        """
        now = self.clock()
        is_old = not moment(now - (self.retention_days - 1) * DAY) < delivery.sort_key < moment(now + DAY)
        kept: dict[str, Any] = {"expires_at": self._expiry()} if is_old and self._prolong(delivery.event_id) else {}
        return self._change(delivery, replace(delivery, number=number, due_at=due_at, sweep_at=sweep_at), **kept)

    def park(self, delivery: Delivery, *, receiver: str, now: float) -> bool:
        """Have a waiting delivery wait for its receiver, not its time; False when the row has changed meanwhile."""
        parked = replace(delivery, due_at=None, sweep_at=None, number=None, parked_for=receiver, parked_at=now)
        return self._change(delivery, parked)

    def parked(self, receiver: str, *, limit: int) -> Sequence[Delivery]:
        """The oldest deliveries that are parked for a receiver."""
        with translated("dynamodb Query"):
            page = self.client.query(
                TableName=self.table_name,
                IndexName="parked",
                KeyConditionExpression="parked_host = :receiver",
                ExpressionAttributeValues={":receiver": {"S": receiver}},
                Limit=limit,
            )
        return [read_delivery(row) for row in page["Items"]]

    def release(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        """Have a parked delivery wait for an attempt again; False when it is not parked any more."""
        return self._change(
            delivery, replace(delivery, due_at=due_at, sweep_at=sweep_at, parked_for=None, parked_at=None)
        )

    def postpone(self, delivery: Delivery, *, sweep_at: float, due_at: float | None = None) -> bool:
        """Let the sweep look after the row later, as due since `due_at` if given; False when it has changed meanwhile.

        The index, of which the sweep has the row, may be behind and lacks `number`: nothing else is written.
        """
        token = {"S": self.new_token()}
        due: dict[str, Any] = {} if due_at is None else {":due": _number(due_at)}
        with translated("dynamodb UpdateItem"):
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key=_key(delivery),
                    UpdateExpression="SET sweep_at = :later, #change = :change" + (", due_at = :due" if due else ""),
                    ConditionExpression="#state = :state AND attempt_count = :attempts AND sweep_at = :before",
                    ExpressionAttributeNames={"#state": "state", "#change": "change"},
                    ExpressionAttributeValues={
                        ":later": _number(sweep_at),
                        ":change": token,
                        ":state": {"S": delivery.state},
                        ":attempts": {"N": str(delivery.attempts)},
                        ":before": _number(delivery.sweep_at or 0.0),
                        **due,
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as exc:
                return is_ours(exc, token)
        return True

    def interrupt(self, delivery: Delivery, following: Next, *, sweep_at: float | None) -> bool:
        """End the attempt of a sender that did not come back; False when it did."""
        ended = _after(delivery, following, sweep_at)
        attempt = write_interruption(delivery.attempts, delivery.lease_until or 0.0)
        sentence = "the sender stopped during the attempt; the receiver may have seen it"
        interrupted: _Row = {"code": {"S": "interrupted"}, "reason": {"S": sentence}}
        return self._change(delivery, ended, same_lease=True, attempt=attempt, **interrupted)

    def end(self, delivery: Delivery, *, code: str, reason: str) -> bool:
        """End a waiting delivery without another attempt; False when it is not waiting any more."""
        waits_no_more = replace(delivery, due_at=None, sweep_at=None, number=None, parked_for=None, parked_at=None)
        ended = replace(waits_no_more, state=State.FAILED, lease_until=None)
        return self._change(delivery, ended, code={"S": code}, reason={"S": reason})

    def restart(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool:
        """Make an ended delivery wait for a first attempt; False when it is not as given any more.

        It is kept, with its event, for as long as one that has just come; without its event, no longer than it was.
        """
        kept: dict[str, Any] = {"expires_at": self._expiry()} if self._prolong(delivery.event_id) else {}
        again = replace(delivery, state=State.WAITING, attempts=0, due_at=due_at, sweep_at=sweep_at)
        reason = {"S": "it is being sent again"}
        return self._change(
            delivery, again, code={"S": "replayed"}, reason=reason, forget=self._surplus(delivery), **kept
        )

    def failed(
        self, webhook_id: str, *, since: float, until: float, after: str, limit: int
    ) -> tuple[Sequence[Delivery], str]:
        """Failed deliveries, oldest first, and the sort key up to which the rows were looked at; empty: to the end."""
        arguments: dict[str, Any] = {
            "TableName": self.table_name,
            "KeyConditionExpression": "pk = :webhook AND sk BETWEEN :since AND :until",
            "FilterExpression": "#state = :failed",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":webhook": {"S": webhook_id},
                ":since": {"S": moment(since)},
                ":until": {"S": f"{moment(until)}~"},
                ":failed": {"S": State.FAILED},
            },
            "Limit": limit,
        }
        if after:
            arguments["ExclusiveStartKey"] = {"pk": {"S": webhook_id}, "sk": {"S": after}}
        with translated("dynamodb Query"):
            page = self.client.query(**arguments)
        looked_at = page.get("LastEvaluatedKey", {}).get("sk", {}).get("S", "")
        return [read_delivery(row) for row in page["Items"]], looked_at

    def overdue(self, shard: int, *, now: float, limit: int) -> Sequence[Delivery]:
        """At most `limit` deliveries of one shard (0 to 7) that the sweep should look after, the oldest first."""
        with translated("dynamodb Query"):
            page = self.client.query(
                TableName=self.table_name,
                IndexName="due",
                KeyConditionExpression="due_shard = :shard AND sweep_at <= :now",
                ExpressionAttributeValues={":shard": {"N": str(shard)}, ":now": _number(now)},
                Limit=limit,
            )
        return [read_delivery(row) for row in page["Items"]]

    def _surplus(self, delivery: Delivery) -> int:
        """How many of the oldest attempts a replay must forget, so that the row has room for as many again."""
        row = self._row(_key(delivery)) or {}
        return max(0, len(row.get("attempts", {}).get("L", [])) - KEPT_ATTEMPTS)

    def _change(
        self,
        old: Delivery,
        new: Delivery,
        *,
        attempt: bytes | None = None,
        forget: int = 0,
        same_lease: bool = False,
        **facts: Any,
    ) -> bool:
        """Write `new` over `old` if the row still has `old`'s state and number of attempts; whether it had."""
        now, token = _number(self.clock()), {"S": self.new_token()}
        values = _facts(new) | facts | {"updated_at": now, "change": token}
        gone = sorted(_PASSING - values.keys())
        names = {f"#{name}": name for name in (*values, *gone)}
        sets = [f"#{name} = :{name}" for name in values]
        arguments = {f":{name}": value for name, value in values.items()}
        if attempt is not None:
            sets.append("attempts = list_append(if_not_exists(attempts, :none), :attempt)")
            arguments |= {":none": {"L": []}, ":attempt": {"L": [{"B": attempt}]}}
        removed = [*(f"#{name}" for name in gone), *(f"attempts[{index}]" for index in range(forget))]
        removal = f" REMOVE {', '.join(removed)}" if removed else ""
        condition = "#state = :old_state AND #attempt_count = :old_attempts"
        arguments |= {":old_state": {"S": old.state}, ":old_attempts": {"N": str(old.attempts)}}
        if same_lease:
            condition += " AND lease_until = :old_lease"
            arguments[":old_lease"] = _number(old.lease_until or 0.0)
        with translated("dynamodb UpdateItem"):
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key=_key(old),
                    UpdateExpression=f"SET {', '.join(sets)}" + removal,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=arguments,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as exc:
                return is_ours(exc, token)
        return True


def _only(over: Delivery | None) -> dict[str, Any]:
    """The condition of a row that is made: there is none, or this one."""
    if over is None or over.lease_until is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    this = "#state = :state AND attempt_count = :attempts AND lease_until = :lease"
    return {
        "ConditionExpression": f"attribute_not_exists(pk) OR ({this})",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {
            ":state": {"S": over.state},
            ":attempts": {"N": str(over.attempts)},
            ":lease": _number(over.lease_until),
        },
    }


def _after(delivery: Delivery, following: Next, sweep_at: float | None) -> Delivery:
    """The delivery once an attempt is over."""
    return replace(delivery, state=following.state, due_at=following.due_at, lease_until=None, sweep_at=sweep_at)


def _came_to(invocation: Invocation) -> _Row:
    """What an attempt came to, in a word and in a sentence."""
    return {"code": {"S": invocation.outcome.code}, "reason": {"S": invocation.outcome.sentence}}


def _key(delivery: Delivery) -> _Row:
    return {"pk": {"S": delivery.webhook_id}, "sk": {"S": delivery.sort_key}}


def _facts(delivery: Delivery) -> _Row:
    """What changes in the life of a row. A row without `sweep_at` has no shard and so is not in the index."""
    facts: _Row = {"state": {"S": delivery.state}, "attempt_count": {"N": str(delivery.attempts)}}
    for name in (*_MOMENTS, "number"):
        if (value := getattr(delivery, name)) is not None:
            facts[name] = _number(value)
    if delivery.parked_for is not None:
        facts["parked_host"] = {"S": delivery.parked_for}
    if delivery.sweep_at is not None:
        facts["due_shard"] = _shard(delivery)
    return facts


def _shard(delivery: Delivery) -> dict[str, str]:
    return {"N": str(zlib.crc32(f"{delivery.webhook_id}{delivery.sort_key}".encode()) % SHARDS)}


def read_delivery(row: Mapping[str, Any]) -> Delivery:
    """The delivery that a row of the table holds."""
    passing = {name: float(row[name]["N"]) for name in (*_MOMENTS, "number") if name in row}
    return Delivery(
        webhook_id=row["pk"]["S"],
        sort_key=row["sk"]["S"],
        trigger=row["trigger"]["S"],
        state=State(row["state"]["S"]),
        attempts=int(row["attempt_count"]["N"]),
        parked_for=row.get("parked_host", {}).get("S"),
        **passing,
    )


def _number(value: float) -> dict[str, str]:
    return {"N": f"{value:.3f}"}
