"""Requests of the command line: where a token may go, and what each answer becomes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest

from cli.address import LOCAL_STACK, read_address
from cli.api import Api
from cli.client import Client
from cli.errors import ApiError, UnavailableError, UsageError
from local.http_server import Answer, LoopbackServer, Request
from local.options import DEFAULT_PORT


@dataclass
class Scripted:
    """Answers with one of `answers` after the other."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    body_limit: int = 1_000_000

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers.pop(0)

    def refuse(self, status: HTTPStatus) -> Answer:
        return Answer(status=status)


@dataclass
class Served:
    """A client, who answers it, and the seconds it has waited."""

    client: Client
    server: Scripted
    waits: list[float]

    def answers(self, *given: tuple[int, Any]) -> None:
        bodies = [(status, body if isinstance(body, bytes) else json.dumps(body).encode()) for status, body in given]
        self.server.answers = [Answer(status=status, body=body) for status, body in bodies]


@pytest.fixture
def api() -> Iterator[Served]:
    scripted, waits = Scripted(), list[float]()
    with LoopbackServer(scripted) as server:
        client = Client(read_address(f"http://127.0.0.1:{server.port}/"), "t0ken", waits.append)
        yield Served(client, scripted, waits)
        client.close()


class TestWhereTheApiMayBe:
    @pytest.mark.parametrize(
        ("text", "url"),
        [
            (" https://api.example.com/ ", "https://api.example.com"),
            ("https://api.example.com/stage/", "https://api.example.com/stage"),
            ("http://127.0.0.1:8600", "http://127.0.0.1:8600"),
            ("http://127.8.9.1:1", "http://127.8.9.1:1"),
            ("http://LOCALHOST:1", "http://LOCALHOST:1"),
            ("http://[::1]:8600", "http://[::1]:8600"),
        ],
    )
    def test_https_or_this_machine(self, text: str, url: str) -> None:
        assert read_address(text).url == url

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "http://api.example.com",
                "http://localhost.example.com",
                "http://127.0.0.1.example.com",
                "http://10.0.0.1",
            ),
            *("http://[::ffff:10.0.0.1]", "http://0.0.0.0", "http://127.1:8600", "ftp://127.0.0.1", "127.0.0.1:8600"),
            *(
                "https://",
                "",
                "https://[",
                "https://a:b",
                "https://ana@api.example.com",
                "http://127.0.0.1@example.com",
            ),
            *("https://api.example.com/?a=b", "https://api.example.com/#a"),
        ],
    )
    def test_nowhere_else(self, text: str) -> None:
        with pytest.raises(UsageError, match="the API's address"):
            read_address(text)

    def test_the_local_stack_is_where_it_says(self) -> None:
        assert f"http://127.0.0.1:{DEFAULT_PORT}" == LOCAL_STACK


class TestRequests:
    def test_the_token_goes_along(self, api: Served) -> None:
        api.answers((200, {"a": 1}))
        assert api.client.get("/api/x", {"search": "a b&", "status": "", "limit": 1}) == {"a": 1}
        [request] = api.server.requests
        assert request.target == "/api/x?search=a+b%26&limit=1"
        assert request.header("Authorization") == "Bearer t0ken"

    def test_a_redirect_is_not_followed(self, api: Served) -> None:
        """The token would go along."""
        elsewhere = (("Location", "http://127.0.0.1:9/"),)
        api.server.answers = [Answer(status=307, headers=elsewhere)]
        with pytest.raises(ApiError, match="redirects are not followed"):
            api.client.get("/api/x")
        assert len(api.server.requests) == 1

    def test_no_proxy_is_used(self, api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        api.answers((200, {}))
        assert api.client.get("/api/x") == {}

    def test_a_throttled_one_is_made_again(self, api: Served) -> None:
        api.answers((429, {"message": "Too Many Requests"}), (429, {}), (201, {"id": "wh_1"}))
        assert api.client.send("POST", "/api/webhooks", {"name": "Ä"}) == {"id": "wh_1"}
        assert api.waits == [1.0, 2.0]
        assert [json.loads(one.body) for one in api.server.requests] == [{"name": "Ä"}] * 3

    def test_but_not_for_ever(self, api: Served) -> None:
        api.answers(*[(429, {"message": "Too Many Requests"})] * 4)
        with pytest.raises(UnavailableError, match="Too Many Requests"):
            api.client.get("/api/x")
        assert api.waits == [1.0, 2.0, 4.0]

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_what_may_have_been_begun_is_not_made_again(self, api: Served, status: int) -> None:
        api.answers((status, {"message": "try again"}))
        with pytest.raises(ApiError, match="try again") as raised:
            api.client.send("POST", "/api/webhooks", {})
        assert isinstance(raised.value, UnavailableError) == (status != 500)
        assert not raised.value.is_about_the_request


class TestErrors:
    def test_problems_are_told_without_their_values(self, api: Served) -> None:
        """What was entered in the wrong place may be a secret."""
        problems = [{"path": "url", "value": '"secret"', "rule": "is required"}, {"path": "", "rule": "is odd"}]
        api.answers((422, {"statusCode": 422, "message": 'url is "secret"', "problems": problems}))
        with pytest.raises(ApiError) as raised:
            api.client.get("/api/x")
        assert str(raised.value) == "url: is required\nis odd"
        assert raised.value.is_about_the_request

    @pytest.mark.parametrize("status", [401, 403])
    def test_who_may_not_is_told_how(self, api: Served, status: int) -> None:
        api.answers((status, {"message": "Forbidden"}))
        with pytest.raises(ApiError, match=rf"Forbidden \({status}\): set GRANTWIRE_TOKEN"):
            api.client.get("/api/x")

    @pytest.mark.parametrize(
        ("status", "body"), [(200, b"<html>"), (404, b"<html>"), (500, b"[1]"), (200, b"[" * 9999)]
    )
    def test_what_is_no_answer_of_grantwire(self, api: Served, status: int, body: bytes) -> None:
        api.answers((status, body))
        with pytest.raises(ApiError, match=f"answered {status}, not as Grantwire's API does"):
            api.client.get("/api/x")

    @pytest.mark.parametrize("document", [{}, [], None, {"items": 7}])
    def test_a_page_that_is_none(self, api: Served, document: object) -> None:
        api.answers((200, document))
        with pytest.raises(ApiError, match="not as Grantwire's API does"):
            list(Api(api.client).webhooks())

    def test_nobody_answers(self) -> None:
        client = Client(read_address("http://127.0.0.1:9"), "", lambda _: None)
        with pytest.raises(UnavailableError, match=r"^http://127\.0\.0\.1:9 cannot be reached: \[Errno \d+\]"):
            client.get("/api/x")

    def test_a_server_without_tls(self, api: Served) -> None:
        url = api.client.address.url.replace("http:", "https:")
        with pytest.raises(UnavailableError, match=r"cannot be reached: .*SSL"):
            Client(read_address(url), "", lambda _: None).get("/api/x")
