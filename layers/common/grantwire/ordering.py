"""What a test is asked for: the webhook as it would be, and the event that is sent to it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from grantwire import request_events
from grantwire.configurations import parse_webhook
from grantwire.errors import InvalidEventError, InvalidWebhookError, Problem
from grantwire.frozen import frozen
from grantwire.identifiers import is_webhook_id
from grantwire.managing import editable, unreadable
from grantwire.models import TRIGGERS, RequestEvent, Webhook
from grantwire.reading import Reader, shown
from grantwire.samples import sample_event
from grantwire.saving import keep_secrets

DRAFT_ID: Final = "wh_draft"
T = TypeVar("T")


class Webhooks(Protocol):
    """Where webhooks are kept, see `stores.webhooks`."""

    def get(self, webhook_id: str) -> Webhook | None:
        """The webhook, None when there is none. Raises InvalidWebhookError when its row cannot be read."""
        ...


@frozen(kw_only=False)
class Order:
    """One test. The event has an id of its own: a receiver that drops doubles must not take it for a delivery."""

    webhook: Webhook
    event: RequestEvent


def stored(webhooks: Webhooks, webhook_id: str) -> Webhook | None:
    """A saved webhook, None when there is none. Raises UnreadableWebhookError: what is wrong is not what was asked."""
    try:
        return webhooks.get(webhook_id) if is_webhook_id(webhook_id) else None
    except InvalidWebhookError as exc:
        raise unreadable(webhook_id, exc) from exc


def of_draft(body: Mapping[str, Any], *, now: float, masked_secrets: bool = False) -> Order:
    """Of a webhook that is not saved: `webhook`, and `event` (a payload), or a sample of `trigger` or its own first.

    `masked_secrets`: whether the mask may stand for a secret, which no test could send. Raises InvalidWebhookError with
    every wrong field; a webhook's own have the paths they have when it is saved.
    """
    if body.get("webhook") is None:
        raise InvalidWebhookError([Problem("webhook", "", "is required: the draft to be tested")])
    return _order(body, lambda: _parsed(body["webhook"], DRAFT_ID, now, masked_secrets=masked_secrets))


def of_saved(webhook: Webhook, body: Mapping[str, Any], *, now: float) -> Order:
    """Of a saved webhook: as it is stored, or with the changes of `webhook` that are not saved yet.

    There the mask stands for a stored secret, as in an update, yet for the very URL it is stored with: who may test
    webhooks, and not change them, could have it sent to another customer of the same host. Raises as `of_draft` does.
    """
    if body.get("webhook") is None:
        return _order(body, lambda: webhook)

    def changed() -> Webhook:
        new = _parsed(body["webhook"], webhook.id, now, masked_secrets=True)
        return keep_secrets(replace(new, version=webhook.version), webhook, same_url=True)

    return _order(body, changed)


def _parsed(document: object, webhook_id: str, now: float, *, masked_secrets: bool) -> Webhook:
    own = editable(document) if isinstance(document, dict) else document
    return parse_webhook(own, webhook_id=webhook_id, now=now, masked_secrets=masked_secrets)


def _order(body: Mapping[str, Any], read_webhook: Callable[[], Webhook]) -> Order:
    reader = Reader()
    webhook = _read(reader.problems, read_webhook)
    triggers = webhook.triggers if webhook else TRIGGERS
    event = _read(reader.problems, lambda: _event(body, triggers))
    reader.known("", body, "webhook", "trigger", "event")
    if webhook is None or event is None or reader.problems:
        raise InvalidWebhookError(reader.problems)
    return Order(webhook, replace(event, id=f"evt_test{secrets.token_hex(12)}"))


def _read(problems: list[Problem], read: Callable[[], T]) -> T | None:
    """What is read; None when it is wrong, with what is wrong in `problems`."""
    try:
        return read()
    except InvalidWebhookError as exc:
        problems.extend(exc.problems)
        return None


def _event(body: Mapping[str, Any], triggers: Sequence[str]) -> RequestEvent:
    trigger, rule = body.get("trigger"), f"must be one of {', '.join(TRIGGERS)}"
    if trigger is not None and trigger not in TRIGGERS:
        raise InvalidWebhookError([Problem("trigger", shown(trigger), rule)])
    payload = body.get("event")
    if payload is None:
        return sample_event(str(trigger or triggers[0]))
    if not isinstance(payload, dict):
        rule = "must be an object: a payload with 'event_type', 'event_time' and 'data'"
        raise InvalidWebhookError([Problem("event", shown(payload), rule)])
    if not isinstance(data := payload.get("data"), dict):
        value = "" if data is None else shown(data)
        raise InvalidWebhookError([Problem("event.data", value, "must be an object: the access request")])
    named = payload.get("event_type")
    try:
        event = request_events.parse({"detail-type": named or trigger or triggers[0], "id": "test", "detail": payload})
    except InvalidEventError as exc:
        raise InvalidWebhookError([Problem("event", "", str(exc))]) from exc
    if event is None:
        raise InvalidWebhookError([Problem("event.event_type", shown(named), rule)])
    return event
