"""The HTTP API on loopback: template.yaml's routes, answered by the real handlers. Requests need no token here."""

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from local import gateway
from local.functions import LocalFunction
from local.http_server import Answer, Request
from local.template import Route

# API Gateway's own words where Python has others, from 3.13 on.
_PHRASES: Final = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large"}
_OUR_NAMES: Final = ("127.0.0.1", "localhost")
_FOREIGN: Final = (
    "the local stack has no sign-in: it answers programs and its own pages, at http://127.0.0.1 or http://localhost"
)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One request to the API and the status it was answered with; `error` is what the function raised."""

    request: Request
    status: int
    error: Exception | None = None


class Api:
    """Answers as API Gateway would, with the functions whose routes fit."""

    body_limit = 10 * 1024 * 1024  # API Gateway's own

    def __init__(self, *, on_answered: Callable[[Answered], None]) -> None:
        self._functions: dict[Route, LocalFunction] = {}
        self._on_answered = on_answered

    def route_to(self, functions: Iterable[LocalFunction]) -> None:
        """From now on their routes lead to these functions."""
        self._functions = {route: function for function in functions for route in function.template.routes}

    def answer(self, request: Request) -> Answer:
        """The function's answer; 404 and 405 where there is none to ask, 500 when it raised."""
        answer, error = self._ask(request)
        self._on_answered(Answered(request=request, status=answer.status, error=error))
        return answer

    def refuse(self, status: HTTPStatus) -> Answer:
        """API Gateway's answer to a request that no function gets to see."""
        return _message(status)

    def _ask(self, request: Request) -> tuple[Answer, Exception | None]:
        if _is_foreign(request):
            return _message(HTTPStatus.FORBIDDEN, words=_FOREIGN), None
        found = gateway.match(self._functions, request.method, request.target)
        if found is None:
            return self._unrouted(request), None
        event = gateway.gateway_event(request, found, now=gateway.utc_now())
        try:
            result = self._functions[found.route].invoke(event, request_id=str(uuid.uuid4()))
        except Exception as error:
            return _message(HTTPStatus.INTERNAL_SERVER_ERROR), error
        return gateway.to_answer(result), None

    def _unrouted(self, request: Request) -> Answer:
        allowed = gateway.allowed_methods(self._functions, request.target)
        if not allowed:
            return _message(HTTPStatus.NOT_FOUND)
        return _message(HTTPStatus.METHOD_NOT_ALLOWED, ("allow", ", ".join(allowed)))


def _is_foreign(request: Request) -> bool:
    """Whether a page of some other site asks, by its own name or by one that leads here: no sign-in would stop it."""
    host, origin = request.header("Host").lower(), request.header("Origin").lower()
    return host.partition(":")[0] not in _OUR_NAMES or origin not in ("", f"http://{host}")


def _message(status: HTTPStatus, *headers: tuple[str, str], words: str = "") -> Answer:
    return Answer(
        status=status,
        headers=(("content-type", "application/json"), *headers),
        body=json.dumps({"message": words or _PHRASES.get(status, status.phrase)}).encode(),
    )
