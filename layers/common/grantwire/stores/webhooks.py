"""Webhooks in DynamoDB: the webhook itself, a copy for each of its triggers, and a row that holds its name.

The rows are described in `webhook_rows`. Every change is one transaction over all of them, conditional on the version.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grantwire.errors import InvalidWebhookError, Problem, StaleVersionError
from grantwire.frozen import frozen
from grantwire.health import Health
from grantwire.models import TRIGGERS, Webhook
from grantwire.stores.clients import translated
from grantwire.stores.webhook_rows import (
    Record,
    Row,
    Subscription,
    Summary,
    config_key,
    config_row,
    copy_key,
    copy_rows,
    health_key,
    inactive_reason,
    is_active,
    name_key,
    name_row,
    name_row_key,
    read_health,
    read_record,
    read_subscription,
    read_summary,
    read_webhook,
    version_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Actions = list[tuple[str, dict[str, Any]]]  # of a transaction: "Put" and its arguments
_UNLESS_THERE: Final = {"ConditionExpression": "attribute_not_exists(pk)"}
_TRIES: Final = 4  # of a transaction that met another one on its way


@frozen
class WebhookStore:
    """The table of webhooks. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str

    def create(self, webhook: Webhook) -> None:
        """Store a new webhook, its copies and its name in one transaction.

        Raises InvalidWebhookError when another webhook has the name, StaleVersionError when the id is taken.
        """
        puts = [name_row(webhook), config_row(webhook), *copy_rows(webhook)]
        self._transact(webhook.id, lambda: [("Put", {"Item": row, **_UNLESS_THERE}) for row in puts], webhook.name)

    def replace(self, webhook: Webhook, expected_version: int) -> None:
        """Store a webhook, with its new version, in place of the one that has `expected_version`.

        One that becomes active starts with no failures; one that stays inactive keeps the reason.
        Raises StaleVersionError when another version is stored, or none; InvalidWebhookError when the name is taken.
        """
        self._transact(webhook.id, lambda: self._replacing(webhook, expected_version), webhook.name)

    def delete(self, webhook_id: str, expected_version: int) -> None:
        """Remove a webhook and all that belongs to it. Raises StaleVersionError as `replace` does."""
        self._transact(webhook_id, lambda: self._deleting(webhook_id, expected_version))

    def get(self, webhook_id: str) -> Webhook | None:
        """The webhook, None when there is none. Raises InvalidWebhookError when its row cannot be read."""
        row = self._config(webhook_id)
        return read_webhook(webhook_id, row) if row else None

    def find(self, webhook_id: str) -> Record | None:
        """The webhook and why it is inactive, otherwise as `get`."""
        row = self._config(webhook_id)
        return read_record(webhook_id, row) if row else None

    def version(self, webhook_id: str) -> int | None:
        """The version of a webhook, readable or not; None when there is none."""
        row = self._config(webhook_id)
        return version_of(row) if row else None

    def holder_of(self, name: str) -> str | None:
        """The id of the webhook that has the name, whatever the case; None when none has."""
        key = name_row_key(name_key(name))
        with translated("dynamodb GetItem"):
            row = self.client.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return row["webhook_id"]["S"] if row else None

    def page(self, *, after: str, limit: int, search: str = "", active: bool | None = None) -> Sequence[Summary]:
        """The next webhooks by name, at most `limit`: those whose name comes after `after`, as `name_key` spells it.

        search  what the name must contain, whatever the case
        active  whether only active or only inactive ones are asked for
        """
        found: list[Summary] = []
        for row in self._listed(after, limit, search, active):
            found.append(read_summary(row))
            if len(found) == limit:
                break
        return found

    def is_sendable(self, webhook_id: str) -> bool:
        """Whether a delivery to the webhook would be sent: whether it is there, readable and active."""
        webhook = self.readable(webhook_id)
        return webhook is not None and webhook.active

    def readable(self, webhook_id: str) -> Webhook | None:
        """The webhook, None when there is none that can be read."""
        try:
            return self.get(webhook_id)
        except InvalidWebhookError:
            return None

    def subscriptions(self, trigger: str) -> Sequence[Subscription]:
        """Every webhook that names `trigger`; the cost grows with these, never with the table."""
        return [read_subscription(row) for row in self._query(trigger)]

    def deactivate(self, webhook: Webhook, *, reason: str, now: float) -> bool:
        """Make the webhook inactive; False when it was changed meanwhile or is inactive already."""
        off: dict[str, Any] = {":off": {"BOOL": False}, ":reason": {"S": reason}, ":now": {"N": repr(now)}}
        version = {":old": {"N": str(webhook.version)}, ":new": {"N": str(webhook.version + 1)}, ":on": {"BOOL": True}}
        what = "SET active = :off, inactive_reason = :reason, updated_at = :now"
        config = {
            "Key": config_key(webhook.id),
            "UpdateExpression": f"{what}, version = :new",
            "ConditionExpression": "version = :old AND active = :on",
            "ExpressionAttributeValues": off | version,
        }
        copies = [
            {
                "Key": copy_key(trigger, webhook.id),
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
            answer = self.client.get_item(TableName=self.table_name, Key=health_key(webhook_id))
        return read_health(answer.get("Item", {}))

    def add_failure(self, webhook_id: str, *, now: float) -> Health:
        """One delivery more has failed every attempt; the health with it."""
        with translated("dynamodb UpdateItem"):
            row = self.client.update_item(
                TableName=self.table_name,
                Key=health_key(webhook_id),
                UpdateExpression="SET failing_since = if_not_exists(failing_since, :now) ADD failures :one",
                ExpressionAttributeValues={":now": {"N": repr(now)}, ":one": {"N": "1"}},
                ReturnValues="ALL_NEW",
            )["Attributes"]
        return read_health(row)

    def note_success(self, webhook_id: str, *, now: float) -> Health:
        """A delivery has succeeded, which ends a row of failures; the health before it."""
        with translated("dynamodb UpdateItem"):
            answer = self.client.update_item(
                TableName=self.table_name,
                Key=health_key(webhook_id),
                UpdateExpression="SET last_success_at = :now REMOVE failures, failing_since",
                ExpressionAttributeValues={":now": {"N": repr(now)}},
                ReturnValues="ALL_OLD",
            )
        return read_health(answer.get("Attributes", {}))

    def _query(self, trigger: str) -> Iterator[Row]:
        yield from self._rows(
            KeyConditionExpression="pk = :trigger", ExpressionAttributeValues={":trigger": {"S": f"TRIGGER#{trigger}"}}
        )

    def _listed(self, after: str, limit: int, search: str, active: bool | None) -> Iterator[Row]:
        conditions, values = [], {":listed": {"S": "WEBHOOK"}, ":after": {"S": after or " "}}
        if search:
            conditions.append("contains(name_key, :search)")
            values[":search"] = {"S": name_key(search)}
        if active is not None:
            conditions.append("active = :active")
            values[":active"] = {"BOOL": active}  # type: ignore[dict-item]
        yield from self._rows(
            IndexName="by_name",
            KeyConditionExpression="listed = :listed AND name_key > :after",
            ExpressionAttributeValues=values,
            # Limit counts rows before they are filtered.
            **({"FilterExpression": " AND ".join(conditions)} if conditions else {"Limit": limit}),
        )

    def _rows(self, **arguments: Any) -> Iterator[Row]:
        arguments["TableName"] = self.table_name
        while True:
            with translated("dynamodb Query"):
                page = self.client.query(**arguments)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _config(self, webhook_id: str) -> Row | None:
        with translated("dynamodb GetItem"):
            answer = self.client.get_item(TableName=self.table_name, Key=config_key(webhook_id), ConsistentRead=True)
        return answer.get("Item")

    def _replacing(self, webhook: Webhook, expected_version: int) -> _Actions:
        row = self._expected(webhook.id, expected_version)
        actions: _Actions = [
            ("Put", {"Item": config_row(webhook, inactive_reason(row)), **_if_version(expected_version)})
        ]
        if [name_key(webhook.name)] != _name_keys(row):
            actions.append(("Put", {"Item": name_row(webhook), **_UNLESS_THERE}))
            actions += [("Delete", {"Key": name_row_key(one)}) for one in _name_keys(row)]
        actions += [("Put", {"Item": copy}) for copy in copy_rows(webhook)]
        gone = [trigger for trigger in TRIGGERS if trigger not in webhook.triggers]
        actions += [("Delete", {"Key": copy_key(trigger, webhook.id)}) for trigger in gone]
        if webhook.active and not is_active(row):
            forget = "REMOVE failures, failing_since"
            actions.append(("Update", {"Key": health_key(webhook.id), "UpdateExpression": forget}))
        return actions

    def _deleting(self, webhook_id: str, expected_version: int) -> _Actions:
        row = self._expected(webhook_id, expected_version)
        keys = [*map(name_row_key, _name_keys(row)), health_key(webhook_id)]
        keys += [copy_key(trigger, webhook_id) for trigger in TRIGGERS]
        config = {"Key": config_key(webhook_id), **_if_version(expected_version)}
        return [("Delete", config), *(("Delete", {"Key": key}) for key in keys)]

    def _expected(self, webhook_id: str, expected_version: int) -> Row:
        row = self._config(webhook_id)
        if row is None:
            raise StaleVersionError(f"webhook {webhook_id} was deleted")
        if version_of(row) != expected_version:
            raise StaleVersionError(f"webhook {webhook_id} has version {version_of(row)}, not {expected_version}")
        return row

    def _transact(self, webhook_id: str, actions: Callable[[], _Actions], name: str = "") -> None:
        """`actions` are made anew for each try: they depend on what is stored."""
        for tries_left in reversed(range(_TRIES)):
            items: Any = [{kind: {"TableName": self.table_name, **one}} for kind, one in actions()]
            with translated("dynamodb TransactWriteItems"):
                try:
                    self.client.transact_write_items(TransactItems=items)
                    return
                except self.client.exceptions.TransactionCanceledException as exc:
                    _raise_conflict(webhook_id, name, items, exc)
                    if not tries_left or "TransactionConflict" not in _reasons(exc):
                        raise


def _if_version(version: int) -> dict[str, Any]:
    return {"ConditionExpression": "version = :old", "ExpressionAttributeValues": {":old": {"N": str(version)}}}


def _raise_conflict(webhook_id: str, name: str, items: Sequence[Row], exc: ClientError) -> None:
    failed = [item for item, code in zip(items, _reasons(exc), strict=True) if code == "ConditionalCheckFailed"]
    rows = [item.get("Put", {}).get("Item", {}) for item in failed]
    if any(row.get("sk") == {"S": "NAME"} for row in rows):
        raise InvalidWebhookError([Problem("name", json.dumps(name), "is the name of another webhook")]) from exc
    if failed:
        raise StaleVersionError(f"webhook {webhook_id} was changed by someone else meanwhile") from exc


def _reasons(exc: ClientError) -> list[str]:
    reasons: Any = exc.response.get("CancellationReasons", [])
    return [str(reason.get("Code")) for reason in reasons]


def _name_keys(row: Row) -> list[str]:
    """The name under which the row is listed; none in one that was changed by hand and lost it."""
    return [row["name_key"]["S"]] if "name_key" in row else []
