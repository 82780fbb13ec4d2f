"""The receiver that plays Torq: real requests over HTTPS, real sockets."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.torq import Received, Torq

BODY = b'{"body": {"event": "New"}}'


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def torq() -> Iterator[Torq]:
    with Torq(token="right", webhook_id="wh", requests_per_second=2, clock=Clock()) as running:
        yield running


@pytest.fixture
def client(torq: Torq) -> Iterator[http.client.HTTPSConnection]:
    trust = ssl.create_default_context(cafile=str(torq.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", urlsplit(torq.url).port, context=trust, timeout=10)
    yield connection
    connection.close()


def send(
    client: http.client.HTTPConnection,
    *,
    method: str = "POST",
    path: str = "/v1/webhooks/wh/",
    token: str = "Bearer right",
    body: Any = BODY,
    **more: Any,
) -> tuple[http.client.HTTPResponse, Any]:
    headers = {"Authorization": token} if token else {}
    client.request(method, path, body, headers, **more)
    response = client.getresponse()
    content = response.read()
    return response, json.loads(content) if content else None


def test_a_right_request_is_accepted_with_an_execution_id(torq: Torq, client: http.client.HTTPSConnection) -> None:
    response, answer = send(client)
    assert response.status == 202
    assert response.headers["Content-Type"] == "application/json"
    assert answer["execution_id"]
    (request,) = torq.requests
    assert (request.method, request.target, request.body) == ("POST", "/v1/webhooks/wh/", BODY)
    assert request.header("authorization") == "Bearer right"
    assert torq.url.endswith("/v1/webhooks/wh/")


@pytest.mark.parametrize(
    ("request_", "status", "header"),
    [
        ({"token": "Bearer wrong"}, 401, ("WWW-Authenticate", "Bearer")),
        ({"token": "bearer right"}, 401, ("WWW-Authenticate", "Bearer")),
        ({"token": ""}, 401, ("WWW-Authenticate", "Bearer")),
        ({"path": "/v1/webhooks/another/"}, 404, None),
        ({"path": "/"}, 404, None),
        ({"path": "/v1/webhooks/another/", "token": ""}, 404, None),
        ({"method": "PUT"}, 405, ("Allow", "POST")),
        ({"method": "GET", "body": None}, 405, ("Allow", "POST")),
        ({"method": "DELETE", "token": ""}, 405, ("Allow", "POST")),
    ],
)
def test_a_wrong_request_is_refused_and_kept(
    request_: dict[str, Any],
    status: int,
    header: tuple[str, str] | None,
    torq: Torq,
    client: http.client.HTTPSConnection,
) -> None:
    response, answer = send(client, **request_)
    assert status == response.status
    assert {"error"} == answer.keys()
    if header:
        assert header[1] == response.headers[header[0]]
    assert [status] == [one.status for one in torq.received]


def test_a_query_and_a_missing_last_slash_lead_to_the_same_webhook(client: http.client.HTTPSConnection) -> None:
    assert [send(client, path=path)[0].status for path in ("/v1/webhooks/wh/?a=b", "/v1/webhooks/wh")] == [202, 202]


def test_what_exceeds_the_limit_of_one_second_is_refused_until_the_second_is_over() -> None:
    clock = Clock()
    with Torq(requests_per_second=2, clock=clock) as torq:
        connection = http.client.HTTPSConnection(
            "127.0.0.1",
            urlsplit(torq.url).port,
            context=ssl.create_default_context(cafile=str(torq.ca_file)),
            timeout=10,
        )
        path = urlsplit(torq.url).path

        def status() -> int:
            return send(connection, path=path, token=f"Bearer {torq.token}")[0].status

        assert [status() for _ in range(3)] == [202, 202, 429]
        clock.now += 0.9
        assert status() == 429
        clock.now += 0.1
        assert [status() for _ in range(3)] == [202, 202, 429]
        connection.close()


def test_refused_tokens_do_not_count_against_the_limit(client: http.client.HTTPSConnection) -> None:
    refused = [send(client, token="Bearer wrong")[0].status for _ in range(5)]
    assert refused == [401] * 5
    assert send(client)[0].status == 202


def test_several_requests_share_a_connection(torq: Torq, client: http.client.HTTPSConnection) -> None:
    send(client)
    first = client.sock
    send(client, token="Bearer wrong")
    assert first is client.sock
    assert len(torq.requests) == 2


def test_a_body_in_chunks_arrives_whole(torq: Torq, client: http.client.HTTPSConnection) -> None:
    response, _ = send(client, body=iter([b"abc", b"d" * 70_000, b"e"]), encode_chunked=True)
    assert response.status == 202
    assert torq.requests[0].body == b"abc" + b"d" * 70_000 + b"e"
    assert send(client)[0].status == 202


def test_a_large_body_is_read_to_its_end_before_the_refusal(torq: Torq, client: http.client.HTTPSConnection) -> None:
    response, _ = send(client, token="Bearer wrong", body=b"x" * 5_000_000)
    assert response.status == 401
    assert len(torq.requests[0].body) == 5_000_000


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    ],
)
def test_a_body_whose_end_cannot_be_known_is_refused_and_the_connection_closed(
    head: bytes, client: http.client.HTTPSConnection
) -> None:
    client.connect()
    client.sock.sendall(b"POST /v1/webhooks/wh/ HTTP/1.1\r\nHost: a\r\n" + head)
    answer = b"".join(iter(lambda: client.sock.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer


def test_a_client_that_stops_in_the_middle_leaves_no_request(torq: Torq, client: http.client.HTTPSConnection) -> None:
    client.connect()
    client.sock.sendall(b"POST /v1/webhooks/wh/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    client.close()
    assert send(client)[0].status == 202
    assert [request.body for request in torq.requests] == [BODY]


def test_a_client_that_does_not_trust_the_certificate_is_no_trouble(
    torq: Torq, client: http.client.HTTPSConnection, capfd: pytest.CaptureFixture[str]
) -> None:
    stranger = http.client.HTTPSConnection("127.0.0.1", urlsplit(torq.url).port, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.connect()
    stranger.close()
    assert send(client)[0].status == 202
    assert capfd.readouterr().err == ""


def test_waiting_ends_when_enough_requests_are_there(torq: Torq, client: http.client.HTTPSConnection) -> None:
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(len(torq.wait_for(2, timeout_seconds=10))))
    waiting.start()
    send(client)
    send(client)
    waiting.join()
    assert found == [2]


def test_waiting_in_vain_says_how_many_came(torq: Torq, client: http.client.HTTPSConnection) -> None:
    send(client)
    with pytest.raises(TimeoutError, match="1 of 2 requests"):
        torq.wait_for(2, timeout_seconds=0.01)


def test_closing_ends_idle_connections_silent_clients_and_threads(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with Torq() as torq:
        port = urlsplit(torq.url).port
        assert port is not None
        trust = ssl.create_default_context(cafile=str(torq.ca_file))
        idle = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=10)
        send(idle, path="/")
        silent = socket.create_connection(("127.0.0.1", port))
    assert before == set(threading.enumerate())
    assert not torq.ca_file.exists()
    idle.close()
    silent.close()
    assert capfd.readouterr().err == ""


def test_whoever_asked_is_told_of_every_request() -> None:
    told: list[Received] = []
    with Torq(on_received=told.append) as torq:
        trust = ssl.create_default_context(cafile=str(torq.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", urlsplit(torq.url).port, context=trust, timeout=10)
        send(connection, path="/")
        connection.close()
    assert [one.status for one in told] == [404]


def test_the_busy_webhook_takes_each_delivery_at_its_third_attempt(
    torq: Torq, client: http.client.HTTPSConnection
) -> None:
    path = urlsplit(torq.busy_url).path
    assert path != urlsplit(torq.url).path

    def attempt(delivery: str, token: str = "right") -> int:
        headers = {"Authorization": f"Bearer {token}", "webhook-id": delivery}
        client.request("POST", path, BODY, headers)
        response = client.getresponse()
        response.read()
        return response.status

    assert attempt("one", token="wrong") == 401
    assert [attempt(delivery) for delivery in ("one", "one", "two", "one", "two", "two")] == [
        503,
        503,
        503,
        202,
        503,
        202,
    ]
