"""API Gateway's payload format 2.0 as the local API makes and reads it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local import ROOT
from local.gateway import allowed_methods, gateway_event, match, to_answer
from local.http_server import Request
from local.template import Route

SAVED = Route(method="POST", path="/api/webhooks/{id}/test")
DRAFT = Route(method="POST", path="/api/webhooks/test")
ROUTES = (SAVED, DRAFT)
NOW = datetime(2026, 11, 18, 13, 6, 40, tzinfo=UTC)
JSON = ("Content-Type", "application/json")


def event_of(target: str, *headers: tuple[str, str], body: bytes = b"{}", method: str = "POST") -> dict[str, Any]:
    request = Request(method=method, target=target, headers=(("Host", "api.local:8600"), *headers), body=body)
    found = match(ROUTES, method, target)
    assert found is not None
    return gateway_event(request, found, now=NOW)


@pytest.mark.parametrize(
    ("target", "route", "parameters"),
    [
        ("/api/webhooks/test", DRAFT, {}),
        ("/api/webhooks/test?a=b", DRAFT, {}),
        ("/api/webhooks/wh_1/test", SAVED, {"id": "wh_1"}),
        ("/api/webhooks/a%20b/test", SAVED, {"id": "a b"}),
        ("/api/webhooks/test/test", SAVED, {"id": "test"}),
    ],
)
def test_a_route_is_found_with_its_parameters(target: str, route: Route, parameters: dict[str, str]) -> None:
    found = match(ROUTES, "POST", target)
    assert found is not None
    assert (found.route, found.parameters) == (route, parameters)


@pytest.mark.parametrize(
    "target", ["/", "/api/webhooks", "/api/webhooks//test", "/api/webhooks/a/b/test", "/api/webhooks/test/"]
)
def test_other_paths_have_no_route(target: str) -> None:
    assert match(ROUTES, "POST", target) is None
    assert allowed_methods(ROUTES, target) == ()


def test_another_method_has_no_route_but_the_path_has_methods() -> None:
    assert match(ROUTES, "GET", "/api/webhooks/test") is None
    assert allowed_methods(ROUTES, "/api/webhooks/test") == ("POST",)


def test_a_path_without_placeholders_comes_before_one_that_fits_too() -> None:
    routes = (Route(method="GET", path="/{any}"), Route(method="GET", path="/fixed"))
    found = match(routes, "GET", "/fixed")
    assert found is not None
    assert found.route.path == "/fixed"


@pytest.mark.parametrize("name", ["test_saved_webhook.json", "test_draft.json"])
def test_the_event_has_the_fields_of_a_real_one(name: str) -> None:
    real = json.loads((ROOT / "events" / name).read_text())
    headers = [("User-Agent", "curl/8.5.0"), JSON]
    made = event_of(real["rawPath"], *headers, body=real["body"].encode())
    assert made.keys() == real.keys()
    assert made["requestContext"].keys() - {"authorizer"} == real["requestContext"].keys()
    assert made["requestContext"]["http"].keys() == real["requestContext"]["http"].keys()
    for field in ("version", "routeKey", "rawPath", "rawQueryString", "body", "isBase64Encoded"):
        assert made[field] == real[field]
    assert made.get("pathParameters") == real.get("pathParameters")
    assert made["requestContext"]["time"] == "18/Nov/2026:13:06:40 +0000"
    assert made["requestContext"]["timeEpoch"] == int(NOW.timestamp() * 1000)


def test_header_names_are_in_lower_case_and_values_of_one_name_joined() -> None:
    event = event_of("/api/webhooks/test", ("X-One", "1"), ("x-one", "2"), ("Cookie", "a=1; b=2"))
    assert event["headers"]["x-one"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


def test_the_query_comes_raw_and_parsed_and_the_path_decoded() -> None:
    event = event_of("/api/webhooks/a%20b/test?x=1&x=%C3%A9&y=")
    assert event["rawQueryString"] == "x=1&x=%C3%A9&y="
    assert event["queryStringParameters"] == {"x": "1,é", "y": ""}
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/api/webhooks/a b/test"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/plain"])
def test_text_comes_as_text(content_type: str) -> None:
    event = event_of("/api/webhooks/test", ("Content-Type", content_type), body='{"a": "é"}'.encode())
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": "é"}', False)


@pytest.mark.parametrize("headers", [[], [("Content-Type", "application/x-www-form-urlencoded")]])
def test_other_types_and_none_at_all_come_in_base64(headers: list[tuple[str, str]]) -> None:
    event = event_of("/api/webhooks/test", *headers, body=b"{}")
    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"{}").decode(), True)


def test_without_a_body_there_is_no_field_body() -> None:
    event = event_of("/api/webhooks/test", body=b"")
    assert "body" not in event
    assert event["isBase64Encoded"] is False


def test_an_answer_is_written_as_the_function_gave_it() -> None:
    result = {
        "statusCode": 422,
        "headers": {"Content-Type": "application/json", "X": 1},
        "body": '{"é": 1}',
        "cookies": ["a=1"],
    }
    answer = to_answer(result)
    assert answer.status == 422
    assert answer.headers == (("content-type", "application/json"), ("x", "1"), ("set-cookie", "a=1"))
    assert answer.body == '{"é": 1}'.encode()


def test_a_body_in_base64_is_decoded() -> None:
    assert to_answer({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}).body == b"\x00\xff"


def test_nothing_but_a_status_is_an_empty_answer() -> None:
    answer = to_answer({"statusCode": 204, "headers": None, "body": None})
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(("result", "body"), [({"a": 1}, b'{"a": 1}'), (None, b"null"), ("text", b'"text"')])
def test_a_result_without_a_status_is_the_body_itself(result: object, body: bytes) -> None:
    answer = to_answer(result)
    assert (answer.status, answer.headers, answer.body) == (200, (("Content-Type", "application/json"),), body)
