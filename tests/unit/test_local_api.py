"""The local HTTP API, over real sockets, with handlers of the tests' own."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.api import Answered, Api
from local.functions import LocalFunction
from local.http_server import LoopbackServer
from local.template import Function, Route


def echo(event: Any, _context: object) -> dict[str, object]:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def fail(_event: object, _context: object) -> None:
    raise RuntimeError("out of order")


def function(handler: Any, *paths: str) -> LocalFunction:
    template = Function(
        logical_id="F",
        environment={},
        timeout_seconds=29,
        memory_mb=512,
        maximum_retries=2,
        on_failure=None,
        rules=(),
        routes=tuple(Route(method="POST", path=path) for path in paths),
        sources=(),
        schedules=(),
    )
    return LocalFunction(template, handler)


@pytest.fixture
def answered() -> list[Answered]:
    return []


@pytest.fixture
def client(answered: list[Answered]) -> Iterator[http.client.HTTPConnection]:
    api = Api(on_answered=answered.append)
    api.route_to([function(echo, "/api/webhooks/{id}/test"), function(fail, "/fails")])
    with LoopbackServer(api) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        yield connection
        connection.close()


def test_it_listens_on_loopback_alone() -> None:
    """Whoever is on the same network would find an API without a sign-in."""
    with LoopbackServer(Api(on_answered=lambda _: None)) as server:
        assert server.socket.getsockname() == ("127.0.0.1", server.port)


def send(client: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> tuple[int, Any, Any]:
    client.request(method, path, body, {"Content-Type": "application/json"})
    response = client.getresponse()
    content = response.read()
    return response.status, json.loads(content) if content else None, response.headers


def test_a_request_reaches_the_function_and_its_answer_comes_back(client: http.client.HTTPConnection) -> None:
    status, event, headers = send(client, "POST", "/api/webhooks/wh_1/test", b'{"trigger": "RequestGranted"}')
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert event["routeKey"] == "POST /api/webhooks/{id}/test"
    assert event["pathParameters"] == {"id": "wh_1"}
    assert event["body"] == '{"trigger": "RequestGranted"}'


def test_an_unknown_path_is_404(client: http.client.HTTPConnection) -> None:
    status, body, headers = send(client, "POST", "/nowhere")
    assert (status, body) == (404, {"message": "Not Found"})
    assert headers["content-type"] == "application/json"


def test_another_method_is_405_and_names_the_right_one(client: http.client.HTTPConnection) -> None:
    for method in ("GET", "PUT", "DELETE"):
        status, body, headers = send(client, method, "/fails")
        assert (status, body) == (405, {"message": "Method Not Allowed"})
        assert headers["allow"] == "POST"


def test_a_function_that_raises_is_500_and_says_nothing_more(
    client: http.client.HTTPConnection, answered: list[Answered], capsys: pytest.CaptureFixture[str]
) -> None:
    status, body, _ = send(client, "POST", "/fails")
    assert (status, body) == (500, {"message": "Internal Server Error"})
    assert [str(one.error) for one in answered] == ["out of order"]
    assert "RuntimeError: out of order" in capsys.readouterr().out


def test_ten_megabytes_pass_and_one_byte_more_is_413(client: http.client.HTTPConnection) -> None:
    limit = 10 * 1024 * 1024
    status, event, _ = send(client, "POST", "/api/webhooks/wh_1/test", b"x" * limit)
    assert (status, len(event["body"])) == (200, limit)
    status, body, _ = send(client, "POST", "/api/webhooks/wh_1/test", b"x" * (limit + 1))
    assert (status, body) == (413, {"message": "Request Entity Too Large"})
    assert send(client, "POST", "/api/webhooks/wh_1/test")[0] == 200


def test_the_answer_to_head_has_no_body(client: http.client.HTTPConnection) -> None:
    status, body, headers = send(client, "HEAD", "/nowhere")
    assert (status, body) == (404, None)
    assert int(headers["Content-Length"]) > 0
    assert send(client, "POST", "/nowhere")[0] == 404


def test_whoever_watches_is_told(client: http.client.HTTPConnection, answered: list[Answered]) -> None:
    send(client, "POST", "/api/webhooks/wh_1/test")
    send(client, "POST", "/nowhere")
    assert [(one.request.target, one.status) for one in answered] == [
        ("/api/webhooks/wh_1/test", 200),
        ("/nowhere", 404),
    ]


def test_a_port_that_is_taken_is_an_error() -> None:
    api = Api(on_answered=lambda _: None)
    with LoopbackServer(api) as server, pytest.raises(OSError, match="in use"):
        LoopbackServer(api, port=server.port)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8600"}, 200),
        ({"Host": "localhost:8600", "Origin": "http://localhost:8600"}, 200),
        ({"Host": "127.0.0.1:8600", "Origin": "http://127.0.0.1:9"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.evil.example:8600"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
    ],
)
def test_another_sites_page_is_refused(
    client: http.client.HTTPConnection, answered: list[Answered], headers: dict[str, str], status: int
) -> None:
    """There is no sign-in here: a browser on this machine would ask whatever some page has it ask."""
    client.request("POST", "/api/webhooks/wh_1/test", b"{}", headers)
    response = client.getresponse()
    message = json.loads(response.read()).get("message", "")
    assert (response.status, "has no sign-in" in message) == (status, status == 403)
    assert [one.status for one in answered] == [status]
