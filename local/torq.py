"""A receiver that plays Torq's webhook over HTTPS on loopback, and keeps what it received."""

import json
import ssl
import tempfile
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import trustme

from local.http_server import LOOPBACK, Answer, LoopbackServer, Request

WEBHOOK_ID: Final = "5f0c2a9e-7d1b-4e86-9a3c-1b2d3e4f5a6b"
BUSY_WEBHOOK_ID: Final = "b4d70c55-2f6e-4a91-8c03-9e1f6a7d2b48"
TOKEN: Final = "local-torq-token"
_BUSY_TIMES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request that came, and the status it was answered with."""

    request: Request
    status: int


class Torq:
    """Torq while it is entered: `url` is where events go, `ca_file` is what a client has to trust.

    It answers, in this order: 404 to a path that is none of its webhooks', 405 to any method but POST, 401 without
    `Authorization: Bearer <token>`, 503 to the first two requests at `busy_url` that have the same `webhook-id`, 429 to
    whatever exceeds `requests_per_second` accepted ones within one second, and 202 with an execution id to the rest.
    Torq's own limits are not published; this one is a round number.
    """

    body_limit = 10 * 1024 * 1024

    def __init__(
        self,
        *,
        token: str = TOKEN,
        webhook_id: str = WEBHOOK_ID,
        requests_per_second: int = 20,
        clock: Callable[[], float] = time.monotonic,
        on_received: Callable[[Received], None] = lambda _: None,
    ) -> None:
        self.token = token
        self._path = f"/v1/webhooks/{webhook_id}"
        self._busy_path = f"/v1/webhooks/{BUSY_WEBHOOK_ID}"
        self._refused: Counter[str] = Counter()
        self._requests_per_second = requests_per_second
        self._clock = clock
        self._on_received = on_received
        self._accepted: deque[float] = deque()
        self._received: list[Received] = []
        self._changed = threading.Condition()
        self._authority = trustme.CA(organization_name="Grantwire's local stack")

    def __enter__(self) -> Self:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(LOOPBACK, "localhost").configure_cert(tls)
        self._folder = tempfile.TemporaryDirectory(prefix="torq-")
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        self._server = LoopbackServer(self, tls=tls).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """The webhook's URL, in the form of https://hooks.torq.io/v1/webhooks/<id>/."""
        return f"https://{LOOPBACK}:{self._server.port}{self._path}/"

    @property
    def busy_url(self) -> str:
        """The URL of the webhook that takes each delivery at its third attempt only."""
        return f"https://{LOOPBACK}:{self._server.port}{self._busy_path}/"

    @property
    def ca_file(self) -> Path:
        """The certificate, in PEM, of the authority that issued the receiver's own."""
        return Path(self._folder.name) / "ca.pem"

    @property
    def received(self) -> tuple[Received, ...]:
        """Everything that came so far, in its order."""
        with self._changed:
            return tuple(self._received)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request that came so far, whatever it was answered with."""
        return tuple(received.request for received in self.received)

    def wait_for(self, count: int, *, timeout_seconds: float = 10.0) -> tuple[Request, ...]:
        """All requests, once there are `count` of them. Raises TimeoutError, saying how many came."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._received) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self._received)} of {count} requests came within {timeout_seconds} s")
        return self.requests

    def answer(self, request: Request) -> Answer:
        """Judges, records and answers a request."""
        with self._changed:
            answer = self._judge(request)
            received = Received(request=request, status=answer.status)
            self._received.append(received)
            self._changed.notify_all()
        self._on_received(received)
        return answer

    def refuse(self, status: HTTPStatus) -> Answer:
        """Torq's answer to a request that it could not read."""
        return _error(status)

    def _judge(self, request: Request) -> Answer:
        path = urlsplit(request.target).path.rstrip("/")
        if path not in (self._path, self._busy_path):
            return _error(HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            return _error(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "POST"))
        if request.header("Authorization") != f"Bearer {self.token}":
            return _error(HTTPStatus.UNAUTHORIZED, ("WWW-Authenticate", "Bearer"))
        if path == self._busy_path and self._is_busy_for(request.header("webhook-id")):
            return _error(HTTPStatus.SERVICE_UNAVAILABLE)
        if not self._within_limit(self._clock()):
            return _error(HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", "1"))
        return _json(HTTPStatus.ACCEPTED, {"execution_id": str(uuid.uuid4())})

    def _is_busy_for(self, delivery: str) -> bool:
        self._refused[delivery] += 1
        return self._refused[delivery] <= _BUSY_TIMES

    def _within_limit(self, now: float) -> bool:
        while self._accepted and self._accepted[0] <= now - 1.0:
            self._accepted.popleft()
        if len(self._accepted) >= self._requests_per_second:
            return False
        self._accepted.append(now)
        return True


def _error(status: HTTPStatus, *headers: tuple[str, str]) -> Answer:
    return _json(status, {"error": status.phrase}, *headers)


def _json(status: HTTPStatus, body: dict[str, str], *headers: tuple[str, str]) -> Answer:
    return Answer(
        status=status,
        headers=(("Content-Type", "application/json"), *headers),
        body=json.dumps(body).encode(),
    )
