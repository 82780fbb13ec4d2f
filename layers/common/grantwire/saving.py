"""Saves a webhook: its secrets are sealed before anything is stored, and those that are stored can be kept."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from grantwire import signing
from grantwire.configurations import document_of
from grantwire.errors import InvalidWebhookError, Problem
from grantwire.frozen import frozen
from grantwire.models import (
    Authentication,
    ClientCredentials,
    Header,
    MaskedSecret,
    PlainSecret,
    SealedSecret,
    Secret,
    Signing,
    Webhook,
)
from grantwire.urls import host_of

MAX_ROW_BYTES: Final = 380_000  # DynamoDB's items end at 400 KB
_NOTHING_IS_STORED: Final = "is a mask, and nothing is stored that it could stand for: enter the secret"
_HAS_CHANGED: Final = "must be entered again, because the {what} it is sent to has changed"


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


@frozen
class Sealed:
    """A webhook that may be stored, and the signing secret that was made for it: to be shown once, and kept nowhere."""

    webhook: Webhook
    made_secret: PlainSecret | None


def save(webhook: Webhook, *, webhooks: Webhooks, secrets: Sealer) -> Webhook:
    """Store a new webhook as `create` does; a signing secret that was made for it is not told."""
    return create(webhook, webhooks=webhooks, secrets=secrets).webhook


def create(
    webhook: Webhook, *, webhooks: Webhooks, secrets: Sealer, random_bytes: Callable[[int], bytes] = os.urandom
) -> Sealed:
    """Store a new webhook and return it as it is stored: version 1, secrets sealed.

    Raises InvalidWebhookError when its name is taken, StoreError when table or key is out of reach.
    """
    sealed = seal(replace(webhook, version=1), secrets=secrets, random_bytes=random_bytes)
    webhooks.create(sealed.webhook)
    return sealed


def seal(webhook: Webhook, *, secrets: Sealer, random_bytes: Callable[[int], bytes] = os.urandom) -> Sealed:
    """The webhook with every secret sealed, and with a signing secret if it asks for one to be made.

    Raises InvalidWebhookError when it is too large to be stored, StoreError when the key is out of reach.
    """

    def sealed(secret: Secret) -> Secret:
        return secrets.seal(webhook.id, secret) if isinstance(secret, PlainSecret) else secret

    made = signing.make_secret(random_bytes) if webhook.signing and webhook.signing.secret is None else None
    signs = replace(webhook.signing, secret=made) if webhook.signing and made else webhook.signing
    stored = replace(
        webhook,
        headers=tuple(
            one if isinstance(one.value, str) else replace(one, value=sealed(one.value)) for one in webhook.headers
        ),
        authentication=webhook.authentication
        and replace(webhook.authentication, secret=sealed(webhook.authentication.secret)),
        signing=signs
        and replace(
            signs,
            secret=signs.secret and sealed(signs.secret),
            previous_secret=signs.previous_secret and sealed(signs.previous_secret),
        ),
    )
    size = len(json.dumps(document_of(stored), ensure_ascii=False).encode())
    if size > MAX_ROW_BYTES:
        rule = f"the webhook has {size} bytes with its secrets encrypted; at most {MAX_ROW_BYTES} can be stored"
        raise InvalidWebhookError([Problem("", "", rule)])
    return Sealed(webhook=stored, made_secret=made)


def keep_secrets(new: Webhook, stored: Webhook, *, same_url: bool = False) -> Webhook:
    """An update with the stored secrets wherever it holds the mask; the signing secret also where it names none.

    Raises InvalidWebhookError naming each field where nothing is stored, and each secret that would go to another host
    (`same_url`: another URL) than the one it was entered for: whoever may edit a webhook and not read it could have it
    sent to their own host. A signing key is sent nowhere and stays; with `same_url` only that URL gets a signature.
    """
    problems: list[Problem] = []
    goes = _Goes(same_url)
    moved = goes.moved(new.url, stored.url)
    kept = replace(
        new,
        headers=_kept_headers(new, stored, problems, moved),
        authentication=_kept_authentication(new, stored, problems, goes),
        signing=_kept_signing(new.signing, stored.signing, problems, moved if same_url else ""),
    )
    if problems:
        raise InvalidWebhookError(problems)
    return kept


@frozen(kw_only=False)
class _Goes:
    """Where a secret goes: to a host, or to a URL."""

    same_url: bool

    def moved(self, new: str, stored: str) -> str:
        """Why it would go elsewhere than it was entered for; empty when it would not."""
        if new == stored or (not self.same_url and host_of(new) == host_of(stored)):
            return ""
        return _HAS_CHANGED.format(what="URL" if self.same_url else "host")


def _kept_headers(new: Webhook, stored: Webhook, problems: list[Problem], moved: str) -> tuple[Header, ...]:
    known = {one.name.lower(): one.value for one in stored.headers if isinstance(one.value, SealedSecret)}
    return tuple(
        replace(one, value=_kept(known.get(one.name.lower()), f"headers[{index}].value", problems, moved))
        if isinstance(one.value, MaskedSecret)
        else one
        for index, one in enumerate(new.headers)
    )


def _kept_authentication(new: Webhook, stored: Webhook, problems: list[Problem], goes: _Goes) -> Authentication | None:
    ours, theirs = new.authentication, stored.authentication
    if ours is None or not isinstance(ours.secret, MaskedSecret):
        return ours
    known = theirs.secret if theirs and theirs.kind == ours.kind else None
    moved = goes.moved(new.url, stored.url)
    if isinstance(ours, ClientCredentials) and isinstance(theirs, ClientCredentials):
        moved = moved or goes.moved(ours.token_url, theirs.token_url)
    return replace(ours, secret=_kept(known, f"authentication.{ours.hidden_field}", problems, moved))


def _kept_signing(new: Signing | None, stored: Signing | None, problems: list[Problem], moved: str) -> Signing | None:
    if new is None or isinstance(new.secret, PlainSecret | SealedSecret):
        return new
    if stored is None and isinstance(new.secret, MaskedSecret):
        problems.append(Problem("signing.secret", "", _NOTHING_IS_STORED))
    elif stored is not None and moved:
        problems.append(Problem("signing.secret", "", moved))
    return stored or new


def _kept(known: Secret | None, path: str, problems: list[Problem], moved: str) -> Secret:
    """The stored secret, or a problem."""
    if known is None or moved:
        problems.append(Problem(path, "", moved if known else _NOTHING_IS_STORED))
    return known or MaskedSecret()
