"""What the command line writes: tables, lines, and never a secret."""

import io
import json
from typing import Any

import pytest

from cli import MASK
from cli.following import Follower
from cli.showing import delivery_line, outcome, previewed, table
from cli.terminal import Terminal


def terminal(*secrets: str) -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    made = Terminal(out=out, err=out)
    made.hide(secrets)
    return made, out


@pytest.mark.parametrize("text", ["a s3cr3t-value b", "s3cr3t-value", "Bearer s3cr3t-value"])
def test_a_secret_is_masked_and_so_is_its_long_word(text: str) -> None:
    made, out = terminal("Bearer s3cr3t-value")
    for write in (made.say, made.complain, made.show, made.show_line):
        write(text)
    made.show({text: [text, {"a": text}]})
    assert "s3cr3t" not in out.getvalue()
    assert MASK in out.getvalue()


def test_a_secret_that_json_spells_otherwise_is_masked_too() -> None:
    made, out = terminal('a"b\\c\td')
    made.show(['a"b\\c\td'])
    assert json.loads(out.getvalue()) == [MASK]


@pytest.mark.parametrize("secret", ["", "a", "abc", MASK])
def test_what_is_too_short_to_be_one_is_left(secret: str) -> None:
    made, out = terminal(secret)
    made.say("a b c abc")
    assert out.getvalue() == "a b c abc\n"


def test_control_characters_are_spelled() -> None:
    made, out = terminal()
    made.say("a\x1b[31mb\tc\nd\x7f\x85")
    assert out.getvalue() == "a\\u001b[31mb\tc\nd\\u007f\\u0085\n"
    made.show("\x85")
    assert out.getvalue().endswith('"\\u0085"\n')


def test_a_stream_without_the_characters_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Terminal(out=stream, err=io.StringIO()).say("é \ud800")
    assert raw.getvalue() == b"\\xe9 \\ud800\n"


def test_a_table_is_as_wide_as_it_must_be() -> None:
    assert table(("A", "BC"), [("x", None), ("long", "one\ntwo")]) == "A     BC\nx\nlong  one two"


def test_a_test_is_told_from_its_sentence_to_its_tips() -> None:
    result = {
        "sentence": "Test failed: the receiver answered 200.",
        "filters": [{"field": "duration", "operator": "exists", "values": [], "found": [], "holds": False}],
        "warnings": [{"path": "body_template", "line": 1, "column": 2, "message": "is odd"}],
        "request": {"method": "POST", "url": "https://x/", "headers": [{"name": "A", "value": "b"}], "body": "{\n}"},
        "response": {"status": 200, "headers": [], "body": "", "truncated": True},
        "validators": [{"json_path": "$.a", "expected_values": ["b"], "found": ["c", "d"], "holds": True}],
        "retry": {"sentence": "Never."},
        "tips": ["Look."],
    }
    assert outcome(result).splitlines() == [
        "Test failed: the receiver answered 200.",
        *("", "Request", "  POST https://x/", "  A: b", "", "  {", "  }"),
        *("", "Response", "  200", "  (cut)"),
        *("", "Validators", "  holds  $.a must be one of b; found c, d"),
        *("", "Filters", "  fails  duration exists; found nothing"),
        *("", "Warnings", "  body_template, line 1, column 2: is odd"),
        *("", "Retry", "  Never."),
        *("", "Tips", "  - Look."),
    ]


def test_a_preview_that_fails_says_why() -> None:
    shown = previewed({"problem": "line 1: is odd", "request": None, "filters": [], "warnings": []})
    assert shown.splitlines() == ["Preview failed: line 1: is odd", "", "Request", "  nothing was sent"]


def one(number: int, state: str = "succeeded", **fields: Any) -> dict[str, Any]:
    facts = {"id": f"dlv_{number}", "event_time": f"2026-11-18T11:00:{number:02}.000000Z", "trigger": "RequestCreated"}
    return {**facts, "request_id": None, "state": state, "attempts": 1, "code": None, "reason": None} | fields


def test_a_delivery_that_waits_says_for_what() -> None:
    waiting = one(1, "waiting", reason="busy", next_attempt_at="2026-11-18T11:05:00.000000Z", parked_host=None)
    assert delivery_line(waiting) == (
        "2026-11-18T11:00:01Z  RequestCreated  waiting  1  dlv_1  busy; next 2026-11-18T11:05:00Z"
    )
    parked = one(1, "waiting", next_attempt_at=None, parked_host="hooks.torq.io")
    assert delivery_line(parked).endswith("parked: the receiver at hooks.torq.io is down")


class TestFollowing:
    def test_the_first_look_shows_the_newest_oldest_first(self) -> None:
        news = Follower(2).news(iter([one(3), one(2), one(1)]))
        assert [found["id"] for found in news] == ["dlv_2", "dlv_3"]

    def test_the_next_shows_what_is_new_or_has_changed(self) -> None:
        follower = Follower(10)
        follower.news([one(2, "waiting"), one(1)])
        assert follower.news([one(2, "waiting"), one(1)]) == []
        changed = [one(3), one(2, "waiting", attempts=2), one(1)]
        assert [found["id"] for found in follower.news(changed)] == ["dlv_2", "dlv_3"]
        assert [found["id"] for found in follower.news([one(3), one(2), one(1)])] == ["dlv_2"]

    def test_one_that_waits_is_looked_for_behind_the_newest(self) -> None:
        follower = Follower(1)
        follower.news([one(1, "waiting")])
        newer = [one(9), one(8), one(7)]
        assert [found["id"] for found in follower.news([*newer, one(1), one(0)])] == [
            "dlv_1",
            "dlv_7",
            "dlv_8",
            "dlv_9",
        ]
        assert follower.news([one(9), one(8), one(7), one(1), one(0)]) == []

    def test_a_look_has_an_end(self) -> None:
        follower = Follower(1)
        follower.news([one(0, "waiting")])
        assert len(follower.news(one(5, id=f"dlv_x{number}") for number in range(10_000))) == 500
