"""Convoy: subscriptions as `GET /api/v1/projects/{project_id}/subscriptions` lists them, each with its endpoint.

Fields: Subscription and Endpoint of Convoy's datastore. An endpoint that is not in
`endpoint_metadata` is looked for by its `uid` in the other files, which may hold what `GET …/endpoints` lists.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli import Document
from cli.moving.draft import TRIGGERS, Draft, Names, list_in, object_in, rows_of
from cli.moving.filters import of_operators

_MOST_SECONDS, _MOST_ATTEMPTS = 30, 11
_DROPPED: Final = (
    "uid",
    "name",
    "type",
    "project_id",
    "created_at",
    "updated_at",
    "deleted_at",
    "status",
    "alert_config",
)
_KNOWN: Final = (
    *(*_DROPPED, "endpoint_metadata", "endpoint_id", "endpoint", "source_metadata", "source_id", "device_metadata"),
    *("filter_config", "function", "rate_limit_config", "retry_config", "delivery_mode"),
)
_ENDPOINT_DROPPED: Final = (
    *("uid", "project_id", "owner_id", "title", "name", "description", "created_at", "updated_at", "deleted_at"),
    *("events", "failure_rate", "target_url", "url", "http_timeout", "status", "authentication", "secrets"),
)
_ENDPOINT_KNOWN: Final = (
    *(*_ENDPOINT_DROPPED, "advanced_signatures", "rate_limit", "rate_limit_duration", "support_email"),
    *("slack_webhook_url", "content_type"),
)
_SECONDS: Final = re.compile(r"(?:(\d+)m)?(?:(\d+)s)?")


def drafts(files: Mapping[str, object], names: Names, renamed: Mapping[str, str]) -> Iterator[Draft]:
    """A webhook for each subscription."""
    rows = [(file, row) for file, document in files.items() for row in rows_of(document)]
    endpoints = {row.get("uid"): row for _, row in rows if _is_endpoint(row)}
    for file, row in rows:
        if not _is_endpoint(row):
            yield _draft(f"{file}: subscription {row.get('uid', '')}", row, endpoints, names, renamed)


def _is_endpoint(row: Document) -> bool:
    return ("target_url" in row or "url" in row) and "filter_config" not in row


def _draft(
    source: str, row: Document, endpoints: Mapping[Any, Document], names: Names, renamed: Mapping[str, str]
) -> Draft:
    endpoint = object_in(row, "endpoint_metadata") or endpoints.get(row.get("endpoint_id") or row.get("endpoint")) or {}
    draft = Draft(source=source, name=names.name(row.get("name"), endpoint.get("title"), endpoint.get("name")))
    if row.get("type") == "incoming":
        draft.refuse("type: an incoming subscription receives webhooks; Grantwire sends them")
    draft.set_url(endpoint.get("target_url") or endpoint.get("url"), "endpoint_metadata.target_url")
    config = object_in(row, "filter_config")
    types = list_in(config, "event_types") or ["*"]
    draft.set_triggers(TRIGGERS if "*" in types else types, renamed, "filter_config.event_types")
    _read_filter(draft, object_in(config, "filter"))
    _read_endpoint(draft, endpoint)
    _read_retry(draft, object_in(row, "retry_config"))
    if row.get("function"):
        draft.leave("function", "is JavaScript: write what it makes as body_template; the whole payload is sent now")
    if limit := object_in(row, "rate_limit_config"):
        _read_rate(draft, limit.get("count"), limit.get("duration"), "rate_limit_config")
    elif count := endpoint.get("rate_limit"):
        _read_rate(draft, count, endpoint.get("rate_limit_duration"), "endpoint.rate_limit")
    if row.get("alert_config"):
        draft.leave("alert_config", "there are no alerts by mail: DeliveryFailed and WebhookDisabled are on the bus")
    if row.get("delivery_mode") == "at_most_once":
        draft.leave("delivery_mode", "at_most_once: set retry.max_attempts to 1; a replay still sends again")
    draft.leave_rest(row, _KNOWN)
    return draft


def _read_filter(draft: Draft, filters: Document) -> None:
    draft.set_filters(of_operators(object_in(filters, "body")), "filter_config.filter.body")
    for key in sorted(filters.keys() - {"body", "is_flattened"}):
        if filters[key]:
            draft.leave(f"filter_config.filter.{key}", "more events pass without it: filters see the payload only")


def _read_endpoint(draft: Draft, endpoint: Document) -> None:
    key = object_in(object_in(endpoint, "authentication"), "api_key")
    if key.get("header_name"):
        value = draft.secret("api key", f"the value of header {key['header_name']}")
        draft.document["authentication"] = {"kind": "api_key", "header": key["header_name"], "value": value}
    elif endpoint.get("authentication"):
        draft.leave(
            "endpoint.authentication", f"{endpoint['authentication'].get('type')!r}: set authentication by hand"
        )
    draft.leave(
        "endpoint.secrets",
        "X-Convoy-Signature is not made here: have the receiver verify Standard Webhooks, and set signing",
    )
    if endpoint.get("status") not in (None, "active"):
        draft.leave("endpoint.status", f"it was {endpoint['status']}: leave it inactive, unless you know why")
    if endpoint.get("content_type") not in (None, "", "application/json"):
        draft.leave("endpoint.content_type", f"{endpoint['content_type']}: set the header, and a body to go with it")
    for name in ("support_email", "slack_webhook_url"):
        if endpoint.get(name):
            draft.leave(f"endpoint.{name}", "nobody is written to: DeliveryFailed and WebhookDisabled are on the bus")
    if seconds := _seconds(endpoint.get("http_timeout")):
        draft.document["timeout_seconds"] = min(seconds, _MOST_SECONDS)
        if seconds > _MOST_SECONDS:
            draft.leave("endpoint.http_timeout", f"{seconds} s: {_MOST_SECONDS} is the most")
    draft.leave_rest(endpoint, _ENDPOINT_KNOWN, "endpoint.")


def _read_rate(draft: Draft, count: object, duration: object, path: str) -> None:
    """So many in so many seconds, 1 if nothing is said; the subscription's goes before its endpoint's."""
    seconds = _seconds(duration) or 1
    draft.set_pace(count / seconds if isinstance(count, int) else count, path)


def _read_retry(draft: Draft, retry: Document) -> None:
    count = retry.get("retry_count")
    if not isinstance(count, int):
        return
    draft.document["retry"] = {"max_attempts": min(count + 1, _MOST_ATTEMPTS)}
    told = f"{count} retries, {retry['type']}" if retry.get("type") else f"{count} retries"
    draft.leave("retry_config", f"{told}: the waits are Grantwire's own, 5 s to 24 h")


def _seconds(timeout: object) -> int:
    """Of a number of seconds, or Go's `1m30s`; 0 when it is neither."""
    if isinstance(timeout, int):
        return timeout
    found = _SECONDS.fullmatch(timeout) if isinstance(timeout, str) else None
    return int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
