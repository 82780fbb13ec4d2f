"""What hostile cases stand in: an authority, ways out, receivers of their own, and a look at whom was called."""

import contextlib
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from grantwire.egress import AddressInfo, Egress
from grantwire.models import Exchange, HttpRequest
from tests.hostile.metering import Meter
from tests.receivers import Authority, Received, answer

LONGEST_SECONDS: Final = 4.0  # after which a hostile receiver stops by itself, whatever its case has shown

Attack = Callable[["Peer"], None]


@dataclass(frozen=True)
class Peer:
    """A receiver's side of a connection, before its handshake."""

    raw: socket.socket
    context: ssl.SSLContext
    until: float
    opened: list[socket.socket]
    ended: threading.Event

    def tls(self) -> ssl.SSLSocket:
        """The connection, once the handshake is made."""
        sock = self.context.wrap_socket(self.raw, server_side=True, do_handshake_on_connect=False)
        self.opened.append(sock)
        sock.do_handshake()
        return sock

    def request(self) -> ssl.SSLSocket:
        """The connection, once a whole request has come."""
        sock = self.tls()
        whole_request(sock)
        return sock

    def keep_on(self) -> bool:
        """Whether there is time left to go on being hostile, and somebody to be hostile to."""
        return time.monotonic() < self.until and not self.ended.is_set()

    def reset(self, sock: socket.socket) -> None:
        """Close at once, with a reset instead of an end."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()


class _Nowhere:
    """Where requests are noted that nobody asks for."""

    requests: list[bytes]

    def __init__(self) -> None:
        self.requests, self.arrived = [], threading.Condition()


def whole_request(sock: ssl.SSLSocket) -> bytes:
    """The next request, head and body; empty when there is none."""
    return Received(sock, _Nowhere()).request()  # type: ignore[arg-type]


def echo(peer: Peer) -> None:
    """A receiver as it should be: the answer to a request is the request's own body."""
    sock = peer.tls()
    while request := whole_request(sock):
        sock.sendall(answer("200 OK", request.partition(b"\r\n\r\n")[2]))


@dataclass
class Listening:
    """A receiver: hostile to its first connection, and as it should be from then on."""

    port: int
    connections: int = 0
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://localhost:{self.port}/hook"


@contextlib.contextmanager
def listening(attack: Attack, context: ssl.SSLContext, good: ssl.SSLContext | None = None) -> Iterator[Listening]:
    """A receiver that does `attack` to its first connection and is as it should be to all others."""
    open_sockets: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver, ended = Listening(listener.getsockname()[1]), threading.Event()

        def serve(raw: socket.socket, number: int) -> None:
            raw.settimeout(LONGEST_SECONDS)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            hostile = number == 1
            until = time.monotonic() + LONGEST_SECONDS
            peer = Peer(raw, context if hostile else good or context, until, open_sockets, ended)
            with contextlib.suppress(OSError, ValueError):
                (attack if hostile else echo)(peer)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    raw, _ = listener.accept()
                    receiver.connections += 1
                    open_sockets.append(raw)
                    thread = threading.Thread(target=serve, args=(raw, receiver.connections), daemon=True)
                    receiver.threads.append(thread)
                    thread.start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield receiver
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for sock in open_sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *receiver.threads):
                thread.join(timeout=5)
            for sock in open_sockets:
                sock.close()


def request(url: str, body: bytes = b'{"n":1}', *headers: tuple[str, str]) -> HttpRequest:
    """A POST of some JSON."""
    return HttpRequest(method="POST", url=url, headers=(("Content-Type", "application/json"), *headers), body=body)


def resolving(*addresses: str) -> Callable[[str, int], list[AddressInfo]]:
    """A resolver that gives these addresses for every name."""

    def resolve(host: str, port: int) -> list[AddressInfo]:
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return resolve


def words(exchange: Exchange) -> str:
    """What a user reads of an exchange."""
    if exchange.failure:
        return exchange.failure.sentence
    assert exchange.response is not None
    cut = ", cut off at 64 KB" if exchange.response.truncated else ""
    return f"answered {exchange.response.status} with {len(exchange.response.body)} bytes{cut}"


class World:
    """Made once for all cases."""

    def __init__(self, folder: Path | None = None, *, of_memory: bool = True) -> None:
        self._temporary = None if folder else tempfile.TemporaryDirectory()
        self.authority = Authority(folder or Path(self._temporary.name))  # type: ignore[union-attr]
        self.context = self.authority.server_context()
        self.stranger = Authority(self._folder(folder, "stranger"))
        self.meter = Meter(of_memory=of_memory)

    def _folder(self, folder: Path | None, name: str) -> Path:
        made = (folder or Path(self._temporary.name)) / name  # type: ignore[union-attr]
        made.mkdir()
        return made

    def egress(self, **options: Any) -> Egress:
        """A way out that may call loopback and trusts the authority."""
        given: dict[str, Any] = {"permit_loopback": True, "certificate_authorities": str(self.authority.file)} | options
        return Egress(**given)

    def send(self, egress: Egress, what: HttpRequest, *, seconds: float) -> Exchange:
        """Send, and stop measuring: what a case does afterwards is not counted."""
        exchange = egress.send(what, timeout_seconds=seconds)
        self.meter.stop()
        return exchange

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The addresses that sockets are connected to meanwhile; none of them is reached."""
        called: list[str] = []

        def connect(sock: socket.socket, address: Any) -> None:
            called.append(str(address[0]))
            raise ConnectionRefusedError(111, "Connection refused")

        before = socket.socket.connect
        socket.socket.connect = connect  # type: ignore[method-assign, assignment]
        try:
            yield called
        finally:
            socket.socket.connect = before  # type: ignore[method-assign]
