"""The demo's judgement: it must notice everything that differs."""

import json
from typing import Any

import pytest

from grantwire.models import TRIGGERS
from grantwire.request_events import trigger_of
from local.demo import AWKWARD_NAME, EXPECTED, Case, cases, differences
from local.http_server import Request
from local.torq import Received

BODY = b'{"body": {"event": "New"}}'
CASE = Case(name="request_created.json", event={}, body=BODY)
RIGHT = {
    "method": "POST",
    "target": "/v1/webhooks/wh/",
    "headers": (("authorization", "Bearer t0ken"), ("Content-Type", "application/json")),
    "body": BODY,
}


def judge(*requests: dict[str, Any], case: Case = CASE, status: int = 202) -> list[str]:
    received = [Received(request=Request(**{**RIGHT, **request}), status=status) for request in requests]
    return differences(case, received, path="/v1/webhooks/wh/", token="t0ken")


def test_what_came_as_expected_has_no_differences() -> None:
    assert judge({}) == []


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"body": BODY + b"\n"}, "body"),
        ({"body": BODY.replace(b": ", b":")}, "body"),
        ({"method": "PUT"}, "PUT"),
        ({"target": "/v1/webhooks/other/"}, "/v1/webhooks/other/"),
        ({"headers": ()}, "Authorization"),
        ({"headers": (("Authorization", "Bearer wrong"),)}, "Authorization"),
        ({"headers": (("Authorization", "Bearer t0ken"),) * 2}, "Authorization"),
    ],
)
def test_whatever_differs_is_named_and_the_token_is_not(request_: dict[str, Any], word: str) -> None:
    (difference,) = judge(request_)
    assert word in difference
    assert "t0ken" not in difference


def test_none_and_two_requests_are_wrong() -> None:
    assert judge() == ["Torq received 0 requests instead of one"]
    assert judge({}, {}) == ["Torq received 2 requests instead of one"]


def test_an_answer_other_than_202_is_wrong() -> None:
    assert judge({}, status=429) == ["Torq answered with 429 instead of 202"]


@pytest.mark.parametrize(
    "body", [b'{"body": {"event": "b&lt;"}}', b"{", b"[]", b'{"body": 1}', b'{"body": {"event": "b<\n"}}']
)
def test_a_text_must_come_exactly_and_as_json(body: bytes) -> None:
    case = Case(name="a text", event={}, text="b<\n")
    assert judge({"body": b'{"body": {"event": "b<\\n"}}'}, case=case) == []
    assert len(judge({"body": body}, case=case)) == 1


def test_every_trigger_is_sent_once_and_then_the_awkward_name() -> None:
    *six, last = cases()
    assert sorted(str(trigger_of(case.event["detail-type"])) for case in six) == sorted(TRIGGERS)
    assert [case.body for case in six] == [body.encode() for body in EXPECTED.values()]
    assert last.event["detail"]["data"]["requester"]["name"] == AWKWARD_NAME  # type: ignore[index]
    assert last.event["detail"]["data"]["id"] != six[0].event["detail"]["data"]["id"]  # type: ignore[index]


def test_the_expected_bodies_are_json_for_the_right_event() -> None:
    for case in cases():
        if case.body is not None:
            text = json.loads(case.body)["body"]["event"]
            assert text == f"New Apono {case.event['detail']['event_type']} request made by Ana Lima"  # type: ignore[index]
