"""Receivers that mean harm, over real sockets and TLS.

Each attacks the first connection it is given. What is sent to it next, by the same process, must get its own answer.
"""

import gzip
import os
import socket
import ssl
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Final

from tests.hostile.cases import Came, Case
from tests.hostile.world import Attack, Peer, World, listening, request, whole_request, words
from tests.receivers import answer

_SECONDS: Final = 1.0  # the deadline of what takes its whole deadline
_NO_ANSWER, _INCOMPLETE = "no answer came within 1 second", "the answer was not complete within 1 second"
_LOST_BEFORE = "the receiver closed the connection before an answer came"
_LOST_WITHIN = "the receiver closed the connection before the answer was complete"
_NOT_HTTP = "the answer is not HTTP/1.1"
_HEAD = (
    "the answer's head is (longer than 64 KB|malformed or has more than 100 headers)|a line of the answer is longer.*"
)
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_GZIP: Final = _OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
_BLOCK: Final = b"x" * 65536
_GZIP_HEAD: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\3"


def cases() -> Iterator[Case]:
    """All of the family."""
    yield from _resets()
    yield from _silences()
    yield from _heads()
    yield from _lengths()
    yield from _floods()
    yield from _certificates()
    yield from _unasked()


def _case(name: str, attack: Attack, expects: str, *, whole_deadline: bool = False, slow: bool = False) -> Case:
    """`whole_deadline`: it is meant to last until the deadline, and so it is left to `make hostile`."""
    seconds = _SECONDS if whole_deadline else 5.0
    return Case(
        family="receivers",
        name=name,
        attack=partial(_attacked, attack, seconds),
        expects=expects,
        within=seconds,
        slow=slow or whole_deadline,
    )


def _attacked(
    attack: Attack, seconds: float, world: World, *, context: ssl.SSLContext | None = None, body: bytes = b'{"n":1}'
) -> Came:
    egress = world.egress()
    with listening(attack, context or world.context, good=world.context) as receiver:
        exchange = world.send(egress, request(receiver.url, body), seconds=seconds)
        time.sleep(0.03 if exchange.response else 0)  # what comes unasked has come by then
        harm = _harm(egress, receiver.url)
        egress.close()
    return Came(outcome=words(exchange), harm=harm)


def _harm(egress: object, url: str) -> str:
    """What is wrong with the next two deliveries to the same host; each must get an answer of its own."""
    for number in (2, 3):
        body = b'{"n":%d}' % number
        exchange = egress.send(request(url, body), timeout_seconds=2)  # type: ignore[attr-defined]
        if exchange.response is None or exchange.response.body != body:
            got = words(exchange) if exchange.response is None else repr(exchange.response.body[:40])
            return f"delivery {number} to the host got {got}"
    return ""


# Resets, at each phase ------------------------------------------------------------------------------------------------
def _resets() -> Iterator[Case]:
    lost, cut = f"{_LOST_BEFORE}|no secure connection: .*|no connection: connection reset by peer", _LOST_WITHIN
    either = f"{_LOST_BEFORE}|{_LOST_WITHIN}"  # a reset may take away what came before it
    yield _case("reset when connected", lambda peer: peer.reset(peer.raw), lost)
    yield _case("closed when connected", lambda peer: peer.raw.close(), lost)
    yield _case("reset within the handshake", _reset_in_handshake, lost)
    yield _case("reset after the handshake", lambda peer: peer.reset(peer.tls()), lost)
    yield _case("reset within the request", _reset_in_request, lost)
    yield _case("reset after the request", lambda peer: peer.reset(peer.request()), lost)
    yield _case("closed after the request", lambda peer: peer.request().close(), lost)
    yield _case("reset within the status line", partial(_then_reset, b"HTTP/1."), f"{_NOT_HTTP}|{either}")
    yield _case("reset within the head", partial(_then_reset, _OK + b"X-A: b\r\n"), f"{either}|{_HEAD}")
    yield _case("closed within the head", partial(_then_unwrap, _OK + b"X-A: b\r\n"), either)
    yield _case("closed within a header", partial(_then_unwrap, _OK + b"X-A: b"), either)
    yield _case("closed within an interim answer", partial(_then_unwrap, b"HTTP/1.1 103 Wait\r\nX-A: b\r\n"), either)
    yield _case("reset within the body", partial(_then_reset, _OK + b"Content-Length: 99\r\n\r\nabc"), either)
    yield _case("reset within a chunk", partial(_then_reset, _CHUNKED + b"10\r\nabc"), either)
    yield _case("TLS ended within the body", partial(_then_unwrap, _OK + b"Content-Length: 99\r\n\r\nabc"), cut)
    yield _case(
        "TLS alert instead of an answer", partial(_raw_record, b"\x15\x03\x03\x00\x02\x02\x28"), ".*connection.*"
    )
    yield _case("noise within the TLS", partial(_raw_record, b"\x17\x03\x03\x40\x00" + b"n" * 16384), ".*connection.*")


def _reset_in_handshake(peer: Peer) -> None:
    peer.raw.recv(16)
    peer.reset(peer.raw)


def _reset_in_request(peer: Peer) -> None:
    sock = peer.tls()
    sock.recv(10)
    peer.reset(sock)


def _then_reset(data: bytes, peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(data)
    time.sleep(0.02)  # so that the bytes are read, as a rule, before the reset takes them away
    peer.reset(sock)


def _then_unwrap(data: bytes, peer: Peer) -> None:
    """What TLS says is the end, and no reset."""
    sock = peer.request()
    sock.sendall(data)
    sock.unwrap()


def _raw_record(record: bytes, peer: Peer) -> None:
    """A record past the TLS library."""
    sock = peer.request()
    os.write(sock.fileno(), record)
    time.sleep(0.02)
    sock.close()


# Silences, and a byte now and then ------------------------------------------------------------------------------------
def _silences() -> Iterator[Case]:
    late = partial(_case, whole_deadline=True)
    yield late("silent when connected", _hold, _NO_ANSWER)
    yield late("handshake, a byte at a time", _dripping_handshake, _NO_ANSWER)
    yield late("silent after the handshake", lambda peer: _wait(peer, peer.tls()), _NO_ANSWER)
    yield late("silent after the request (half open)", lambda peer: _wait(peer, peer.request()), _NO_ANSWER)
    yield replace(
        late("reads nothing of a large request", _reads_nothing, _NO_ANSWER),
        attack=partial(_attacked, _reads_nothing, _SECONDS, body=b"x" * 8_000_000),
    )
    yield late("a byte a second, head", partial(_dripping, _OK + b"X: y\r\n" * 50, 1.0), _INCOMPLETE)
    yield late("a byte every 10 ms, head", partial(_dripping, _OK + b"X: y\r\n" * 500, 0.01), _INCOMPLETE)
    yield late("a byte a second, body", partial(_dripping_body, _OK + b"Content-Length: 99\r\n\r\n", 1.0), _INCOMPLETE)
    yield late(
        "a byte every 10 ms, body", partial(_dripping_body, _OK + b"Content-Length: 9999\r\n\r\n", 0.01), _INCOMPLETE
    )
    yield late("silent within the body", partial(_then_hold, _OK + b"Content-Length: 99\r\n\r\nabc"), _INCOMPLETE)
    yield late("silent within a chunk's size", partial(_then_hold, _CHUNKED + b"1"), _INCOMPLETE)
    yield late("no last chunk", partial(_then_hold, _CHUNKED + b"1\r\na\r\n"), _INCOMPLETE)
    yield late("half closed, the body open", _half_closed, f"{_INCOMPLETE}|{_LOST_WITHIN}")
    yield late("a gzip stream without an end", partial(_then_hold, _GZIP + gzip.compress(b"x" * 999)[:-9]), _INCOMPLETE)
    yield late("interim answers, one each 10 ms", partial(_dripping_pieces, b"HTTP/1.1 103 Wait\r\n\r\n"), _INCOMPLETE)


def _hold(peer: Peer) -> None:
    _wait(peer, peer.raw)


def _wait(peer: Peer, sock: object) -> None:
    while peer.keep_on():
        time.sleep(0.05)


def _dripping_handshake(peer: Peer) -> None:
    peer.raw.recv(2048)
    hello = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + b"r" * 4000
    for place in range(len(hello)):
        if not peer.keep_on():
            return
        peer.raw.sendall(hello[place : place + 1])
        time.sleep(0.02)


def _reads_nothing(peer: Peer) -> None:
    _wait(peer, peer.tls())


def _dripping(data: bytes, pause: float, peer: Peer) -> None:
    sock = peer.request()
    for place in range(len(data)):
        if not peer.keep_on():
            return
        sock.sendall(data[place : place + 1])
        time.sleep(pause)


def _dripping_body(head: bytes, pause: float, peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(head)
    while peer.keep_on():
        sock.sendall(b"x")
        time.sleep(pause)


def _dripping_pieces(piece: bytes, peer: Peer) -> None:
    sock = peer.request()
    while peer.keep_on():
        sock.sendall(piece)
        time.sleep(0.01)


def _then_hold(data: bytes, peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(data)
    _wait(peer, sock)


def _half_closed(peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(_OK + b"Content-Length: 99\r\n\r\nabc")
    with socket.socket(fileno=os.dup(sock.fileno())) as copy:
        copy.shutdown(socket.SHUT_WR)
    _wait(peer, sock)


# Heads that are none, or have no end ----------------------------------------------------------------------------------
_BAD_HEADS: Final = {
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", _NOT_HTTP),
    "SMTP": (b"220 mail.example.com ESMTP\r\n", _NOT_HTTP),
    "HTTP/0.9": (b"<html>hello</html>\n", _NOT_HTTP),
    "HTTP/2's preface": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", f"{_NOT_HTTP}|{_LOST_WITHIN}"),
    "an HTTP/2 answer line": (b"HTTP/2 200 OK\r\n\r\n", ".*"),
    "NULs": (b"\0" * 4096, f"{_NOT_HTTP}|{_LOST_WITHIN}"),
    "noise": (bytes(range(256)) * 100, f"{_NOT_HTTP}|{_LOST_WITHIN}"),
    "a status of letters": (b"HTTP/1.1 abc OK\r\n\r\n", _NOT_HTTP),
    "a status of 99": (b"HTTP/1.1 99 OK\r\n\r\n", _NOT_HTTP),
    "a status of 1000": (b"HTTP/1.1 1000 OK\r\n\r\n", _NOT_HTTP),
    "a negative status": (b"HTTP/1.1 -200 OK\r\n\r\n", _NOT_HTTP),
    "a status in other digits": ("HTTP/1.1 ٢٠٠ OK\r\n\r\n".encode(), _NOT_HTTP),
    "an empty line": (b"\r\n\r\n", _NOT_HTTP),
    "a reason of 100 KB": (b"HTTP/1.1 200 " + b"O" * 100_000 + b"\r\n\r\n", _HEAD),
    "a header of 100 KB": (_OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n", _HEAD),
    "101 headers": (_OK + b"X: y\r\n" * 101 + b"\r\n", _HEAD),
    "10,000 headers": (_OK + b"X: y\r\n" * 10_000 + b"\r\n", _HEAD),
    "98 headers of 60 KB": (_OK + (b"X: " + b"y" * 60_000 + b"\r\n") * 98 + b"\r\n", _HEAD),
    "a line that is no header": (_OK + b"no colon here\r\nContent-Length: 0\r\n\r\n", ".*"),
    "folded header lines": (_OK + b"X: a\r\n b\r\n\tc\r\nContent-Length: 0\r\n\r\n", "answered 200 with 0 bytes"),
    "a name of control characters": (_OK + b"\x01\x02: y\r\nContent-Length: 0\r\n\r\n", "answered 200 with 0 bytes"),
    "101 Switching Protocols": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + b"z" * 999, "answered 101.*|the .*"),
}


def _heads() -> Iterator[Case]:
    for name, (data, expects) in _BAD_HEADS.items():
        yield _case(f"head: {name}", partial(_then_close, data), expects)
    yield _case("head: endless headers", partial(_endless, _OK, b"X-A: " + b"b" * 500 + b"\r\n"), _HEAD)
    yield _case("head: an endless header", partial(_endless, _OK + b"X: ", _BLOCK), _HEAD)
    yield _case("head: an endless status line", partial(_endless, b"HTTP/1.1 200 ", _BLOCK), _HEAD)
    yield _case("head: endless interim answers", partial(_endless, b"", b"HTTP/1.1 103 Wait\r\n\r\n" * 50), _HEAD)
    yield _case("head: an endless interim answer", partial(_endless, b"HTTP/1.1 103 Wait\r\n", b"X: y\r\n" * 99), _HEAD)


def _then_close(data: bytes, peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(data)
    sock.unwrap()
    sock.close()


def _endless(head: bytes, piece: bytes, peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(head)
    while peer.keep_on():
        sock.sendall(piece)


# Lengths and codings that lie -----------------------------------------------------------------------------------------
_LIES: Final = {
    "length longer than the body": (_OK + b"Content-Length: 100\r\n\r\nshort", _LOST_WITHIN),
    "length of 1 TB": (_OK + b"Content-Length: 1099511627776\r\n\r\nshort", _LOST_WITHIN),
    "length of 400 digits": (_OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\nshort", ".*"),
    "length of 5,000 digits": (_OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nshort", ".*"),
    "negative length": (_OK + b"Content-Length: -1\r\n\r\nabc", "answered 200 with 3 bytes"),
    "length of letters": (_OK + b"Content-Length: abc\r\n\r\nabc", "answered 200 with 3 bytes"),
    "two lengths": (_OK + b"Content-Length: 3\r\nContent-Length: 99\r\n\r\nabc", ".*"),
    "length and chunks": (_OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", ".*"),
    "a chunk's size of letters": (_CHUNKED + b"zz\r\nabc\r\n", _LOST_WITHIN),
    "a negative chunk": (_CHUNKED + b"-1\r\n" + b"x" * 100_000, _LOST_WITHIN),
    "a chunk of 1 TB": (_CHUNKED + b"fffffffffff\r\nabc", _LOST_WITHIN),
    "a chunk's size of 100 KB": (_CHUNKED + b"1" * 100_000, "a line of the answer is longer than 64 KB"),
    "a chunk without its end": (_CHUNKED + b"1\r\nab\r\n0\r\n\r\n", _LOST_WITHIN),
    "chunked noise": (_CHUNKED + bytes(range(256)) * 50, _LOST_WITHIN),
    "gzip that is none": (_GZIP + b"not gzip at all", "the answer's compression cannot be undone"),
    "gzip with a broken end": (
        _GZIP + gzip.compress(b"abc")[:-4] + b"zzzz",
        "the answer's compression cannot be undone",
    ),
    "deflate that is none": (
        _OK + b"Content-Encoding: deflate\r\nConnection: close\r\n\r\n" + b"\xff" * 99,
        "the answer's compression cannot be undone",
    ),
    "a coding nobody knows": (
        _OK + b"Content-Encoding: rot13\r\nContent-Length: 3\r\n\r\nabc",
        "answered 200 with 3 bytes",
    ),
    "twenty codings": (
        _OK + b"Content-Encoding: " + b", ".join([b"gzip"] * 20) + b"\r\nConnection: close\r\n\r\nabc",
        "the answer's compression cannot be undone",
    ),
    "a body after 204": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "answered 204 with 0 bytes"),
    "a body after 304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", "answered 304 with 0 bytes"),
}


def _lengths() -> Iterator[Case]:
    for name, (data, expects) in _LIES.items():
        yield _case(name, partial(_then_close, data), expects)


# More than anybody would want to read ---------------------------------------------------------------------------------
def _floods() -> Iterator[Case]:
    cut = "answered 200 with 65536 bytes, cut off at 64 KB"
    length = _OK + b"Content-Length: 1073741824\r\n\r\n"
    yield _case("a body of 1 GB", partial(_gigabyte, length, lambda block: block), cut)
    chunk = b"%x\r\n%b\r\n" % (len(_BLOCK), _BLOCK)
    yield _case("a body of 1 GB in chunks", partial(_gigabyte, _CHUNKED, lambda _: chunk), cut)
    yield _case("a body of 1 GB until the end", partial(_gigabyte, _OK + b"\r\n", lambda block: block), cut)
    yield _case("a gzip bomb, 1 GB of 1 MB", partial(_bomb, _GZIP_HEAD, b"gzip"), cut)
    yield _case("a deflate bomb, 1 GB of 1 MB", partial(_bomb, b"\x78\x9c", b"deflate"), cut)
    yield _case("a gzip bomb in a gzip bomb", _double_bomb, cut)
    yield _case("a million chunks of a byte", partial(_gigabyte, _CHUNKED, lambda _: b"1\r\nx\r\n" * 9000), cut)
    yield _case(
        "endless chunk extensions",
        partial(_endless, _CHUNKED + b"1;", _BLOCK),
        "a line of the answer is longer than 64 KB",
    )
    yield _case(
        "endless trailers", partial(_endless, _CHUNKED + b"0\r\n", b"X: y\r\n" * 5000), _INCOMPLETE, whole_deadline=True
    )
    nothing = b"\x00\x00\x00\xff\xff" * 3000  # empty stored blocks
    head = _GZIP + _GZIP_HEAD
    yield _case("gzip of nothing, without an end", partial(_endless, head, nothing), _INCOMPLETE, whole_deadline=True)


def _gigabyte(head: bytes, piece: Callable[[bytes], bytes], peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(head)
    for _ in range(16_384):
        sock.sendall(piece(_BLOCK))


@cache
def _zeros(head: bytes) -> bytes:
    """A deflated gigabyte of zeros, in 1 MB: the same megabyte again and again, since a full flush forgets what was."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    megabyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + megabyte * 1024


def _bomb(head: bytes, coding: bytes, peer: Peer) -> None:
    _close_after(peer, _zeros(head), coding)


def _double_bomb(peer: Peer) -> None:
    _close_after(peer, gzip.compress(_zeros(_GZIP_HEAD)), b"gzip, gzip")


def _close_after(peer: Peer, body: bytes, coding: bytes) -> None:
    sock = peer.request()
    sock.sendall(_OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body)
    sock.close()


# Certificates and versions --------------------------------------------------------------------------------------------
def _certificates() -> Iterator[Case]:
    invalid = "the receiver's certificate is not valid: .*"
    old = "no secure connection: the receiver has no TLS 1.2 or newer"
    contexts: dict[str, tuple[Callable[[World], ssl.SSLContext], str]] = {
        "a stranger's certificate": (lambda world: world.stranger.server_context(), invalid),
        "another name's certificate": (lambda world: world.authority.server_context("other.example.com"), invalid),
        "a wildcard over a whole TLD": (lambda world: world.authority.server_context("*.com"), invalid),
        "a certificate for an address": (lambda world: world.authority.server_context("127.0.0.1"), invalid),
        "an expired certificate": (partial(_dated, -30, -1), invalid),
        "a certificate of tomorrow": (partial(_dated, 1, 30), invalid),
        "a certificate signed by itself": (lambda world: _self_signed(world), invalid),
        "TLS 1.0": (partial(_version, ssl.TLSVersion.TLSv1), old),
        "TLS 1.1": (partial(_version, ssl.TLSVersion.TLSv1_1), old),
    }
    for name, (context, expects) in contexts.items():
        yield Case(family="receivers", name=name, attack=partial(_untrusted, context), expects=expects, within=5.0)
    yield _case("no TLS at all", _plain_http, "no secure connection: nothing at that port speaks TLS")
    yield _case("no cipher in common", _no_cipher, "no secure connection: the receiver accepts none .*")


def _untrusted(context: Callable[[World], ssl.SSLContext], world: World) -> Came:
    """Not a byte of the request may come."""
    got: list[bytes] = []

    def attack(peer: Peer) -> None:
        sock = peer.tls()
        got.append(sock.recv(65536))
        sock.sendall(answer())

    came = _attacked(attack, 5.0, world, context=context(world))
    return Came(outcome=came.outcome, harm="the request was sent" if any(got) else came.harm)


def _dated(first: int, last: int, world: World) -> ssl.SSLContext:
    now = datetime.now(UTC)
    return world.authority.server_context(
        "localhost", not_before=now + timedelta(days=first), not_after=now + timedelta(days=last)
    )


def _self_signed(world: World) -> ssl.SSLContext:
    """The stranger's own certificate, which is an authority's, and for no name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with world.stranger.ca.private_key_pem.tempfile() as key:
        context.load_cert_chain(world.stranger.file, key)
    return context


def _version(version: ssl.TLSVersion, world: World) -> ssl.SSLContext:
    context = world.authority.server_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


def _plain_http(peer: Peer) -> None:
    peer.raw.recv(65536)
    peer.raw.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    peer.raw.close()


def _no_cipher(peer: Peer) -> None:
    peer.raw.recv(65536)
    peer.raw.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # handshake_failure
    peer.raw.close()


# Answers nobody asked for ---------------------------------------------------------------------------------------------
def _unasked() -> Iterator[Case]:
    """The connection is kept meanwhile: what was sent unasked must not be taken for the next delivery's answer."""
    extra = answer("200 OK", b"unasked")
    whole = answer("200 OK", b"first")
    late = "answered 200 with 5 bytes"
    yield _case("a second answer in one packet", partial(_then_serve, whole + extra, b""), late)
    yield _case("100 answers to one request", partial(_then_serve, whole + extra * 100, b""), late)
    yield _case("a second answer, a moment later", partial(_then_serve, whole, extra), late)
    yield _case("a second answer of 20 KB", partial(_then_serve, whole + answer("200 OK", b"y" * 20_000), b""), late)
    yield _case("half an answer after the answer", partial(_then_serve, whole + b"HTTP/1.1 200 O", b""), late)
    no_content = b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n" % len(extra)
    yield _case("204 with a late body", partial(_serve_late, no_content, extra), "answered 204 with 0 bytes")
    not_modified = b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield _case("304 with a late body", partial(_serve_late, not_modified, extra), "answered 304 with 0 bytes")
    interim = b"HTTP/1.1 103 Early\r\n\r\n" * 100
    yield _case("100 interim answers", partial(_then_serve, interim + whole, b""), late)
    yield _case(
        "100 Continue, which nobody asked for", partial(_then_serve, b"HTTP/1.1 100 Go\r\n\r\n" + whole, b""), late
    )


def _then_serve(now: bytes, soon: bytes, peer: Peer) -> None:
    sock = peer.request()
    sock.sendall(now)
    if soon:
        time.sleep(0.01)
        sock.sendall(soon)
    _serve(sock)


def _serve_late(head: bytes, body: bytes, peer: Peer) -> None:
    """The body comes with the next request: it would be the first thing read after that."""
    sock = peer.request()
    sock.sendall(head)
    whole_request(sock)
    sock.sendall(body)
    _serve(sock)


def _serve(sock: ssl.SSLSocket) -> None:
    while got := whole_request(sock):
        sock.sendall(answer("200 OK", got.partition(b"\r\n\r\n")[2]))
