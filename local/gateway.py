"""API Gateway's HTTP API in payload format 2.0: finds the route, makes the event, reads the function's answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, unquote

from local.http_server import LOOPBACK, Answer, Request
from local.template import LOCAL_NAMES, Route

# Bodies of other types come in base64, a missing type and forms included (curl's default). AWS documents only that
# "binary" ones do; this is what it was seen to do.
_TEXT: Final = re.compile(r"text/.*|application/(json|xml|javascript)")
_API_ID: Final = "local"
_SCOPES: Final = "grantwire/read grantwire/write grantwire/test"


@dataclass(frozen=True, kw_only=True)
class Match:
    """The route of a request, and what its placeholders stand for."""

    route: Route
    parameters: Mapping[str, str]


def match(routes: Iterable[Route], method: str, target: str) -> Match | None:
    """The route for a method and a target; one without placeholders comes before one with them."""
    path = _path(target)
    for route in sorted(routes, key=lambda route: route.path.count("{")):
        found = _pattern(route).fullmatch(path)
        if found and route.method in (method, "ANY"):
            return Match(route=route, parameters=found.groupdict())
    return None


def allowed_methods(routes: Iterable[Route], target: str) -> tuple[str, ...]:
    """The methods that have a route for this target."""
    path = _path(target)
    return tuple(sorted({route.method for route in routes if _pattern(route).fullmatch(path)}))


def gateway_event(request: Request, found: Match, *, now: datetime) -> dict[str, object]:
    """The event that API Gateway sends for a request, by a caller whose token has every scope."""
    headers = _joined((name.lower(), value) for name, value in request.headers)
    cookies = [cookie for name, value in request.headers if name.lower() == "cookie" for cookie in value.split("; ")]
    headers.pop("cookie", None)
    query = request.target.partition("?")[2]
    body, is_base64 = _body(request)
    route_key = f"{found.route.method} {found.route.path}"
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": _path(request.target),
        "rawQueryString": query,
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": _joined(parse_qsl(query, keep_blank_values=True))} if query else {}),
        "requestContext": _request_context(request, route_key, now),
        **({"pathParameters": dict(found.parameters)} if found.parameters else {}),
        **({"body": body} if request.body else {}),
        "isBase64Encoded": is_base64,
    }


def to_answer(result: object) -> Answer:
    """What API Gateway makes of a function's result; one without `statusCode` is itself the body of a 200."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(status=200, body=json.dumps(result).encode())
    body = str(result.get("body") or "")
    headers = {
        "content-type": "text/plain;charset=UTF-8",
        **{k.lower(): v for k, v in (result.get("headers") or {}).items()},
    }
    return Answer(
        status=int(result["statusCode"]),
        headers=(
            *((name, str(value)) for name, value in headers.items()),
            *(("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()),
        ),
        body=base64.b64decode(body) if result.get("isBase64Encoded") else body.encode(),
    )


def _path(target: str) -> str:
    """The path, percent-decoded: that is how an HTTP API hands it over, `rawPath` included."""
    return unquote(target.partition("?")[0])


def _pattern(route: Route) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", route.path)  # text and the names of placeholders take turns
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One value per name; several are joined by commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: Request) -> tuple[str, bool]:
    content_type = request.header("Content-Type").partition(";")[0].strip().lower()
    if _TEXT.fullmatch(content_type):
        return request.body.decode(errors="replace"), False
    return base64.b64encode(request.body).decode(), bool(request.body)


def _request_context(request: Request, route_key: str, now: datetime) -> dict[str, object]:
    account = LOCAL_NAMES["AWS::AccountId"]
    host = request.header("Host")
    return {
        "accountId": account,
        "apiId": _API_ID,
        "authorizer": {"jwt": {"claims": {"sub": "local", "scope": _SCOPES}, "scopes": _SCOPES.split()}},
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": _path(request.target),
            "protocol": "HTTP/1.1",
            "sourceIp": LOOPBACK,
            "userAgent": request.header("User-Agent"),
        },
        "requestId": uuid.uuid4().hex[:15] + "=",
        "routeKey": route_key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def utc_now() -> datetime:
    """The time by which API Gateway dates an event."""
    return datetime.now(UTC)
