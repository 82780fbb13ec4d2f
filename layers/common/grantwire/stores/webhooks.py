"""Webhooks in DynamoDB: the webhook itself, a copy for each of its triggers, and a row that holds its name.

| pk                     | sk             | what                                                                   |
| WEBHOOK#<id>           | CONFIG         | the webhook; the index `by_name` lists all                             |
| TRIGGER#<trigger>      | WEBHOOK#<id>   | what an event of that trigger needs                                     |
| NAME#<casefolded name> | NAME           | keeps names unique                                                     |
| WEBHOOK#<id>           | HEALTH         | how its deliveries do, see `health`                                     |

Whether a webhook is active stands in the attribute `active` of its rows: the functions that send may switch a webhook
off, and may write no other attribute that decides what is sent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from grantwire.configurations import document_of, parse_webhook
from grantwire.errors import InvalidWebhookError, Problem, StaleVersionError
from grantwire.health import Health
from grantwire.models import Webhook
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Row = dict[str, Any]  # as the low-level client gives it: {"name": {"S": "Torq"}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """One webhook that names a trigger: the webhook when it is active and readable, else the problem why not."""

    webhook_id: str
    active: bool
    webhook: Webhook | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class WebhookStore:
    """The table of webhooks. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str

    def create(self, webhook: Webhook) -> None:
        """Store a new webhook, its copies and its name in one transaction.

        Raises InvalidWebhookError when another webhook has the name, StaleVersionError when the id is taken.
        """
        puts = [{"Put": {"TableName": self.table_name, "Item": row, **_UNLESS_THERE}} for row in _rows(webhook)]
        with translated("dynamodb TransactWriteItems"):
            try:
                self.client.transact_write_items(TransactItems=puts)  # type: ignore[arg-type]
            except self.client.exceptions.TransactionCanceledException as exc:
                _raise_conflict(webhook, exc)
                raise

    def get(self, webhook_id: str) -> Webhook | None:
        """The webhook, None when there is none. Raises InvalidWebhookError when its row cannot be read."""
        with translated("dynamodb GetItem"):
            row = self.client.get_item(TableName=self.table_name, Key=_config_key(webhook_id), ConsistentRead=True).get(
                "Item"
            )
        return _read(webhook_id, row) if row else None

    def is_sendable(self, webhook_id: str) -> bool:
        """Whether a delivery to the webhook would be sent: whether it is there, readable and active."""
        try:
            webhook = self.get(webhook_id)
        except InvalidWebhookError:
            return False
        return webhook is not None and webhook.active

    def subscriptions(self, trigger: str) -> Sequence[Subscription]:
        """Every webhook that names `trigger`; the cost grows with these, never with the table."""
        return [_subscription(row) for row in self._query(trigger)]

    def deactivate(self, webhook: Webhook, *, reason: str, now: float) -> bool:
        """Make the webhook inactive; False when it was changed meanwhile or is inactive already."""
        off: dict[str, Any] = {":off": {"BOOL": False}, ":reason": {"S": reason}, ":now": {"N": repr(now)}}
        version = {":old": {"N": str(webhook.version)}, ":new": {"N": str(webhook.version + 1)}, ":on": {"BOOL": True}}
        what = "SET active = :off, inactive_reason = :reason, updated_at = :now"
        config = {
            "Key": _config_key(webhook.id),
            "UpdateExpression": f"{what}, version = :new",
            "ConditionExpression": "version = :old AND active = :on",
            "ExpressionAttributeValues": off | version,
        }
        copies = [
            {
                "Key": {"pk": {"S": f"TRIGGER#{trigger}"}, "sk": {"S": f"WEBHOOK#{webhook.id}"}},
                "UpdateExpression": what,
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": off,
            }
            for trigger in webhook.triggers
        ]
        updates: Any = [{"Update": {"TableName": self.table_name, **update}} for update in (config, *copies)]
        with translated("dynamodb TransactWriteItems"):
            try:
                self.client.transact_write_items(TransactItems=updates)
            except self.client.exceptions.TransactionCanceledException as exc:
                reasons: Any = exc.response.get("CancellationReasons", [])
                if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
                    return False
                raise
        return True

    def health(self, webhook_id: str) -> Health:
        """How the webhook does."""
        with translated("dynamodb GetItem"):
            answer = self.client.get_item(TableName=self.table_name, Key=_health_key(webhook_id))
        return _health(answer.get("Item", {}))

    def add_failure(self, webhook_id: str, *, now: float) -> Health:
        """One delivery more has failed every attempt; the health with it."""
        with translated("dynamodb UpdateItem"):
            row = self.client.update_item(
                TableName=self.table_name,
                Key=_health_key(webhook_id),
                UpdateExpression="SET failing_since = if_not_exists(failing_since, :now) ADD failures :one",
                ExpressionAttributeValues={":now": {"N": repr(now)}, ":one": {"N": "1"}},
                ReturnValues="ALL_NEW",
            )["Attributes"]
        return _health(row)

    def note_success(self, webhook_id: str, *, now: float) -> Health:
        """A delivery has succeeded, which ends a row of failures; the health before it."""
        with translated("dynamodb UpdateItem"):
            answer = self.client.update_item(
                TableName=self.table_name,
                Key=_health_key(webhook_id),
                UpdateExpression="SET last_success_at = :now REMOVE failures, failing_since",
                ExpressionAttributeValues={":now": {"N": repr(now)}},
                ReturnValues="ALL_OLD",
            )
        return _health(answer.get("Attributes", {}))

    def _query(self, trigger: str) -> Iterator[_Row]:
        arguments: dict[str, Any] = {
            "TableName": self.table_name,
            "KeyConditionExpression": "pk = :trigger",
            "ExpressionAttributeValues": {":trigger": {"S": f"TRIGGER#{trigger}"}},
        }
        while True:
            with translated("dynamodb Query"):
                page = self.client.query(**arguments)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


_UNLESS_THERE = {"ConditionExpression": "attribute_not_exists(pk)"}


def _rows(webhook: Webhook) -> list[_Row]:
    """The name's row first: a conflict is told by its place."""
    name = webhook.name.casefold()
    document = {"S": json.dumps(document_of(webhook), ensure_ascii=False, separators=(",", ":"))}
    facts = {
        "version": {"N": str(webhook.version)},
        "active": {"BOOL": webhook.active},
        "created_at": {"N": repr(webhook.created_at)},
        "updated_at": {"N": repr(webhook.updated_at)},
    }
    listed = {"listed": {"S": "WEBHOOK"}, "name_key": {"S": name}}
    copy = facts | ({"document": document} if webhook.active else {})
    return [
        {"pk": {"S": f"NAME#{name}"}, "sk": {"S": "NAME"}, "webhook_id": {"S": webhook.id}},
        {"pk": {"S": f"WEBHOOK#{webhook.id}"}, "sk": {"S": "CONFIG"}, "document": document, **facts, **listed},
        *(
            {"pk": {"S": f"TRIGGER#{trigger}"}, "sk": {"S": f"WEBHOOK#{webhook.id}"}, **copy}
            for trigger in webhook.triggers
        ),
    ]


def _raise_conflict(webhook: Webhook, exc: ClientError) -> None:
    reasons = exc.response.get("CancellationReasons", [])
    conflicts = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
    if conflicts and conflicts[0]:
        raise InvalidWebhookError(
            [Problem("name", json.dumps(webhook.name), "is the name of another webhook")]
        ) from exc
    if any(conflicts):
        raise StaleVersionError(f"webhook {webhook.id} is stored already") from exc


def _subscription(row: _Row) -> Subscription:
    webhook_id = row["sk"]["S"].removeprefix("WEBHOOK#")
    if not row.get("active", {}).get("BOOL", True):
        return Subscription(webhook_id=webhook_id, active=False, webhook=None)
    try:
        return Subscription(webhook_id=webhook_id, active=True, webhook=_read(webhook_id, row))
    except InvalidWebhookError as exc:
        return Subscription(webhook_id=webhook_id, active=True, webhook=None, problem=str(exc))


def _read(webhook_id: str, row: _Row) -> Webhook:
    active = bool(row.get("active", {}).get("BOOL", True))
    numbers = [row.get(name, {}).get("N", "0") for name in ("version", "created_at", "updated_at")]
    return _parsed(webhook_id, row.get("document", {}).get("S", ""), active, *numbers)


@lru_cache(maxsize=2048)
def _parsed(webhook_id: str, text: str, active: bool, version: str, created_at: str, updated_at: str) -> Webhook:
    """Kept by content: a warm function parses a webhook once."""
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise InvalidWebhookError([Problem("document", "", f"the stored webhook is not JSON: {exc}")]) from exc
    webhook = parse_webhook(
        document,
        webhook_id=webhook_id,
        now=float(updated_at),
        version=int(version),
        created_at=float(created_at),
        stored=True,
    )
    return replace(webhook, active=active)


def _config_key(webhook_id: str) -> _Row:
    return {"pk": {"S": f"WEBHOOK#{webhook_id}"}, "sk": {"S": "CONFIG"}}


def _health_key(webhook_id: str) -> _Row:
    return {"pk": {"S": f"WEBHOOK#{webhook_id}"}, "sk": {"S": "HEALTH"}}


def _health(row: Mapping[str, Any]) -> Health:
    since, success = row.get("failing_since"), row.get("last_success_at")
    return Health(
        failures=int(row.get("failures", {}).get("N", "0")),
        failing_since=float(since["N"]) if since else None,
        last_success_at=float(success["N"]) if success else None,
    )
