"""What happens in the stack, in words: pure functions from happenings and rows to lines of text."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from grantwire.configurations import header_is_always_secret
from grantwire.models import MASK
from local.api import Answered
from local.asynchronous import Handled
from local.event_source import BatchHandled
from local.http_server import Request
from local.rows import Row, plain
from local.schedule import Ran
from local.torq import Received

_INDENT: Final = "    "


def received(one: Received, *, secret: Collection[str] = ()) -> str:
    """A request that Torq received: method, path, headers, the body set out, and the answer.

    A header is masked when its name says that it holds a credential, or is in `secret`.
    """
    request = one.request
    headers = [f"{name}: {value}" for name, value in _masked(request, secret)]
    lines = [f"{request.method} {request.target}", *headers, "", *pretty(request.body).split("\n")]
    shown = [(_INDENT + printable(line)).rstrip() for line in lines]
    return "\n".join([f"Torq received, and answered with {one.status}:", *shown])


def record(one: Received, *, secret: Collection[str] = ()) -> str:
    """The same as one line of JSON, the body as it came."""
    request = one.request
    facts = {"method": request.method, "path": request.target, "headers": _masked(request, secret)}
    body = request.body.decode(errors="backslashreplace")
    return json.dumps({**facts, "body": body, "status": one.status}, ensure_ascii=False)


def handled(
    one: Handled, deliveries: Sequence[Row], dead_letters: Sequence[object], *, names: Mapping[str, str]
) -> str:
    """What dispatch made of an event: its deliveries, or why there are none. `names`: webhook id to its name."""
    what = f"dispatch took {one.event['detail-type']}"
    if one.error is not None:
        return f"{what} {one.invocations} times and raised {_error(one.error)}\n{_kept(dead_letters)}"
    if dead_letters:
        return f"{what} and cannot use it.\n{_kept(dead_letters)}"
    if not deliveries:
        return f"{what} and sent nothing: no webhook wants it, or it was sent before (same trigger, id and event_time)."
    return f"{what}. {_table(deliveries, names)}"


def redelivered(one: BatchHandled, deliveries: Sequence[Row], *, names: Mapping[str, str]) -> str:
    """What redeliver made of a batch of wake-ups: the deliveries that changed, and which wake-ups come again."""
    count = len(one.messages)
    what = f"redeliver took {count} wake-up{'s' if count > 1 else ''}"
    if one.error is not None:
        return f"{what} and raised {_error(one.error)}; {'they come' if count > 1 else 'it comes'} again."
    again = [printable(message.body) for message in one.messages if message.message_id in one.failed]
    told = _table(deliveries, names) if deliveries else "Nothing was sent: none was due."
    lines = [] if again and not deliveries else [f"{what}. {told}"]
    return "\n".join([*lines, *(f"redeliver could not handle {body}; it comes again." for body in again)])


def ran(one: Ran) -> str:
    """One line for what a schedule did: nothing when it went well, since it does so each minute."""
    return f"{one.function}, called by its schedule, raised {_error(one.error)}" if one.error else ""


def answered(one: Answered) -> str:
    """One line for a request to the API."""
    error = f", the function raised {_error(one.error)}" if one.error else ""
    return printable(f"The API answered {one.request.method} {one.request.target} with {one.status}{error}")


def delivery(row: Row) -> str:
    """One line for a row of the deliveries table."""
    facts: Mapping[str, Any] = {name: plain(value) for name, value in row.items()}
    attempts = [_attempt(number, attempt) for number, attempt in enumerate(facts.get("attempts", []), start=1)]
    reason = f" ({facts['reason']})" if facts.get("reason") else ""
    told = f"{facts.get('state', 'no state')}{reason}; {'; '.join(attempts) or 'no attempt is recorded'}"
    return printable(f"{told}{_next(facts)}")


def pretty(body: bytes) -> str:
    """A body set out: JSON with indents, other text as it is."""
    text = body.decode(errors="backslashreplace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def printable(text: str) -> str:
    """The text without anything that a terminal would obey: events are other people's words."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _masked(request: Request, secret: Collection[str]) -> list[tuple[str, str]]:
    names = {name.lower() for name in secret}
    return [
        (name, _mask(value) if header_is_always_secret(name) or name.lower() in names else value)
        for name, value in request.headers
    ]


def _mask(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space else MASK


def _error(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}")


def _table(deliveries: Sequence[Row], names: Mapping[str, str]) -> str:
    rows = [f"{_INDENT}{names[row['pk']['S']]}: {delivery(row)}" for row in deliveries]
    return "\n".join(["In the table of deliveries:", *rows])


def _next(facts: Mapping[str, Any]) -> str:
    """When a delivery that waits is due, seen from the moment of its last attempt."""
    if facts.get("state") != "waiting" or "due_at" not in facts:
        return ""
    return f"; attempt {len(facts.get('attempts', [])) + 1} in {facts['due_at'] - facts['updated_at']:.0f} s"


def _attempt(number: int, attempt: Mapping[str, Any]) -> str:
    if attempt.get("code") == "interrupted":
        return f"attempt {number}: interrupted, its sender did not come back"
    response = attempt.get("response")
    answer = f"answered with {response['status']}" if response else "no answer"
    return f"attempt {number}: {answer} after {attempt['timings'][-1]:.0f} ms"


def _kept(dead_letters: Sequence[object]) -> str:
    if not dead_letters:
        return f"{_INDENT}Nothing is in the dead-letter queue."
    return "\n".join(f"{_INDENT}In the dead-letter queue: {_reason(letter)}" for letter in dead_letters)


def _reason(letter: object) -> str:
    fields = letter if isinstance(letter, dict) else {}
    payload = fields.get("responsePayload", {})
    return printable(str(fields.get("reason") or payload.get("errorMessage") or letter))
