"""Outpost: destinations of the type `webhook`, as `GET /tenants/{tenant_id}/destinations` lists them.

Fields: DestinationWebhook, WebhookConfig and WebhookCredentials of Outpost's OpenAPI description.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli import Document
from cli.moving.draft import TRIGGERS, Draft, Names, object_in, rows_of
from cli.moving.filters import of_operators
from cli.secret_places import host_of

_DROPPED: Final = ("id", "tenant_id", "type", "created_at", "updated_at", "target", "target_url", "disabled_at")
_KNOWN: Final = (*_DROPPED, "topics", "filter", "config", "credentials", "delivery_metadata", "metadata")


def drafts(files: Mapping[str, object], names: Names, renamed: Mapping[str, str]) -> Iterator[Draft]:
    """A webhook for each destination; other types than `webhook` are refused."""
    for file, document in files.items():
        for index, row in enumerate(rows_of(document)):
            yield _draft(f"{file}: destination {row.get('id', index)}", row, names, renamed)


def _draft(source: str, row: Document, names: Names, renamed: Mapping[str, str]) -> Draft:
    config = object_in(row, "config")
    draft = Draft(source=source, name=names.name(row.get("id"), host_of(config.get("url"))))
    if row.get("type") != "webhook":
        draft.refuse(f"type: {row.get('type')!r} is no webhook")
        return draft
    draft.set_url(config.get("url"), "config.url")
    topics = row.get("topics")
    every = topics in ("*", ["*"])
    draft.set_triggers(TRIGGERS if every else topics if isinstance(topics, list) else (), renamed, "topics")
    _read_headers(draft, config)
    _read_signing(draft, object_in(row, "credentials"))
    _read_filter(draft, object_in(row, "filter"))
    if row.get("disabled_at"):
        draft.leave("disabled_at", f"it was disabled at {row['disabled_at']}: leave it inactive, unless you know why")
    for key in ("delivery_metadata", "metadata"):
        if values := object_in(row, key):
            draft.leave(key, f"{', '.join(values)}: a webhook keeps none; what the receiver needs can be a header")
    draft.leave_rest(config, ("url", "custom_headers"), "config.")
    draft.leave_rest(row, _KNOWN)
    return draft


def _read_headers(draft: Draft, config: Document) -> None:
    """They are JSON in a text; an older export may have them as an object."""
    headers: Any = config.get("custom_headers") or {}
    try:
        headers = json.loads(headers) if isinstance(headers, str) else headers
    except ValueError:
        headers = None
    if not isinstance(headers, dict):
        draft.leave("config.custom_headers", "is not a JSON object")
        return
    for name, value in headers.items():
        draft.add_header(name, value, f"config.custom_headers.{name}")


def _read_signing(draft: Draft, credentials: Document) -> None:
    """Only Outpost's mode `standard` signs as is done here; its secrets begin with whsec_."""
    if str(credentials.get("secret", "")).startswith("whsec_"):
        secret = draft.secret("signing secret", "whsec_…: credentials.secret of the destination")
        draft.document["signing"] = {"kind": "standard_webhooks", "secret": secret}
    else:
        why = "x-outpost-signature is not made here: have the receiver verify Standard Webhooks, and set signing"
        draft.leave("credentials.secret", why)
    draft.leave_rest(credentials, ("secret", "previous_secret", "previous_secret_invalid_at"), "credentials.")


def _read_filter(draft: Draft, schema: Document) -> None:
    draft.set_filters(of_operators(object_in(schema, "data")), "filter.data")
    for key in sorted(schema.keys() - {"data"}):
        draft.leave(f"filter.{key}", "more events pass without it: filters see the payload only, one by one")
