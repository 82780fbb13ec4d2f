"""An HTTP/1.1 server on loopback, plain or TLS, that ends cleanly: with it end its connections and its threads."""

import socket
import socketserver
import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol, Self

from local.http_body import BodyTooLargeError, MalformedBodyError, read_body

LOOPBACK: Final = "127.0.0.1"
_IDLE_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """A whole request as it came; `target` is the path with its query, as the request line spells them."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header, whatever its case; empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back. Content-Length is added."""

    status: int
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    body: bytes = b""


class Responder(Protocol):
    """Whoever answers a server's requests; called by many threads at once. A body above `body_limit` is dropped."""

    body_limit: int

    def answer(self, request: Request) -> Answer:
        """The answer to a request that came whole."""

    def refuse(self, status: HTTPStatus) -> Answer:
        """The answer to one that did not: 400 for a malformed body, 413 for one above the limit."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves `responder` on 127.0.0.1 while it is entered; port 0: a free one. Raises OSError when it is taken."""

    daemon_threads = False  # so that server_close() waits for them
    allow_reuse_port = False  # two servers on one port would each get some of the requests

    def __init__(self, responder: Responder, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.responder = responder
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False
        super().__init__((LOOPBACK, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="http-server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        with self._lock:
            self._closing = True
            for connection in self._connections:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)  # SSLSocket's own is not for two threads
        self.server_close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server_port

    def server_bind(self) -> None:
        """Binds without HTTPServer's reverse lookup, which takes seconds where no name server answers."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Runs in the connection's own thread: the handshake too, so that a slow client delays nobody else."""
        request.settimeout(_IDLE_SECONDS)
        if self._tls is not None:
            request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with request:
            self._track(request)
            try:
                if self._tls is not None:
                    request.do_handshake()
                super().finish_request(request, client_address)
            finally:
                with self._lock:
                    self._connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust the certificate, may; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def _track(self, connection: socket.socket) -> None:
        with self._lock:
            if self._closing:
                raise ConnectionAbortedError("the server is closing")
            self._connections.add(connection)


class _Handler(BaseHTTPRequestHandler):
    """One connection: requests are read whole, one after the other, and answered."""

    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True  # else the answer's body waits 40 ms for the acknowledgement of its headers

    def _serve(self) -> None:
        responder = self.server.responder
        try:
            body = read_body(self.headers, self.rfile, limit=responder.body_limit)
        except MalformedBodyError:
            self.close_connection = True
            answer = responder.refuse(HTTPStatus.BAD_REQUEST)
        except BodyTooLargeError:
            answer = responder.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            headers = tuple((name, str(value)) for name, value in self.headers.items())
            answer = responder.answer(Request(method=self.command, target=self.path, headers=headers, body=body))
        self._write(answer)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 (http.server's names)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Says nothing: what came is told by whoever answers."""
