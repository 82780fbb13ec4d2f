"""HTTP: webhooks are listed, created, read, changed, duplicated and deleted. docs/api.md is the guide to it."""

import base64
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

import delivery_routes
from answering import json_answer, json_object
from grantwire import recently, wiring
from grantwire.errors import InvalidWebhookError, Problem, StaleVersionError
from grantwire.managing import Page, Saved, WebhookKeeper, summary_document
from grantwire.reading import Reader, shown
from grantwire.settings import webhooks_settings
from grantwire.stores import clients
from grantwire.stores.secrets import KmsSecrets
from grantwire.urls import host_of

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]
IfMatch = Annotated[
    str | None,
    Header(alias="if-match", description="the ETag of the version that is changed, or `*` for any"),
]
TRIES = 3
AT_ONCE = 16  # reads of a page of webhooks, which has at most 100
T = TypeVar("T")
_VERSION = re.compile(r'"([1-9][0-9]{0,14})"')


@cache
def keeper() -> WebhookKeeper:
    """Wired together at the first request, and kept while the process is warm."""
    settings = webhooks_settings()
    return WebhookKeeper(
        webhooks=wiring.webhook_store(settings.webhooks_table),
        secrets=KmsSecrets(client=clients.kms, key_id=settings.secrets_key),
        clock=time.time,
    )


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, "recent")


@router.get("/api/webhooks")
def webhooks(
    search: Annotated[str, Query(max_length=64, description="a part of the name, whatever the case")] = "",
    status: Annotated[Literal["active", "inactive"] | None, Query(description="only these")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="how many at most")] = 50,
    cursor: Annotated[str, Query(max_length=200, description="`next_cursor` of the page before")] = "",
    also: Annotated[
        Literal["recent"] | None, Query(alias="with", description="recent: how each did in the last 24 hours")
    ] = None,
) -> Response[Any]:
    """Webhooks by name: `items` and `next_cursor`, null at the end."""
    _refuse_unknown("search", "status", "limit", "cursor", "with")
    active = None if status is None else status == "active"
    page = keeper().page(after=_position(cursor), limit=limit, search=search, active=active)
    items = [summary_document(one) for one in page.items]
    if also == "recent":
        items = [one | {"recent": recent} for one, recent in zip(items, _recently(page), strict=True)]
    return json_answer({"items": items, "next_cursor": _cursor(page.after) if page.after else None})


def _recently(page: Page) -> list[dict[str, object]]:
    ids = [one.id for one in page.items]
    return recently.of_webhooks(ids, pages=delivery_routes.pages(), executor=_readers(), now=time.time())


def _refuse_unknown(*known: str) -> None:
    """A misspelt filter that were passed over would have everything listed."""
    reader = Reader()
    reader.known("", router.current_event.query_string_parameters or {}, *known)
    if reader.problems:
        raise InvalidWebhookError(reader.problems)


@router.post("/api/webhooks", status_code=201)
def create() -> Response[Any]:
    """Store a new webhook."""
    return _created(keeper().create(_document()))


@router.get("/api/webhooks/<webhook_id>")
def webhook(webhook_id: str) -> Response[Any]:
    """The webhook with secrets masked, and its health."""
    found = keeper().find(webhook_id)
    if found is None:
        raise _not_there(webhook_id)
    return json_answer(found, headers=_etag(found["version"]))


@router.put("/api/webhooks/<webhook_id>")
def replace(webhook_id: str, if_match: IfMatch = None) -> Response[Any]:
    """Store a whole document in place of the one that is stored; the mask keeps a secret."""
    expected, document = _expected(if_match), _document()
    return _changed(webhook_id, _tried(lambda: keeper().replace(webhook_id, document, expected), expected))


@router.patch("/api/webhooks/<webhook_id>")
def change(webhook_id: str, if_match: IfMatch = None) -> Response[Any]:
    """Change fields by a JSON merge patch (RFC 7396) of the document as it is shown."""
    expected, patch = _expected(if_match), _document()
    return _changed(webhook_id, _tried(lambda: keeper().change(webhook_id, patch, expected), expected))


@router.delete("/api/webhooks/<webhook_id>", status_code=204)
def delete(webhook_id: str, if_match: IfMatch = None) -> Response[Any]:
    """Delete the webhook; deliveries that wait for it end as failed."""
    expected = _expected(if_match)
    if not _tried(lambda: keeper().delete(webhook_id, expected), expected):
        raise _not_there(webhook_id)
    return Response(204)


@router.post("/api/webhooks/<webhook_id>/duplicate", status_code=201)
def duplicate(webhook_id: str) -> Response[Any]:
    """Store a copy: inactive, under a name of its own, without the secrets."""
    copy = keeper().duplicate(webhook_id)
    if copy is None:
        raise _not_there(webhook_id)
    return _created(copy)


@router.post("/api/webhooks/<webhook_id>/signing/rotate")
def rotate_signing(webhook_id: str, if_match: IfMatch = None) -> Response[Any]:
    """Sign with a new secret, shown this once; for 24 hours requests bear both signatures."""
    expected = _expected(if_match)
    return _changed(webhook_id, _tried(lambda: keeper().rotate_signing(webhook_id, expected), expected))


def _document() -> dict[str, Any]:
    """The body, which names no URL of this very API: its events would come back to it for ever."""
    document = json_object(router.current_event)
    url, own_host = document.get("url"), router.current_event.request_context.domain_name
    if isinstance(url, str) and host_of(url) == own_host:
        rule = "is Grantwire's own API: its events would come back to it for ever"
        raise InvalidWebhookError([Problem("url", shown(url), rule)])
    return document


def _tried(change: Callable[[], T], expected: int | None) -> T:
    """What the change comes to; once more when any version would have done and another change was faster."""
    for _ in range(TRIES if expected is None else 0):
        with suppress(StaleVersionError):
            return change()
    return change()


def _created(saved: Saved) -> Response[Any]:
    webhook = saved.document
    return json_answer(webhook, 201, {"Location": f"/api/webhooks/{webhook['id']}", **_etag(webhook["version"])})


def _changed(webhook_id: str, saved: Saved | None) -> Response[Any]:
    if saved is None:
        raise _not_there(webhook_id)
    return json_answer(saved.document, headers=_etag(saved.document["version"]))


def _etag(version: object) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def _expected(if_match: str | None) -> int | None:
    """The version that is to be changed; None for any. What is no version of ours (RFC 9110, 13.1.1) is never there."""
    if not if_match:
        raise ServiceError(
            428, 'the header If-Match is missing: read the webhook and send its ETag, as in If-Match: "3"'
        )
    found = _VERSION.fullmatch(if_match.strip())
    return None if if_match.strip() == "*" else int(found[1]) if found else -1


def _not_there(webhook_id: str) -> NotFoundError:
    return NotFoundError(f"there is no webhook {webhook_id}")


def _cursor(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def _position(cursor: str) -> str:
    """The name in a cursor, which is no secret: whoever may list webhooks may begin anywhere."""
    try:
        position = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        position = ""
    if _cursor(position) != cursor:
        rule = "is no cursor: pass on next_cursor as it came, or begin without one"
        raise InvalidWebhookError([Problem("cursor", f'"{cursor[:80]}"', rule)])
    return position
