"""The rows that make up a webhook in its table, made and read.

| pk                     | sk             | what                                                                   |
| WEBHOOK#<id>           | CONFIG         | the webhook; the index `by_name` lists all                             |
| TRIGGER#<trigger>      | WEBHOOK#<id>   | what an event of that trigger needs                                     |
| NAME#<casefolded name> | NAME           | keeps names unique                                                     |
| WEBHOOK#<id>           | HEALTH         | how its deliveries do, see `health`                                     |

Whether a webhook is active stands in the attribute `active` of its rows: the functions that send may switch a webhook
off, and may write no other attribute that decides what is sent.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from grantwire.configurations import document_of, parse_webhook
from grantwire.errors import InvalidWebhookError, Problem
from grantwire.frozen import frozen
from grantwire.health import Health
from grantwire.models import Webhook

Row = dict[str, Any]  # as the low-level client gives it: {"name": {"S": "Torq"}}


@frozen
class Subscription:
    """One webhook that names a trigger: the webhook when it is active and readable, else the problem why not."""

    webhook_id: str
    active: bool
    webhook: Webhook | None
    problem: str = ""


@frozen
class Record:
    """A webhook as it is stored, and why it is inactive when it was made so by us (empty when by a user)."""

    webhook: Webhook
    inactive_reason: str


@frozen
class Summary:
    """What a list tells of a webhook. One whose row was changed by hand so that it cannot be read has a `problem`.

    position  what the list is ordered by: behind it, the list goes on
    """

    position: str
    id: str
    name: str
    active: bool
    inactive_reason: str
    method: str
    url: str
    triggers: tuple[str, ...]
    version: int
    created_at: float
    updated_at: float
    problem: str = ""


def name_key(name: str) -> str:
    """What names are compared and ordered by."""
    return name.casefold()


def config_key(webhook_id: str) -> Row:
    """The key of the webhook itself."""
    return {"pk": {"S": f"WEBHOOK#{webhook_id}"}, "sk": {"S": "CONFIG"}}


def health_key(webhook_id: str) -> Row:
    """The key of its health."""
    return {"pk": {"S": f"WEBHOOK#{webhook_id}"}, "sk": {"S": "HEALTH"}}


def name_row_key(key: str) -> Row:
    """The key of the row that holds a name."""
    return {"pk": {"S": f"NAME#{key}"}, "sk": {"S": "NAME"}}


def copy_key(trigger: str, webhook_id: str) -> Row:
    """The key of the copy for a trigger."""
    return {"pk": {"S": f"TRIGGER#{trigger}"}, "sk": {"S": f"WEBHOOK#{webhook_id}"}}


def name_row(webhook: Webhook) -> Row:
    """The row that holds the webhook's name."""
    return {**name_row_key(name_key(webhook.name)), "webhook_id": {"S": webhook.id}}


def config_row(webhook: Webhook, reason: str = "") -> Row:
    """The row of the webhook itself; `reason`: why it is inactive, when it was made so by us."""
    listed = {"listed": {"S": "WEBHOOK"}, "name_key": {"S": name_key(webhook.name)}}
    inactive = {"inactive_reason": {"S": reason}} if reason and not webhook.active else {}
    return {**config_key(webhook.id), "document": _document(webhook), **_facts(webhook), **listed, **inactive}


def copy_rows(webhook: Webhook) -> list[Row]:
    """A copy for each trigger; that of an inactive webhook says no more than that it is."""
    content = _facts(webhook) | ({"document": _document(webhook)} if webhook.active else {})
    return [{**copy_key(trigger, webhook.id), **content} for trigger in webhook.triggers]


def _document(webhook: Webhook) -> Row:
    return {"S": json.dumps(document_of(webhook), ensure_ascii=False, separators=(",", ":"))}


def _facts(webhook: Webhook) -> Row:
    return {
        "version": {"N": str(webhook.version)},
        "active": {"BOOL": webhook.active},
        "created_at": {"N": repr(webhook.created_at)},
        "updated_at": {"N": repr(webhook.updated_at)},
    }


def read_webhook(webhook_id: str, row: Row) -> Webhook:
    """The webhook in its own row, or in a copy. Raises InvalidWebhookError when it cannot be read."""
    numbers = [row.get(name, {}).get("N", "0") for name in ("version", "created_at", "updated_at")]
    return _parsed(webhook_id, row.get("document", {}).get("S", ""), is_active(row), *numbers)


def read_record(webhook_id: str, row: Row) -> Record:
    """The webhook and what is beside it in its own row. Raises InvalidWebhookError when it cannot be read."""
    return Record(webhook=read_webhook(webhook_id, row), inactive_reason=inactive_reason(row))


def read_subscription(row: Row) -> Subscription:
    """What a copy says."""
    webhook_id = row["sk"]["S"].removeprefix("WEBHOOK#")
    if not is_active(row):
        return Subscription(webhook_id=webhook_id, active=False, webhook=None)
    try:
        return Subscription(webhook_id=webhook_id, active=True, webhook=read_webhook(webhook_id, row))
    except InvalidWebhookError as exc:
        return Subscription(webhook_id=webhook_id, active=True, webhook=None, problem=str(exc))


def read_summary(row: Row) -> Summary:
    """What a list tells of the webhook in its own row; nothing in it is compiled or checked."""
    version, created_at, updated_at = (
        row.get(one, {}).get("N", "0") for one in ("version", "created_at", "updated_at")
    )
    document, problem = _opened(_text(row, "document"))
    triggers = document.get("triggers")
    return Summary(
        position=_text(row, "name_key"),
        id=row["pk"]["S"].removeprefix("WEBHOOK#"),
        name=str(document.get("name", _text(row, "name_key"))),
        active=is_active(row),
        inactive_reason=inactive_reason(row),
        method=str(document.get("method", "")),
        url=str(document.get("url", "")),
        triggers=tuple(str(trigger) for trigger in triggers) if isinstance(triggers, list) else (),
        version=int(version),
        created_at=float(created_at),
        updated_at=float(updated_at),
        problem=problem,
    )


def read_health(row: Row) -> Health:
    """What the row of a webhook's health says; an empty one: nothing has happened."""
    since, success = row.get("failing_since"), row.get("last_success_at")
    return Health(
        failures=int(row.get("failures", {}).get("N", "0")),
        failing_since=float(since["N"]) if since else None,
        last_success_at=float(success["N"]) if success else None,
    )


def version_of(row: Row) -> int:
    """The version of a webhook's row, readable or not."""
    return int(row.get("version", {}).get("N", "0"))


def is_active(row: Row) -> bool:
    """Whether the webhook of a row is active; the row may be unreadable otherwise."""
    return bool(row.get("active", {}).get("BOOL", True))


def inactive_reason(row: Row) -> str:
    """Why the webhook of a row was made inactive, if it was by us."""
    return _text(row, "inactive_reason")


def _text(row: Row, name: str) -> str:
    return str(row.get(name, {}).get("S", ""))


def _opened(text: str) -> tuple[Mapping[str, Any], str]:
    try:
        document = json.loads(text)
    except ValueError as exc:
        return {}, f"the stored webhook is not JSON: {exc}"
    return (document, "") if isinstance(document, dict) else ({}, "the stored webhook is not a JSON object")


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
