"""Saves a webhook: its secrets are sealed before anything is stored."""

from dataclasses import replace
from typing import Protocol

from grantwire.models import Header, PlainSecret, SealedSecret, Webhook


class Webhooks(Protocol):
    """Where webhooks are kept, see `stores.webhooks`."""

    def create(self, webhook: Webhook) -> None:
        """Store a new webhook."""
        ...


class Sealer(Protocol):
    """Seals secrets, see `stores.secrets`."""

    def seal(self, webhook_id: str, secret: PlainSecret) -> SealedSecret:
        """The secret, encrypted for this webhook."""
        ...


def save(webhook: Webhook, *, webhooks: Webhooks, secrets: Sealer) -> Webhook:
    """Store a new webhook and return it as it is stored: version 1, secrets sealed.

    Raises InvalidWebhookError when its name is taken, StoreError when table or key is out of reach.
    """
    headers = tuple(_sealed(header, webhook.id, secrets) for header in webhook.headers)
    stored = replace(webhook, headers=headers, version=1)
    webhooks.create(stored)
    return stored


def _sealed(header: Header, webhook_id: str, secrets: Sealer) -> Header:
    if not isinstance(header.value, PlainSecret):
        return header
    return replace(header, value=secrets.seal(webhook_id, header.value))
