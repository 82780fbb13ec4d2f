"""What people do with webhooks through the HTTP API: list, create, read, change, duplicate, delete.

Documents come in and go out as JSON objects; a secret comes in and never goes out. Whoever changes a webhook says which
version they have seen, and of two who have seen the same, one wins.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from grantwire import linting, saving, signing
from grantwire.configurations import parse_webhook, public_document
from grantwire.errors import InvalidWebhookError, NameTakenError, Problem, StaleVersionError, UnreadableWebhookError
from grantwire.frozen import frozen
from grantwire.health import Health
from grantwire.identifiers import is_webhook_id, moment, new_webhook_id
from grantwire.models import Signing, Webhook
from grantwire.reading import shown
from grantwire.saving import Sealed, Sealer
from grantwire.urls import host_of

if TYPE_CHECKING:
    from grantwire.stores.webhook_rows import Record, Summary

Document = dict[str, Any]
SHOWN_ONLY: Final = (  # accepted, and ignored
    *("inactive_reason", "health", "warnings"),
    *("missing_secrets", "new_signing_secret"),
)
MAX_NAME_CHARACTERS: Final = 64
_MOST_COPIES: Final = 100


class Webhooks(Protocol):
    """Where webhooks are kept, see `stores.webhooks`."""

    def create(self, webhook: Webhook) -> None: ...
    def replace(self, webhook: Webhook, expected_version: int) -> None: ...
    def delete(self, webhook_id: str, expected_version: int) -> None: ...
    def find(self, webhook_id: str) -> "Record | None": ...
    def version(self, webhook_id: str) -> int | None: ...
    def holder_of(self, name: str) -> str | None: ...
    def health(self, webhook_id: str) -> Health: ...
    def page(self, *, after: str, limit: int, search: str = "", active: bool | None = None) -> "Sequence[Summary]": ...


@frozen
class Saved:
    """A webhook as it is shown to whoever saved it; a signing secret that was made for it stands in it this once."""

    document: Document


@frozen
class Page:
    """Webhooks by name, and the name behind which to go on, as it is compared; empty: there are no more."""

    items: "Sequence[Summary]"
    after: str


@frozen
class WebhookKeeper:
    """Manages webhooks. What is None was not there; `expected_version` None stands for any.

    Raises InvalidWebhookError with every wrong field, NameTakenError, UnreadableWebhookError, StaleVersionError with
    the version that is stored, and StoreError when table or key is out of reach.
    """

    webhooks: Webhooks
    secrets: Sealer
    clock: Callable[[], float]

    def page(self, *, after: str, limit: int, search: str, active: bool | None) -> Page:
        """At most `limit` webhooks. Pages follow names: one that comes or goes meanwhile moves no other."""
        found = self.webhooks.page(after=after, limit=limit + 1, search=search, active=active)
        more = len(found) > limit
        return Page(items=found[:limit], after=found[limit - 1].position if more else "")

    def find(self, webhook_id: str) -> Document | None:
        """The webhook as it is shown, with its health."""
        record = self._record(webhook_id)
        if record is None:
            return None
        return _shown(record.webhook, record.inactive_reason) | {
            "health": _health_document(self.webhooks.health(webhook_id))
        }

    def create(self, document: Document) -> Saved:
        """Store a new webhook."""
        now = self.clock()
        return self._create(parse_webhook(editable(document), webhook_id=new_webhook_id(now), now=now))

    def replace(self, webhook_id: str, document: Document, expected_version: int | None) -> Saved | None:
        """Store the document in place of the one that is there, unless it is the same. The mask keeps a secret."""
        version = self._version(webhook_id, expected_version)
        if version is None:
            return None
        try:
            record = self._record(webhook_id)
        except UnreadableWebhookError:
            record = None  # nothing can be kept of it, and the new document mends it
        return self._replace(webhook_id, document, version, record)

    def change(self, webhook_id: str, patch: Document, expected_version: int | None) -> Saved | None:
        """Apply a JSON merge patch (RFC 7396) to the document as it is shown."""
        version = self._version(webhook_id, expected_version)
        record = self._record(webhook_id)
        if version is None or record is None:
            return None
        try:
            document = merged(public_document(record.webhook), editable(patch))
        except RecursionError:
            raise InvalidWebhookError(
                [Problem("", "", "the patch must be nested no deeper than a webhook is")]
            ) from None
        return self._replace(webhook_id, document, version, record)

    def delete(self, webhook_id: str, expected_version: int | None) -> bool:
        """Remove the webhook, readable or not; False when it was not there."""
        version = self._version(webhook_id, expected_version)
        if version is None:
            return False
        try:
            self.webhooks.delete(webhook_id, version)
        except StaleVersionError as exc:
            raise self._stale(webhook_id) from exc
        return True

    def duplicate(self, webhook_id: str) -> Saved | None:
        """Store an inactive copy. A secret is sealed for its webhook alone and stays behind; the answer names each."""
        record = self._record(webhook_id)
        if record is None:
            return None
        missing, now = missing_secrets(record.webhook), self.clock()
        copy = replace(_without_secrets(record.webhook), active=False, created_at=now, updated_at=now)
        for number in range(1, _MOST_COPIES):
            named = replace(copy, id=new_webhook_id(now), name=copy_name(record.webhook.name, number))
            try:
                saved = self._create(named)
            except NameTakenError:
                continue
            return Saved(document=saved.document | {"missing_secrets": missing})
        raise _taken(named.name, self.webhooks.holder_of(named.name))

    def rotate_signing(self, webhook_id: str, expected_version: int | None) -> Saved | None:
        """Sign with a new secret from now on, and for a day with the one before as well."""
        version = self._version(webhook_id, expected_version)
        record = self._record(webhook_id)
        if version is None or record is None:
            return None
        webhook, now = record.webhook, self.clock()
        if webhook.signing is None:
            rule = 'is null: the webhook does not sign; set it to {"kind": "standard_webhooks"} first'
            raise InvalidWebhookError([Problem("signing", "", rule)])
        if signing.is_rotating(webhook.signing, now):
            until = moment(webhook.signing.previous_until)
            rule = f"has two secrets until {until}, and a third would end the first; a secret of your own replaces both"
            raise InvalidWebhookError([Problem("signing", "", rule)])
        made = signing.make_secret(os.urandom)
        rotated = signing.rotate(webhook.signing, new_secret=made, now=now)
        sealed = saving.seal(
            replace(webhook, signing=rotated, version=version + 1, updated_at=now), secrets=self.secrets
        )
        self._store(sealed, version)
        return _saved(replace(sealed, made_secret=made), record.inactive_reason)

    def _create(self, webhook: Webhook) -> Saved:
        try:
            sealed = saving.create(webhook, webhooks=self.webhooks, secrets=self.secrets)
        except InvalidWebhookError as exc:
            if exc.problems[0].path != "name":
                raise
            raise _taken(webhook.name, self.webhooks.holder_of(webhook.name)) from exc
        return _saved(sealed, "")

    def _replace(self, webhook_id: str, document: Document, version: int, record: "Record | None") -> Saved:
        new = parse_webhook(
            editable(document),
            webhook_id=webhook_id,
            now=self.clock(),
            version=version + 1,
            created_at=record.webhook.created_at if record else None,
            masked_secrets=record is not None,
        )
        kept = saving.keep_secrets(new, record.webhook) if record else new
        if record and record.webhook == replace(kept, version=version, updated_at=record.webhook.updated_at):
            return Saved(document=_shown(record.webhook, record.inactive_reason))  # it is stored as it is
        sealed = saving.seal(kept, secrets=self.secrets)
        self._store(sealed, version)
        return _saved(sealed, record.inactive_reason if record and not new.active else "")

    def _store(self, sealed: Sealed, version: int) -> None:
        webhook = sealed.webhook
        try:
            self.webhooks.replace(webhook, version)
        except StaleVersionError as exc:
            raise self._stale(webhook.id) from exc
        except InvalidWebhookError as exc:
            raise _taken(webhook.name, self.webhooks.holder_of(webhook.name)) from exc

    def _record(self, webhook_id: str) -> "Record | None":
        try:
            return self.webhooks.find(webhook_id) if is_webhook_id(webhook_id) else None
        except InvalidWebhookError as exc:
            raise unreadable(webhook_id, exc) from exc

    def _version(self, webhook_id: str, expected: int | None) -> int | None:
        """The version that is there, None when none is; raises StaleVersionError when another one is expected."""
        version = self.webhooks.version(webhook_id) if is_webhook_id(webhook_id) else None
        if version is not None and expected not in (None, version):
            raise StaleVersionError(_STALE.format(webhook_id=webhook_id, version=version))
        return version

    def _stale(self, webhook_id: str) -> StaleVersionError:
        """For a change that another one was faster than."""
        now = self.webhooks.version(webhook_id)
        gone = f"webhook {webhook_id} was deleted meanwhile"
        return StaleVersionError(gone if now is None else _STALE.format(webhook_id=webhook_id, version=now))


_STALE: Final = (
    "webhook {webhook_id} has version {version} by now, which is not the one in If-Match: read it again, "
    'and make your change to that with If-Match: "{version}"'
)


def unreadable(webhook_id: str, exc: InvalidWebhookError) -> UnreadableWebhookError:
    """For a stored webhook that is no valid one."""
    way_out = f"the stored webhook {webhook_id} cannot be read; PUT a whole one in its place, or delete it"
    return UnreadableWebhookError([Problem("", "", way_out), *exc.problems])


def _taken(name: str, holder: str | None) -> NameTakenError:
    rule = f"is the name of another webhook{f', {holder}' if holder else ''}; names differ by more than their case"
    return NameTakenError([Problem("name", shown(name), rule)])


def merged(target: object, patch: object) -> Any:
    """What a JSON merge patch makes of a value (RFC 7396, section 2). Raises RecursionError when it nests too deep."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept


def copy_name(name: str, number: int) -> str:
    """`Torq copy`, `Torq copy 2`, …: never longer than a name may be."""
    suffix = " copy" if number == 1 else f" copy {number}"
    return name[: MAX_NAME_CHARACTERS - len(suffix)].rstrip() + suffix


def missing_secrets(webhook: Webhook) -> list[Document]:
    """What a copy lacks: the field, and what stands there but for the secret."""
    document = public_document(webhook)
    headers = [row for row in document["headers"] if row.get("secret")]
    missing = [{"field": "headers", "without_secret": {"name": row["name"], "secret": True}} for row in headers]
    if webhook.authentication:
        known = document["authentication"]
        del known[webhook.authentication.hidden_field]
        missing.append({"field": "authentication", "without_secret": known})
    return missing


def _without_secrets(webhook: Webhook) -> Webhook:
    """Signing goes on with a secret of its own."""
    headers = tuple(header for header in webhook.headers if isinstance(header.value, str))
    signs = Signing(secret=None) if webhook.signing else None
    return replace(webhook, headers=headers, authentication=None, signing=signs)


def summary_document(summary: "Summary") -> Document:
    """A webhook as a list shows it."""
    document = asdict(summary) | {name: getattr(summary, name) or None for name in ("inactive_reason", "problem")}
    del document["position"]
    document["host"] = host_of(summary.url) or None
    return document | {"created_at": moment(summary.created_at), "updated_at": moment(summary.updated_at)}


def _saved(sealed: Sealed, inactive_reason: str) -> Saved:
    made = {"new_signing_secret": sealed.made_secret.value} if sealed.made_secret else {}
    return Saved(document=_shown(sealed.webhook, inactive_reason) | made)


def _shown(webhook: Webhook, inactive_reason: str) -> Document:
    return {
        "id": webhook.id,
        **public_document(webhook),
        "inactive_reason": inactive_reason or None,
        "version": webhook.version,
        "created_at": moment(webhook.created_at),
        "updated_at": moment(webhook.updated_at),
        "warnings": [asdict(one) for one in linting.warnings(webhook)],
    }


def _health_document(health: Health) -> Document:
    since, success = health.failing_since, health.last_success_at
    return {
        "failures": health.failures,
        "failing_since": None if since is None else moment(since),
        "last_success_at": None if success is None else moment(success),
    }


def editable(document: Document) -> Document:
    """A document without what is shown only, so that what was read can be sent back."""
    return {name: value for name, value in document.items() if name not in SHOWN_ONLY}
