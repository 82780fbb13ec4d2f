"""One HTTPS exchange with a URL that may be hostile.

The name is resolved once, every address is checked, and the connection goes to an address that was checked; the name
stays in SNI, in the certificate's check and in `Host`. Nothing is followed, one deadline bounds everything from the
look-up to the last byte, and of the answer at most 64 KB are read. What the receiver does is a value, no exception.
"""

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import cached_property
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from grantwire.addresses import refusal
from grantwire.answers import StrictResponse
from grantwire.connections import WholeRequests
from grantwire.failures import failure_of
from grantwire.frozen import frozen
from grantwire.models import Exchange, Failure, FailureKind, HttpRequest, HttpResponse, Timings
from grantwire.urls import Url, host_is_allowed, parse_url

MAX_RESPONSE_BYTES: Final = 64 * 1024
MAX_HEAD_BYTES: Final = 64 * 1024
_CHUNK: Final = 16 * 1024
_KEPT_HOSTS, _KEPT_PER_HOST = 100, 64
_DEAD_SECONDS: Final = 0.5  # that a kept connection is dead shows within a round trip; later, the receiver has worked

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its warnings quote URLs and raw header lines

AddressInfo = tuple[int, int, int, str, Any]  # as socket.getaddrinfo gives them
Resolve = Callable[[str, int], list[AddressInfo]]


def resolve(host: str, port: int) -> list[AddressInfo]:
    """The system's resolver."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]


class _StoppedError(Exception):
    """The exchange ends before a connection stands."""

    def __init__(self, kind: FailureKind, sentence: str) -> None:
        super().__init__(sentence)
        self.failure = Failure(kind, sentence)


class _Trace:
    """One exchange as it goes: its deadline, and what each phase took. Marks are in the clock's seconds."""

    def __init__(self, egress: "Egress", timeout_seconds: float) -> None:
        self.egress = egress
        self.started = egress.clock()
        self.deadline = self.started + timeout_seconds
        self.dns: float | None = None
        self.connect: float | None = None
        self.tls: float | None = None
        self.first_byte: float | None = None
        self.remote_address: str | None = None
        self.head_bytes = 0
        self.head_is_read = False

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self.deadline - self.egress.clock()
        if left <= 0:
            raise TimeoutError
        return left

    @property
    def reused_connection(self) -> bool:
        return self.connect is None

    def timings(self) -> Timings:
        now = self.egress.clock()
        return Timings(
            dns=_milliseconds(self.dns),
            connect=_milliseconds(self.connect),
            tls=_milliseconds(self.tls),
            first_byte=_milliseconds(self.first_byte and self.first_byte - self.started),
            total=round((now - self.started) * 1000, 2),
        )


_MAKING: Final = threading.Lock()
_current: ContextVar[_Trace] = ContextVar("exchange")


class _DeadlineSocket(ssl.SSLSocket):
    """A TLS socket whose every wait ends at the exchange's deadline, however slowly bytes drip in."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        trace = _current.get()
        self.settimeout(trace.remaining())
        count = super().recv_into(buffer, nbytes, flags)
        if count and trace.first_byte is None:
            trace.first_byte = trace.egress.clock()
        if not trace.head_is_read:
            trace.head_bytes += count
            if trace.head_bytes > MAX_HEAD_BYTES:
                raise _StoppedError(FailureKind.PROTOCOL, "the answer's head is longer than 64 KB")
        return count

    def send(self, data: Any, flags: int = 0) -> int:
        trace = _current.get()
        self.settimeout(trace.remaining())
        if trace.remote_address is None:  # the connection was kept from another exchange
            trace.remote_address = self.getpeername()[0]
        return super().send(data, flags)


class _CheckedConnection(WholeRequests, HTTPSConnection):
    """Resolves once, checks every address, and connects to one of those."""

    response_class = StrictResponse

    def _new_conn(self) -> socket.socket:
        trace = _current.get()
        started = trace.egress.clock()
        addresses = trace.egress.addresses_of(self._dns_host, self.port or 443, trace)
        resolved = trace.egress.clock()
        trace.dns = resolved - started
        sock = _connected(addresses, trace)
        trace.connect = trace.egress.clock() - resolved
        return sock

    def connect(self) -> None:
        trace = _current.get()
        super().connect()
        now = trace.egress.clock()
        trace.tls = now - trace.started - (trace.dns or 0) - (trace.connect or 0)

    @property
    def is_connected(self) -> bool:
        """A kept connection with bytes nobody asked for is not used again: they would be taken for the next answer."""
        return super().is_connected and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending())


class _CheckedPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedConnection


@frozen(kw_only=False)
class Egress:
    """The way out. Keep one for the life of a process: it keeps connections for the next delivery to the same host.

    `own_host` is Grantwire's own API, which no webhook may call (docs/decisions.md); empty when it is not known.
    `permit_loopback` and `certificate_authorities` (a PEM file) are for tests and the local stack.
    """

    allowed_hosts: tuple[str, ...] = ()
    own_host: str = ""
    permit_loopback: bool = False
    certificate_authorities: str | None = None
    resolve: Resolve = resolve
    clock: Callable[[], float] = time.monotonic

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        """Send `request` and read the answer, all within `timeout_seconds`."""
        trace = _Trace(self, timeout_seconds)
        token = _current.set(trace)
        try:
            url = self._checked_url(request.url)
            response, failure = self._exchange(self._pool(url), url, request), None
        except _StoppedError as stopped:
            response, failure = None, stopped.failure
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            response, failure = (
                None,
                failure_of(exc, answered=trace.first_byte is not None, timeout_seconds=timeout_seconds),
            )
        finally:
            _current.reset(token)
        return Exchange(
            response=response, failure=failure, timings=trace.timings(), remote_address=trace.remote_address
        )

    def addresses_of(self, host: str, port: int, trace: _Trace) -> list[AddressInfo]:
        """The addresses of `host`, all of them checked."""
        addresses = _within(trace.remaining(), lambda: self.resolve(host, port))
        for *_, sockaddr in addresses:
            reason = refusal(sockaddr[0], permit_loopback=self.permit_loopback)
            if reason:
                sentence = f"{host} resolves to {sockaddr[0]}, {reason}: only public addresses may be called"
                raise _StoppedError(FailureKind.ADDRESS_NOT_ALLOWED, sentence)
        if not addresses:
            raise _StoppedError(FailureKind.DNS, f"{host} has no address")
        return addresses

    def _checked_url(self, text: str) -> Url:
        try:
            url = parse_url(text)
        except ValueError as exc:
            raise _StoppedError(FailureKind.URL_UNUSABLE, f"the URL {exc}") from exc
        if not host_is_allowed(url.host, self.allowed_hosts):
            raise _StoppedError(FailureKind.ADDRESS_NOT_ALLOWED, f"{url.host} is not among the allowed hosts")
        if url.authority == self.own_host:
            sentence = f"{url.host} is Grantwire's own API: its events would come back to it for ever"
            raise _StoppedError(FailureKind.ADDRESS_NOT_ALLOWED, sentence)
        return url

    def _exchange(self, pool: HTTPConnectionPool, url: Url, request: HttpRequest) -> HttpResponse:
        """One exchange; a kept connection that shows to be dead before any byte of the answer came is replaced once."""
        trace = _current.get()
        try:
            return _exchanged(pool, url, request)
        except (urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError):
            late = self.clock() - trace.started > _DEAD_SECONDS
            if late or not trace.reused_connection or trace.first_byte is not None:
                raise
        with _CheckedPool(url.host, url.port, ssl_context=self._tls, retries=False) as fresh:
            return _exchanged(fresh, url, request)

    def _pool(self, url: Url) -> HTTPConnectionPool:
        """The kept connections to a host. Made under a lock: two threads would make two of everything."""
        with _MAKING:
            return self._pools.connection_from_host(url.host, url.port, "https")

    @cached_property
    def _pools(self) -> PoolManager:
        pools = PoolManager(num_pools=_KEPT_HOSTS, maxsize=_KEPT_PER_HOST, ssl_context=self._tls, retries=False)
        pools.pool_classes_by_scheme = {"https": _CheckedPool}
        return pools

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.certificate_authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _DeadlineSocket
        return context

    def prepare(self) -> None:
        """Read whom to trust, which the first exchange would do otherwise: 20 ms of CPU."""
        _ = self._pools

    def close(self) -> None:
        """Close the kept connections."""
        self._pools.clear()


def _exchanged(pool: HTTPConnectionPool, url: Url, request: HttpRequest) -> HttpResponse:
    sent_headers = {name: value.encode("utf-8", "replace") for name, value in request.headers}
    response = pool.urlopen(
        request.method,
        url.target,
        body=request.body or (None if request.method in ("GET", "DELETE") else b""),
        headers=sent_headers,  # type: ignore[arg-type]
        retries=False,
        redirect=False,
        preload_content=False,
        timeout=_current.get().remaining(),
        assert_same_host=False,
    )
    _current.get().head_is_read = True
    try:
        body = bytearray()
        while len(body) <= MAX_RESPONSE_BYTES and (chunk := response.read(_CHUNK)):
            body += chunk
    except urllib3.exceptions.DecodeError as exc:
        raise _StoppedError(FailureKind.PROTOCOL, "the answer's compression cannot be undone") from exc
    finally:
        response.close()  # gives up what was not read; a connection read to its end is in the pool by now
    return HttpResponse(
        status=response.status,
        headers=tuple(response.headers.items()),
        body=bytes(body[:MAX_RESPONSE_BYTES]),
        truncated=len(body) > MAX_RESPONSE_BYTES,
    )


def _connected(addresses: list[AddressInfo], trace: _Trace) -> socket.socket:
    """A socket connected to the first address that answers; each has an equal share of the time that is left."""
    reason: OSError | None = None
    for index, (family, kind, protocol, _, sockaddr) in enumerate(addresses):
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            trace.remote_address = sockaddr[0]
            sock.settimeout(trace.remaining() / (len(addresses) - index))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(sockaddr)
            sock.settimeout(trace.remaining())  # the handshake's bound
        except OSError as exc:
            if sock:
                sock.close()
            reason = exc
        else:
            return sock
    if isinstance(reason, TimeoutError):
        raise reason
    raise _StoppedError(FailureKind.CONNECT, f"no connection: {(reason and reason.strerror) or 'refused'}".lower())


def _within(seconds: float, lookup: Callable[[], list[AddressInfo]]) -> list[AddressInfo]:
    """The look-up's answer; TimeoutError after `seconds`, since the system's resolver has no timeout of its own."""
    answers: queue.SimpleQueue[list[AddressInfo] | OSError | UnicodeError] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(lookup())
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=run, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, list):
        return answer
    raise _StoppedError(FailureKind.DNS, "the host name cannot be resolved") from answer


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
