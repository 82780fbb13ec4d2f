"""What `make run` prints and records."""

import io
import json
import zlib
from typing import Any

import pytest

from local import show
from local.api import Answered
from local.asynchronous import Handled
from local.event_source import BatchHandled, SourceMessage
from local.http_server import Request
from local.rows import plain
from local.schedule import Ran
from local.terminal import Terminal
from local.torq import Received

EVENT = {"detail-type": "RequestCreated"}
NAMES = {"wh_1": "Torq"}


def received(*headers: tuple[str, str], body: bytes = b'{"a": "\xc3\xa9"}') -> Received:
    return Received(request=Request(method="POST", target="/v1/webhooks/wh/", headers=headers, body=body), status=202)


def row(**attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": "wh_1"}, "sk": {"S": "2026#evt"}, "state": {"S": "succeeded"}, **attributes}


def attempt(**fields: object) -> dict[str, bytes]:
    return {"B": zlib.compress(json.dumps({"timings": [None, 1, 2, 3, 12.6], **fields}).encode())}


def test_a_request_is_shown_with_method_path_headers_and_a_body_set_out() -> None:
    shown = show.received(
        received(("Authorization", "Bearer t0ken"), ("X-Key", "k3y"), ("X-Plain", "p")), secret=["x-key"]
    )
    assert shown == "\n".join(
        [
            "Torq received, and answered with 202:",
            "    POST /v1/webhooks/wh/",
            "    Authorization: Bearer ••••",
            "    X-Key: ••••",
            "    X-Plain: p",
            "",
            "    {",
            '      "a": "é"',
            "    }",
        ]
    )


def test_no_secret_is_in_the_record() -> None:
    line = show.record(received(("authorization", "Basic t0ken"), ("X-Api-Key", "k3y")))
    assert json.loads(line) == {
        "method": "POST",
        "path": "/v1/webhooks/wh/",
        "headers": [["authorization", "Basic ••••"], ["X-Api-Key", "••••"]],
        "body": '{"a": "é"}',
        "status": 202,
    }


def test_nothing_that_came_can_command_the_terminal() -> None:
    shown = show.received(received(("X", "a\x1b[2Jb"), body=b"not JSON \x1b]0;title\x07 \xff"))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert r"a\x1b[2Jb" in shown


def test_a_delivery_is_shown_with_its_state_and_attempts() -> None:
    rows = [row(reason={"S": "the receiver answered 202"}, attempts={"L": [attempt(response={"status": 202})]})]
    assert show.handled(Handled(event=EVENT, invocations=1, error=None), rows, [], names=NAMES) == (
        "dispatch took RequestCreated. In the table of deliveries:\n"
        "    Torq: succeeded (the receiver answered 202); attempt 1: answered with 202 after 13 ms"
    )


def test_an_attempt_without_an_answer_and_none_at_all_are_shown() -> None:
    assert show.delivery(row(attempts={"L": [attempt(response=None)]})) == "succeeded; attempt 1: no answer after 13 ms"
    assert show.delivery(row()) == "succeeded; no attempt is recorded"


def test_an_interrupted_attempt_is_shown_without_a_time_that_nobody_knows() -> None:
    interrupted = {"B": zlib.compress(json.dumps({"code": "interrupted", "number": 1}).encode())}
    shown = show.delivery(row(attempts={"L": [interrupted, attempt(response={"status": 202})]}))
    assert "attempt 1: interrupted, its sender did not come back; attempt 2: answered with 202" in shown


def test_a_delivery_that_waits_says_when_it_goes_on() -> None:
    times = {"due_at": {"N": "1024.4"}, "updated_at": {"N": "1000.0"}}
    waiting = row(state={"S": "waiting"}, attempts={"L": [attempt(response={"status": 503})]}, **times)
    assert show.delivery(waiting) == "waiting; attempt 1: answered with 503 after 13 ms; attempt 2 in 24 s"
    assert "attempt 2" not in show.delivery(waiting | {"state": {"S": "failed"}})
    del waiting["due_at"]
    assert "attempt 2" not in show.delivery(waiting)


def batch(*bodies: str, failed: tuple[str, ...] = (), error: Exception | None = None) -> BatchHandled:
    messages = [SourceMessage(message_id=f"id of {body}", receipt="r", body=body, md5="m") for body in bodies]
    return BatchHandled(messages=messages, failed=frozenset(f"id of {body}" for body in failed), error=error)


def test_a_batch_of_wake_ups_is_shown_with_the_deliveries_that_changed() -> None:
    rows = [row(attempts={"L": [attempt(response={"status": 202})]})]
    assert show.redelivered(batch("a"), rows, names=NAMES) == (
        "redeliver took 1 wake-up. In the table of deliveries:\n"
        "    Torq: succeeded; attempt 1: answered with 202 after 13 ms"
    )
    assert show.redelivered(batch("a", "b"), [], names=NAMES) == (
        "redeliver took 2 wake-ups. Nothing was sent: none was due."
    )


def test_wake_ups_that_come_again_are_shown() -> None:
    assert show.redelivered(batch("a", "b\x1b", failed=("b\x1b",)), [row()], names=NAMES).endswith(
        "\nredeliver could not handle b\\x1b; it comes again."
    )
    assert show.redelivered(batch("b", failed=("b",)), [], names=NAMES) == (
        "redeliver could not handle b; it comes again."
    )
    raised = batch("a", "b", failed=("a", "b"), error=RuntimeError("x"))
    assert show.redelivered(raised, [], names=NAMES) == (
        "redeliver took 2 wake-ups and raised RuntimeError: x; they come again."
    )


def test_a_schedule_is_told_of_only_when_its_function_raised() -> None:
    assert show.ran(Ran(function="SweepFunction", error=None)) == ""
    told = show.ran(Ran(function="SweepFunction", error=RuntimeError("x")))
    assert told == "SweepFunction, called by its schedule, raised RuntimeError: x"


def test_an_event_that_nobody_wants_is_explained() -> None:
    shown = show.handled(Handled(event=EVENT, invocations=1, error=None), [], [], names=NAMES)
    assert "sent nothing" in shown
    assert "sent before" in shown


def test_an_event_that_was_given_up_is_shown_with_its_error_and_dead_letter() -> None:
    handled = Handled(event=EVENT, invocations=3, error=RuntimeError("out of\norder"))
    shown = show.handled(handled, [], [{"responsePayload": {"errorMessage": "out of order"}}], names=NAMES)
    assert shown.split("\n") == [
        r"dispatch took RequestCreated 3 times and raised RuntimeError: out of\norder",
        "    In the dead-letter queue: out of order",
    ]
    assert "Nothing is in the dead-letter queue" in show.handled(handled, [], [], names=NAMES)


def test_an_event_that_cannot_be_used_is_shown_with_its_reason() -> None:
    letters: list[object] = [{"reason": "'detail.data' is missing", "event": {}}]
    shown = show.handled(Handled(event=EVENT, invocations=1, error=None), [], letters, names=NAMES)
    assert shown.endswith("    In the dead-letter queue: 'detail.data' is missing")


def test_an_answer_of_the_api_is_one_line() -> None:
    request = Request(method="POST", target="/api/webhooks/test", headers=(), body=b"")
    assert show.answered(Answered(request=request, status=200)) == "The API answered POST /api/webhooks/test with 200"
    failed = Answered(request=request, status=500, error=RuntimeError("x"))
    assert show.answered(failed).endswith("with 500, the function raised RuntimeError: x")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ({"S": "text"}, "text"),
        ({"N": "1.5"}, 1.5),
        ({"BOOL": True}, True),
        ({"NULL": True}, True),
        ({"L": [{"N": "1"}, {"M": {"a": {"S": "b"}}}]}, [1, {"a": "b"}]),
        ({"B": zlib.compress(b'{"a": 1}')}, {"a": 1}),
        ({"B": b"\x00\x01"}, "<2 bytes>"),
        ({"B": zlib.compress(b"not JSON")}, "<16 bytes>"),
    ],
)
def test_attributes_are_read(attribute: dict[str, Any], value: object) -> None:
    assert plain(attribute) == value


def test_a_terminal_without_the_letters_shows_escapes() -> None:
    raw = io.BytesIO()
    terminal = Terminal.on(io.TextIOWrapper(raw, encoding="ascii"))
    with terminal.step("mask •"):
        pass
    terminal.say("é")
    assert raw.getvalue().decode() == "  mask \\u2022 ... 0.0 s\n\\xe9\n"


def test_a_step_that_fails_ends_its_line() -> None:
    stream = io.StringIO()
    with pytest.raises(RuntimeError), Terminal(stream).step("what fails"):
        raise RuntimeError
    assert stream.getvalue() == "  what fails ... \n"
