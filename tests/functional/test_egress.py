"""`egress` against real TLS servers: what arrives, what comes back, and what is refused."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from grantwire.egress import MAX_RESPONSE_BYTES, AddressInfo, Egress
from grantwire.models import Exchange, FailureKind, HttpRequest
from tests.receivers import Authority, Received, answer, answering, receiving


@pytest.fixture
def egress(authority: Authority) -> Iterator[Egress]:
    """A way out that may call loopback and trusts the test's authority."""
    egress = Egress(permit_loopback=True, certificate_authorities=str(authority.file))
    yield egress
    egress.close()


def request(url: str, body: bytes = b'{"a":1}', method: str = "POST") -> HttpRequest:
    headers = (("Content-Type", "application/json"), ("X-Name", "Jürgen €"))
    return HttpRequest(method=method, url=url, headers=headers, body=body)


def resolving(*addresses: str) -> Callable[[str, int], list[AddressInfo]]:
    """A resolver that gives these addresses for every name."""

    def resolve(host: str, port: int) -> list[AddressInfo]:
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return resolve


def kind(exchange: Exchange) -> FailureKind | None:
    return exchange.failure.kind if exchange.failure else None


def test_the_request_arrives_byte_for_byte(egress: Egress, authority: Authority) -> None:
    """Method, target, Host, headers and body are those that were asked for; the answer comes back whole."""
    with receiving(answering(answer()), authority.server_context()) as receiver:
        exchange = egress.send(request(f"{receiver.url}/a?b=%20c#d"), timeout_seconds=5)
    assert exchange.response is not None
    assert exchange.response.status == 202
    assert exchange.response.body == b'{"status":"accepted"}'
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /hook/a?b=%20c HTTP/1.1"
    assert f"Host: localhost:{receiver.port}".encode() in lines
    assert "X-Name: Jürgen €".encode() in lines
    assert body == b'{"a":1}'
    assert exchange.remote_address == "127.0.0.1"
    assert exchange.timings.tls is not None
    assert exchange.timings.first_byte is not None


def test_head_and_body_arrive_in_one_tls_record(egress: Egress, authority: Authority) -> None:
    """One read of the receiver gives both, on a new connection and on a kept one."""
    reads: list[bytes] = []

    def script(connection: Received) -> None:
        while data := connection.sock.recv(65536):  # a record at most
            reads.append(data)
            connection.write(answer())

    with receiving(script, authority.server_context()) as receiver:
        for body in (b'{"first":1}', b'{"second":2}'):
            assert kind(egress.send(request(receiver.url, body), timeout_seconds=5)) is None
    assert [read.partition(b"\r\n\r\n")[2] for read in reads] == [b'{"first":1}', b'{"second":2}']
    assert receiver.connections == 1


def test_a_connection_is_kept_for_the_next_request(egress: Egress, authority: Authority) -> None:
    """Two requests, one connection and one look-up."""
    with receiving(answering(answer()), authority.server_context()) as receiver:
        egress.send(request(receiver.url), timeout_seconds=5)
        second = egress.send(request(receiver.url), timeout_seconds=5)
    assert receiver.connections == 1
    assert second.timings.dns is None
    assert second.timings.tls is None
    assert second.remote_address == "127.0.0.1"


def test_a_kept_connection_that_died_is_replaced_at_once(egress: Egress, authority: Authority) -> None:
    """The receiver closes after its first answer, unannounced: the second request arrives on a fresh connection."""

    def once(connection: Received) -> None:
        connection.request()
        connection.write(answer())
        connection.request()  # and closes without an answer

    with receiving(once, authority.server_context()) as receiver:
        egress.send(request(receiver.url), timeout_seconds=5)
        second = egress.send(request(receiver.url), timeout_seconds=5)
    assert second.response is not None
    assert receiver.connections == 2


def test_a_kept_connection_that_dies_at_work_is_not_replaced(authority: Authority) -> None:
    """What a round trip does not show was no dead connection: the receiver may have done what the request says."""
    now = [0.0]

    def at_work(connection: Received) -> None:
        connection.request()
        connection.write(answer())
        connection.request()
        now[0] += 0.6  # and dies before it answers

    egress = Egress(permit_loopback=True, certificate_authorities=str(authority.file), clock=lambda: now[0])
    with receiving(at_work, authority.server_context()) as receiver:
        egress.send(request(receiver.url), timeout_seconds=5)
        second = egress.send(request(receiver.url), timeout_seconds=5)
    egress.close()
    assert kind(second) == FailureKind.CONNECTION_LOST
    assert (receiver.connections, len(receiver.requests)) == (1, 2)


def test_a_fresh_connection_that_dies_is_not_tried_again(egress: Egress, authority: Authority) -> None:
    """Only a kept connection is replaced: a receiver that may have seen the request is not sent it twice."""

    def closing(connection: Received) -> None:
        connection.request()

    with receiving(closing, authority.server_context()) as receiver:
        exchange = egress.send(request(receiver.url), timeout_seconds=5)
    assert kind(exchange) == FailureKind.CONNECTION_LOST
    assert receiver.connections == 1


def test_a_redirect_is_an_answer_and_is_not_followed(egress: Egress, authority: Authority) -> None:
    """A redirect to the metadata address comes back as it is."""
    reply = answer("307 Temporary Redirect", b"", "Location: http://169.254.169.254/latest/meta-data/")
    with receiving(answering(reply), authority.server_context()) as receiver:
        exchange = egress.send(request(receiver.url), timeout_seconds=5)
    assert exchange.response is not None
    assert exchange.response.status == 307
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        *(("127.0.0.1",), ("10.0.0.5",), ("192.168.1.1",), ("172.16.0.1",), ("100.64.0.1",), ("0.0.0.0",)),
        *(("169.254.169.254",), ("::1",), ("fe80::1%eth0",), ("fc00::1",), ("224.0.0.1",), ("64:ff9b::7f00:1",)),
        *(("::ffff:127.0.0.1",), ("::ffff:169.254.169.254",), ("2002:7f00:1::",), ("2001:0:4136:e378:8000:63bf::",)),
        ("93.184.215.14", "10.0.0.1"),
    ],
)
def test_an_address_that_is_not_public_is_refused_before_a_byte_is_sent(addresses: tuple[str, ...]) -> None:
    """One bad address among good ones is enough: the resolver's answer is refused whole."""
    egress = Egress(resolve=resolving(*addresses))
    exchange = egress.send(request("https://innocent.example.com/"), timeout_seconds=2)
    assert kind(exchange) == FailureKind.ADDRESS_NOT_ALLOWED
    assert exchange.timings.connect is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "localhost.",
    ],
)
def test_every_spelling_of_loopback_is_refused(host: str) -> None:
    """Real resolver, odd spellings: none of them gets a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        exchange = Egress().send(request(f"https://{host}:{listener.getsockname()[1]}/"), timeout_seconds=2)
        assert kind(exchange) in (FailureKind.ADDRESS_NOT_ALLOWED, FailureKind.DNS)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_address_that_was_checked_is_the_one_that_is_called(authority: Authority) -> None:
    """A name whose second answer is private is looked up once only."""
    answers = [resolving("127.0.0.1"), resolving("169.254.169.254")]
    egress = Egress(
        permit_loopback=True,
        certificate_authorities=str(authority.file),
        resolve=lambda host, port: answers.pop(0)(host, port),
    )
    with receiving(answering(answer()), authority.server_context()) as receiver:
        exchange = egress.send(request(f"https://hooks.example.com:{receiver.port}/"), timeout_seconds=5)
    egress.close()
    assert exchange.remote_address == "127.0.0.1"
    assert len(answers) == 1
    assert f"Host: hooks.example.com:{receiver.port}".encode() in receiver.requests[0]


def test_hosts_outside_the_allow_list_are_refused() -> None:
    """With a list, only what it names is called."""
    egress = Egress(allowed_hosts=("hooks.torq.io", "*.example.com"), resolve=resolving("10.0.0.1"))
    exchange = egress.send(request("https://evil.example.org/"), timeout_seconds=1)
    assert exchange.failure is not None
    assert exchange.failure.sentence == "evil.example.org is not among the allowed hosts"


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://user:pass@example.com/", "https://exa mple.com/", "ftp://x", "https://:443/"],
)
def test_a_url_that_is_not_plain_https_is_refused(url: str) -> None:
    """Recorded as unusable; nothing is looked up."""
    exchange = Egress(resolve=resolving()).send(request(url), timeout_seconds=1)
    assert kind(exchange) == FailureKind.URL_UNUSABLE


def drip(data: bytes) -> Callable[[Received], None]:
    def script(connection: Received) -> None:
        connection.request()
        for index in range(len(data)):
            connection.write(data[index : index + 1])
            if connection.receiver.closing.wait(0.05):
                return

    return script


@pytest.mark.parametrize(
    "data",
    [b"", answer(body=b"x" * 10_000), b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b"x" * 10_000],
    ids=["silent", "drips its head", "drips its body"],
)
def test_the_deadline_bounds_the_whole_exchange(egress: Egress, authority: Authority, data: bytes) -> None:
    """A receiver that hangs or drips is given up at the deadline, to within a quarter of a second."""

    def silent(connection: Received) -> None:
        connection.request()
        connection.receiver.closing.wait(10)

    with receiving(drip(data) if data else silent, authority.server_context()) as receiver:
        started = time.monotonic()
        exchange = egress.send(request(receiver.url), timeout_seconds=0.5)
        assert 0.25 < time.monotonic() - started < 0.75
    assert kind(exchange) == FailureKind.TIMEOUT


def test_a_handshake_that_hangs_is_given_up() -> None:
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        egress = Egress(permit_loopback=True)
        exchange = egress.send(request(f"https://localhost:{listener.getsockname()[1]}/"), timeout_seconds=0.3)
    assert kind(exchange) == FailureKind.TIMEOUT
    assert exchange.timings.total < 600


def test_a_look_up_that_hangs_is_given_up() -> None:
    """The system's resolver has no timeout; the exchange has."""
    stop = threading.Event()

    def hanging(host: str, port: int) -> list[AddressInfo]:
        stop.wait(5)
        return []

    egress = Egress(resolve=hanging)
    exchange = egress.send(request("https://slow.example.com/"), timeout_seconds=0.2)
    stop.set()
    assert kind(exchange) == FailureKind.TIMEOUT


def test_of_a_long_answer_only_64_kb_are_read(egress: Egress, authority: Authority) -> None:
    """Plain or compressed: a gzip bomb is cut as well, and the next exchange is unharmed."""
    bomb = gzip.compress(b"0" * 20_000_000)
    replies = (answer(body=b"1" * 1_000_000), answer("200 OK", bomb, "Content-Encoding: gzip"), answer())
    with receiving(answering(*replies), authority.server_context()) as receiver:
        exchanges = [egress.send(request(receiver.url), timeout_seconds=5) for _ in range(3)]
    bodies = [exchange.response and len(exchange.response.body) for exchange in exchanges]
    assert bodies == [MAX_RESPONSE_BYTES, MAX_RESPONSE_BYTES, 21]
    assert [exchange.response and exchange.response.truncated for exchange in exchanges] == [True, True, False]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", FailureKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", FailureKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", FailureKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", FailureKind.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FailureKind.CONNECTION_LOST),
        (answer("200 OK", b"not gzip", "Content-Encoding: gzip"), FailureKind.PROTOCOL),
        (b"", FailureKind.CONNECTION_LOST),
    ],
)
def test_an_answer_that_is_none_is_named(
    egress: Egress, authority: Authority, reply: bytes, expected: FailureKind
) -> None:
    """Garbage, endless heads, cut bodies: a failure with a kind, never an exception, never a success."""

    def script(connection: Received) -> None:
        connection.request()
        connection.write(reply)

    with receiving(script, authority.server_context()) as receiver:
        exchange = egress.send(request(receiver.url), timeout_seconds=5)
    assert kind(exchange) == expected
    assert exchange.response is None


def test_certificates_are_verified(
    egress: Egress, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A stranger's authority, another's name: no byte of the request is sent."""
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    for context in (stranger.server_context(), authority.server_context("other.example.com")):
        with receiving(answering(answer()), context) as receiver:
            exchange = egress.send(request(receiver.url), timeout_seconds=5)
        assert kind(exchange) == FailureKind.TLS
        assert exchange.failure is not None
        assert "certificate is not valid" in exchange.failure.sentence
        assert receiver.requests == []


def test_old_tls_is_refused(egress: Egress, authority: Authority) -> None:
    """TLS 1.1 is no secure connection any more."""
    context = authority.server_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with receiving(answering(answer()), context) as receiver:
        exchange = egress.send(request(receiver.url), timeout_seconds=5)
    assert kind(exchange) == FailureKind.TLS


def test_nobody_listening_is_a_failed_connection(egress: Egress) -> None:
    """Refused, in words."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    exchange = egress.send(request(f"https://127.0.0.1:{port}/"), timeout_seconds=5)
    assert kind(exchange) == FailureKind.CONNECT
    assert exchange.failure is not None
    assert exchange.failure.sentence == "no connection: connection refused"


def test_proxies_in_the_environment_change_nothing(
    egress: Egress, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY would lead around the address check."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with receiving(answering(answer()), authority.server_context()) as receiver:
        assert egress.send(request(receiver.url), timeout_seconds=5).response is not None


@pytest.mark.parametrize("size", [1, 300, 12_000, 20_000])
def test_bytes_nobody_asked_for_are_not_the_next_answer(egress: Egress, authority: Authority, size: int) -> None:
    """A receiver sends a second answer, unasked: the next request on that host gets an answer of its own."""
    unasked = answer("200 OK", b"x" * size)

    def script(connection: Received) -> None:
        connection.request()
        connection.write(answer() + unasked)
        while connection.request():
            connection.write(answer())

    with receiving(script, authority.server_context()) as receiver:
        exchanges = [egress.send(request(receiver.url), timeout_seconds=5) for _ in range(3)]
    assert [exchange.response and exchange.response.status for exchange in exchanges] == [202, 202, 202]
    assert len(receiver.requests) == 3


def test_an_interim_answer_is_passed_over(egress: Egress, authority: Authority) -> None:
    """103 Early Hints is no answer yet: the one after it is, and the next request has its own."""

    def script(connection: Received) -> None:
        while connection.request():
            connection.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            connection.write(answer())

    with receiving(script, authority.server_context()) as receiver:
        exchanges = [egress.send(request(receiver.url), timeout_seconds=5) for _ in range(2)]
    assert [exchange.response and exchange.response.status for exchange in exchanges] == [202, 202]
    assert [exchange.response and exchange.response.body for exchange in exchanges] == [b'{"status":"accepted"}'] * 2


def test_a_negative_chunk_size_reads_nothing_more(egress: Egress, authority: Authority) -> None:
    """It would mean "all there is" to the reader below, past every bound."""

    def script(connection: Received) -> None:
        connection.request()
        connection.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 1_000_000)

    with receiving(script, authority.server_context()) as receiver:
        exchange = egress.send(request(receiver.url), timeout_seconds=5)
    assert kind(exchange) == FailureKind.CONNECTION_LOST


def test_a_head_of_many_long_lines_is_given_up_early(egress: Egress, authority: Authority) -> None:
    """Ninety-eight headers of 65,000 bytes: no more than 64 KB of them are taken in."""
    sent = []

    def script(connection: Received) -> None:
        connection.request()
        with contextlib.suppress(OSError):
            connection.sock.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(98):
                connection.sock.sendall(b"X-%d: " % number + b"y" * 65_000 + b"\r\n")
                sent.append(number)

    with receiving(script, authority.server_context()) as receiver:
        exchange = egress.send(request(receiver.url), timeout_seconds=5)
    assert exchange.failure is not None
    assert exchange.failure.sentence == "the answer's head is longer than 64 KB"
    assert len(sent) < 98
